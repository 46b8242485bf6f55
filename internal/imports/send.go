package imports

import (
	"context"
	"errors"
	"io"
	"time"
)

// ErrChanged says that a file is not what it was when it was checked.
var ErrChanged = errors.New("the file was changed meanwhile")

// Batch is how a file is sent.
type Batch struct {
	Skip int // rows that the stream has already
	Size int // rows to send at a time; of no more it is held in memory

	// Publish returns nil once the stream has all of the rows, which it may have had before.
	Publish func(ctx context.Context, rows []Row) error
	// Sent is told how many rows of the file the stream has, after each batch. Its error ends the sending.
	Sent func(rows int) error
}

// Send reads a file once more, which Check found to be as it should be, and has its rows published in their order. When
// the context ends it stops between two batches. Errors: ErrChanged, that of publishing, of Sent, of reading, the
// context's.
func Send(ctx context.Context, from io.Reader, kind Kind, fill Fill, now time.Time, checked Report, b Batch) error {
	rows := make([]Row, 0, b.Size)
	read, sum := 0, ""
	flush := func() error {
		if len(rows) == 0 {
			return nil
		}
		// What is on its way had better arrive, and be noted: the publisher bounds for how long it waits.
		if err := b.Publish(context.WithoutCancel(ctx), rows); err != nil {
			return err
		}
		rows = rows[:0]
		return b.Sent(read)
	}
	err := eachRow(ctx, from, kind, fill, now, func(row *Row, _ []Problem) error {
		if row == nil {
			return ErrChanged
		}
		if read++; read <= b.Skip {
			return nil
		}
		if rows = append(rows, *row); len(rows) < b.Size {
			return nil
		}
		return flush()
	}, func(digest string) { sum = digest })
	if err == nil {
		err = flush()
	}
	if err == nil && (sum != checked.SHA256 || read != checked.Rows) {
		err = ErrChanged
	}
	return err
}

package imports

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"time"
)

// maxProblems is how many problems are kept. Of the others it is only said how many there are.
const maxProblems = 50

// Report is what a file looks like before anything of it is sent.
type Report struct {
	Rows     int       // that are as they should be
	Problems []Problem // in the order of the file, the first fifty
	More     int       // problems beside them
	SHA256   string    // of the file, in hexadecimal; only where nothing is wrong with it
}

// Check reads a whole file. Now and then it says how many rows it has read. Errors: those of reading, the context's.
func Check(ctx context.Context, from io.Reader, kind Kind, fill Fill, now time.Time, show func(rows int)) (Report, error) {
	var report Report
	err := eachRow(ctx, from, kind, fill, now, func(row *Row, problems []Problem) error {
		if row != nil {
			if report.Rows++; report.Rows%showEvery == 0 {
				show(report.Rows)
			}
		}
		report.note(problems)
		return nil
	}, func(sum string) { report.SHA256 = sum })
	if len(report.Problems) > 0 {
		report.SHA256 = ""
	}
	return report, err
}

// showEvery is after how many rows it is said how far it is.
const showEvery = 1000

func (r *Report) note(problems []Problem) {
	room := min(maxProblems-len(r.Problems), len(problems))
	r.Problems = append(r.Problems, problems[:room]...)
	r.More += len(problems) - room
}

// eachRow gives every row of a file, or what is wrong with it, and the digest of a file that was read to its end.
func eachRow(
	ctx context.Context, from io.Reader, kind Kind, fill Fill, now time.Time, use func(*Row, []Problem) error, done func(sum string),
) error {
	digest := sha256.New()
	r, err := NewReader(io.TeeReader(from, digest), kind, fill, now)
	if bad, ok := errors.AsType[*HeaderError](err); ok {
		return use(nil, bad.Problems)
	}
	for err == nil {
		if err = ctx.Err(); err != nil {
			return err
		}
		var row Row
		var problems []Problem
		row, problems, err = r.Next()
		switch {
		case len(problems) > 0:
			err = errors.Join(use(nil, problems), err)
		case err == nil:
			err = use(&row, nil)
		}
	}
	if errors.Is(err, io.EOF) {
		done(hexOf(digest))
		return nil
	}
	return err
}

func hexOf(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

// Check says what is wrong with what rows of a kind are filled with; empty for nothing. Each problem is named by its column.
func (f Fill) Check(kind Kind, now time.Time) []Problem {
	d := newDraft(&Reader{kind: kind, fill: f, now: now})
	for i := range kind.columns {
		c := &kind.columns[i]
		d.fillIn(c)
		if c.instead != "" && f.of(c) == "" {
			d.data[c.name] = c.instead
		}
	}
	if d.at == "" {
		d.at = anyTime
	}
	d.read()
	return d.problems
}

// anyTime is one that is never wrong.
const anyTime = "2000-01-01T00:00:00Z"

// MessageType is the content type of the events.
const MessageType = "application/cloudevents+json"

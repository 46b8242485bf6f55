package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/plusone-dev/plusone/internal/imports"
	"github.com/plusone-dev/plusone/internal/ops"
	"github.com/plusone-dev/plusone/internal/stream"
)

// send publishes what was checked, from where an earlier import has left off.
func (i *importer) send(ctx context.Context, checked imports.Report) error {
	progress, err := i.progress(checked)
	if err != nil {
		return err
	}
	to, err := i.connect(ctx)
	if err != nil {
		return err
	}
	defer to.nc.Close()
	if err := progress.Save(i.State); err != nil { // who can not note it shall not begin
		return fmt.Errorf("how far the import has come can not be noted: %w; name another place with --state", err)
	}
	show, hide := importProgress(i.std.err, "sending", checked.Rows)
	err = imports.Send(ctx, i.file, i.kind, i.fill, i.began, checked, imports.Batch{
		Skip: progress.Sent, Size: i.InFlight, Publish: to.publish,
		Sent: func(rows int) error {
			progress.Sent, i.out.Sent = rows, rows
			show(rows)
			return progress.Save(i.State)
		},
	})
	hide()
	if err != nil {
		return i.stopped(ctx, err)
	}
	i.out.Done = true
	return os.Remove(i.State)
}

// progress is where to begin.
func (i *importer) progress(checked imports.Report) (imports.Progress, error) {
	progress := imports.NewProgress(i.kind, i.fill, checked)
	earlier, err := imports.LoadProgress(i.State)
	switch {
	case err != nil:
		return progress, err
	case i.Resume && earlier == nil:
		return progress, fmt.Errorf("there is nothing to resume: %s is not there. An import that was completed leaves none", i.State)
	case i.Resume:
		if err := earlier.Resumes(progress); err != nil {
			return progress, fmt.Errorf("the import can not be resumed: %w", err)
		}
		progress = *earlier
	case earlier != nil && earlier.Resumes(progress) == nil:
		fmt.Fprintf(i.std.err, "An earlier import of %s came to %d of %d rows; this one begins anew. With --resume it would go on there.\n",
			i.File, earlier.Sent, earlier.Rows)
	}
	i.out.Resumed, i.out.Sent = progress.Sent, progress.Sent
	return progress, nil
}

// stopped says how far it has come, and how it goes on.
func (i *importer) stopped(ctx context.Context, err error) error {
	far := fmt.Sprintf("the stream has %d of %d rows; with --resume the import goes on there", i.out.Sent, i.out.Rows)
	switch {
	case errors.Is(err, imports.ErrChanged):
		return fmt.Errorf("%s: %w, and the rest was not sent. The stream has %d of the rows that it had", i.File, err, i.out.Sent)
	case errors.Is(err, stream.ErrFull):
		return fmt.Errorf("the stream is full: let the worker catch up, or give it more room (%w)\n%s", err, far)
	}
	return interrupted(ctx, err, far)
}

// interrupted says how far it has come when somebody did not want to wait, or anything else went wrong.
func interrupted(ctx context.Context, err error, far string) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return fmt.Errorf("interrupted: %s", far)
	}
	return fmt.Errorf("%w\n%s", err, far)
}

// importPatience is for how long a stream that does not answer is asked again: one with a new leader takes seconds.
const importPatience = 30 * time.Second

// importPublisher has the stream take rows.
type importPublisher struct {
	nc      *nats.Conn
	js      jetstream.JetStream
	grouped *stream.Publisher
	single  *stream.Publisher
	end     context.Context //nolint:containedctx // of the command: what is on its way is waited for, but not tried again, once it has ended
}

func (i *importer) connect(ctx context.Context) (*importPublisher, error) {
	log, err := ops.NewLogger(i.std.err, "error", "auto")
	if err != nil {
		return nil, err
	}
	nc, err := stream.Connect(i.NATSURL, "plusone import", log, i.options()...)
	if err != nil {
		if i.Data != "" { // it was killed, and could not take its state away
			return nil, notRunning(i.Data)
		}
		return nil, err
	}
	p := &importPublisher{nc: nc, end: ctx}
	if p.js, err = jetstream.New(nc); err == nil {
		// Whether the server flushes before each acknowledgement is not known here; where it does, rows share the flush.
		p.grouped, err = stream.NewPublisher(nc, stream.PublisherOptions{Grouped: true})
	}
	if err == nil {
		p.single, err = stream.NewPublisher(nc, stream.PublisherOptions{})
	}
	if err != nil {
		nc.Close()
		return nil, err
	}
	return p, nil
}

// begin publishes the first row of a batch, and says how best to publish the others: where the stream has just had that
// one, it has most likely had them all. It answers for each of those at once, and would refuse a group with one in it.
func (p *importPublisher) begin(ctx context.Context, batch []stream.Msg) (with *stream.Publisher, others []stream.Msg) {
	ctx, cancel := context.WithTimeout(ctx, importAckWait)
	defer cancel()
	first := nats.NewMsg(batch[0].Subject)
	first.Data = batch[0].Data
	for name, value := range batch[0].Header {
		first.Header.Set(name, value)
	}
	ack, err := p.js.PublishMsg(ctx, first, jetstream.WithMsgID(batch[0].ID))
	switch {
	case err != nil: // it is among those that are tried, and tried again
		return p.single, batch
	case ack.Duplicate:
		return p.single, batch[1:]
	}
	return p.grouped, batch[1:]
}

// importAckWait is how long one acknowledgement may take.
const importAckWait = 5 * time.Second

// publish returns nil once the stream has all of the rows. One that does not answer is asked again for a while: the
// events are the same, so it has each once.
func (p *importPublisher) publish(ctx context.Context, rows []imports.Row) error {
	msgs := make([]stream.Msg, len(rows))
	for n, row := range rows {
		msgs[n] = stream.Msg{
			Subject: stream.InPrefix + row.Type, ID: row.Key, Data: row.Data,
			Header: map[string]string{"Content-Type": imports.MessageType},
		}
	}
	began := time.Now()
	pub, others := p.begin(ctx, msgs)
	for {
		err := pub.PublishBatch(ctx, others)
		if said := p.nc.LastError(); err != nil && errors.Is(said, nats.ErrPermissionViolation) {
			return fmt.Errorf("%w: connect as the user tools (%w)", stream.ErrForbidden, said)
		}
		if !errors.Is(err, stream.ErrUnavailable) || time.Since(began) >= importPatience {
			return err
		}
		select {
		case <-p.end.Done():
			return err
		case <-time.After(time.Second):
			pub, others = p.begin(ctx, msgs)
		}
	}
}

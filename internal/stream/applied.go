package stream

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// Applied says up to which message of PLUSONE_IN the worker has answered for all, and which was the last that was published.
// Messages that were removed from the stream may have the last one be taken for an earlier one.
// Errors: ErrUnavailable, ErrForbidden.
func (l *Letters) Applied(ctx context.Context) (upTo, last uint64, err error) {
	info, err := l.worker(ctx)
	if err != nil {
		return 0, 0, err
	}
	last = info.Delivered.Stream + info.NumPending
	if info.NumPending == 0 && info.NumAckPending == 0 {
		return last, last, nil
	}
	return info.AckFloor.Stream, last, nil
}

// worker is what the server says of the worker's consumer.
func (l *Letters) worker(ctx context.Context) (info *jetstream.ConsumerInfo, err error) {
	err = unlessRefused(ctx, l.js.Conn(), request{"CONSUMER.INFO.", In, adviseUser}, func(ctx context.Context) error {
		consumer, err := l.js.Consumer(ctx, In, DefaultConsumer)
		if err == nil {
			info = consumer.CachedInfo()
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("stream: consumer %s of %s: %w", DefaultConsumer, In, classify(err))
	}
	return info, nil
}

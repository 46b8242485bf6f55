package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/plusone-dev/plusone/internal/ops"
	"github.com/plusone-dev/plusone/internal/stream"
)

// streamsCommand makes the streams, for roles that may not.
type streamsCommand struct {
	natsFlags

	Wait time.Duration `default:"1m" help:"How long to try, when most of a cluster's servers are not there yet (default ${default})."`
}

// Run makes the streams, or brings them to what they must be, and says what it did.
func (c *streamsCommand) Run(ctx context.Context, std streams) error {
	if err := refuse(c.problems()); err != nil {
		return err
	}
	log, err := ops.NewLogger(std.err, "warn", "auto")
	if err != nil {
		return err
	}
	nc, err := stream.Connect(c.NATSURL, "plusone streams", log, c.options()...)
	if err != nil {
		return err
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	done := 0
	err = c.ensure(ctx, js, log, stream.Config{Replicas: c.Replicas, Changed: func(name, changes string) {
		done++
		if changes == "" {
			fmt.Fprintln(std.out, "made", name)
		} else {
			fmt.Fprintln(std.out, "changed", name+":", changes)
		}
	}})
	if err == nil && done == 0 {
		fmt.Fprintln(std.out, "the streams are as they should be")
	}
	return err
}

// tryFor is how long one attempt may take. Servers that have no leader yet do not answer at all: who waits for them asks again.
const tryFor = 5 * time.Second

// ensure tries again what may pass.
func (c *streamsCommand) ensure(ctx context.Context, js jetstream.JetStream, log *slog.Logger, cfg stream.Config) error {
	ctx, cancel := context.WithTimeout(ctx, c.Wait)
	defer cancel()
	wait := stream.Backoff{Min: 100 * time.Millisecond, Max: 2 * time.Second}
	for n := 0; ; n++ {
		try, stop := context.WithTimeout(ctx, tryFor)
		err := stream.Ensure(try, js, cfg)
		stop()
		if err == nil || !errors.Is(err, stream.ErrUnavailable) {
			return err
		}
		log.Warn("the streams can not be made yet; trying again", "error", err)
		select {
		case <-ctx.Done():
			return fmt.Errorf("not within %s: %w", c.Wait, err)
		case <-time.After(wait.Delay(n)):
		}
	}
}

package stream

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// ensureWait is how long one attempt to look at the streams, or to make them, may take.
const ensureWait = 10 * time.Second

// Keep makes the streams as Ensure does, as often as it takes, and then looks every so often whether they are still
// there, until the context ends: those that are gone (somebody deleted them, the server came back with an empty disk)
// are made anew. Those that are there it does not touch again: two processes that were told different things must not
// take turns in changing them.
func Keep(ctx context.Context, js jetstream.JetStream, c Config, every time.Duration) {
	c.Logger = orDiscard(c.Logger)
	ensureUntilDone(ctx, js, c)
	for ctx.Err() == nil {
		if gone := look(ctx, js, c.Metrics); gone != "" {
			c.Logger.LogAttrs(ctx, slog.LevelError, "a stream is gone, with what was in it; making it anew", slog.String("stream", gone))
			ensureUntilDone(ctx, js, c)
		}
		sleep(ctx, every)
	}
}

func ensureUntilDone(ctx context.Context, js jetstream.JetStream, c Config) {
	wait := Backoff{Min: 100 * time.Millisecond, Max: 5 * time.Second}
	for n := 0; ; n++ {
		try, cancel := context.WithTimeout(ctx, ensureWait)
		err := Ensure(try, js, c)
		cancel()
		if err == nil || ctx.Err() != nil {
			return
		}
		c.Logger.LogAttrs(ctx, slog.LevelWarn, "the streams can not be made yet; trying again", slog.Any("error", err))
		if !sleep(ctx, wait.Delay(n)) {
			return
		}
	}
}

// look shows what the streams hold, and names one that the server says it does not have. Without an answer none is
// missing.
func look(ctx context.Context, js jetstream.JetStream, metrics *StoreMetrics) (missing string) {
	ctx, cancel := context.WithTimeout(ctx, ensureWait)
	defer cancel()
	for _, name := range []string{In, Out, Dead} {
		s, err := js.Stream(ctx, name)
		if err != nil {
			metrics.show(name, nil)
		} else {
			metrics.show(name, s.CachedInfo())
		}
		if missing == "" && errors.Is(err, jetstream.ErrStreamNotFound) {
			missing = name
		}
	}
	return missing
}

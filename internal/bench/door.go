package main

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/plusone-dev/plusone/internal/stream"
)

// The names of what is measured at the door.
const (
	nameDoor64  = "door 64"
	nameDoor256 = "door 256"
	nameYes64   = "net/http 64"
	nameYes256  = "net/http 256"
)

// measureDoor measures the ingress, which answers 200 when the event is on the disk, against a server that answers 200.
func (w *world) measureDoor(ctx context.Context) (series, error) {
	fmt.Fprintln(w.progress, "the door")
	door, err := w.startRole(ctx, "ingress")
	if err != nil {
		return nil, err
	}
	defer door.stop()
	yes, err := startServer(beHTTP)
	if err != nil {
		return nil, err
	}
	defer yes.stop()
	var ids atomic.Int64
	var taken int64
	at := func(base string, connections int) func(context.Context) (float64, error) {
		return func(ctx context.Context) (float64, error) {
			return hammer(ctx, base, connections, time.Duration(w.o.seconds)*time.Second, &ids)
		}
	}
	counted := func(measure func(context.Context) (float64, error)) func(context.Context) (float64, error) {
		return func(ctx context.Context) (float64, error) {
			before := ids.Load()
			rate, err := measure(ctx)
			taken += ids.Load() - before
			return rate, err
		}
	}
	prepare := func(ctx context.Context) error {
		taken = 0
		in, err := w.js.Stream(ctx, stream.In)
		if err != nil {
			return err
		}
		return in.Purge(ctx)
	}
	return w.turns(ctx, prepare, func(ctx context.Context) error { return w.mustHold(ctx, taken) }, []measurement{
		{nameDoor64, counted(at(door.public, 64)), ""},
		{nameYes64, at(yes.url, 64), ""},
		{nameDoor256, counted(at(door.public, 256)), ""},
		{nameYes256, at(yes.url, 256), ""},
	})
}

// mustHold fails unless everything that was answered is on the stream.
func (w *world) mustHold(ctx context.Context, taken int64) error {
	in, err := w.js.Stream(ctx, stream.In)
	if err != nil {
		return err
	}
	if n := in.CachedInfo().State.Msgs; n != uint64(taken) {
		return fmt.Errorf("%w: %d events were answered 200, and the stream has %d", errMissing, taken, n)
	}
	return nil
}

// roleEnv is what the roles need to know here.
func (w *world) roleEnv() []string {
	return append(os.Environ(),
		"NATS_URL="+w.natsURL, "DATABASE_URL="+w.dsn, "PLUSONE_HASH_KEY="+hashKey, "STRIPE_WEBHOOK_SECRET="+webhookSecret,
		"PLUSONE_STRIPE_MODE=test", "PLUSONE_LOG_LEVEL=warn", "PLUSONE_EVENTS_TOKEN=a-token-for-nobody-at-all",
		"PLUSONE_API_TOKEN=a-token-for-nobody-at-all", "PLUSONE_USER_JWT_SECRET="+userSecret, "PLUSONE_TRUSTED_PROXIES=127.0.0.1/32")
}

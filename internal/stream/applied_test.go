package stream

import (
	"context"
	"testing"
)

func TestAppliedIsHowFarTheWorkerHasCome(t *testing.T) {
	_, nc := newStreams(t)
	l, err := NewLetters(nc)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.Applied(t.Context()); err == nil {
		t.Error("there is no worker, and no error")
	}
	publishN(t, nc, 3)
	hold := make(chan struct{})
	run := consume(t, quick(nc), func(context.Context, []*Message) error { <-hold; return nil })
	eventually(t, "three are on their way", func() bool {
		upTo, last, err := l.Applied(t.Context())
		return err == nil && upTo == 0 && last == 3
	})
	close(hold)
	eventually(t, "all are applied", func() bool {
		upTo, last, err := l.Applied(t.Context())
		return err == nil && upTo == 3 && last == 3
	})
	run.end()
	publishes(t, nc, "plusone.in.user.registered")
	if upTo, last, err := l.Applied(t.Context()); err != nil || upTo != 3 || last != 4 {
		t.Errorf("up to %d of %d, %v", upTo, last, err)
	}
}

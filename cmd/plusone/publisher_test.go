package main

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/plusone-dev/plusone/internal/stream"
	"github.com/plusone-dev/plusone/internal/testkit"
)

// fakeStream takes so long, and answers so.
type fakeStream struct {
	clock  *time.Time
	takes  time.Duration
	answer error
}

func (f *fakeStream) Publish(context.Context, string, string, map[string]string, []byte) error {
	*f.clock = f.clock.Add(f.takes)
	return f.answer
}

func TestADoorWhoseStreamTakesNothingIsNotReady(t *testing.T) {
	full := fmt.Errorf("%w: disk", stream.ErrFull)
	clock := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	fake := &fakeStream{clock: &clock}
	p := &watchedPublisher{to: fake, now: func() time.Time { return clock }}
	mustBe := func(ready bool, when string) {
		t.Helper()
		if err := p.Check(t.Context()); (err == nil) != ready {
			t.Errorf("%s: %v", when, err)
		}
	}
	publish := func(answer error) {
		t.Helper()
		fake.answer = answer
		if err := p.Publish(t.Context(), "s", "id", nil, nil); err != answer { //nolint:errorlint // the very one
			t.Errorf("it returns %v", err)
		}
	}
	mustBe(true, "before anything")
	publish(stream.ErrTooLarge)
	publish(context.Canceled)
	mustBe(true, "after what is not the stream's fault")
	publish(full)
	mustBe(false, "after a failure")
	publish(stream.ErrTooLarge)
	mustBe(false, "after another that says nothing of the stream")
	publish(nil)
	mustBe(true, "after a success")

	publish(stream.ErrUnavailable)
	clock = clock.Add(9 * time.Second)
	mustBe(false, "nine seconds after a failure")
	publish(full)
	clock = clock.Add(9 * time.Second)
	mustBe(false, "nine seconds after the next")
	clock = clock.Add(time.Second)
	mustBe(true, "when nobody has tried for ten seconds")
	publish(full)
	mustBe(false, "when somebody tried, and failed")

	fake.takes = 5 * time.Second
	began := clock
	publish(nil)
	p.note(began, full) // as a second caller that began with the first, and waited longer
	mustBe(true, "when another was taken meanwhile")
}

func TestADoorIsReadyByItsPublisher(t *testing.T) {
	h := newTestHost(t)
	nc, err := stream.Connect(testkit.NATS(t), "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	pub, err := h.doorPublisher(nc, durabilityFlags{Durability: onDisk})
	if err != nil {
		t.Fatal(err)
	}
	if failed := h.health.Ready(t.Context()); len(failed) != 0 {
		t.Errorf("failed: %v", failed)
	}
	nc.Close()
	if err := pub.Publish(t.Context(), "plusone.in.user.registered", "1", nil, nil); err == nil {
		t.Error("a closed connection took it")
	}
	if failed := h.health.Ready(t.Context()); len(failed) != 1 || failed[0] != "publishing" {
		t.Errorf("failed: %v", failed)
	}
}

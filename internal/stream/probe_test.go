package stream

import (
	"errors"
	"testing"
	"time"
)

func TestCheckReachesTheStream(t *testing.T) {
	s := newServer(t)
	nc := s.connect()
	p, err := NewProbe(nc, "", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Check(t.Context()); err == nil {
		t.Error("it passes without a stream")
	}
	if err := Ensure(t.Context(), jetStream(t, nc), Config{}); err != nil {
		t.Fatal(err)
	}
	if err := p.Check(t.Context()); err != nil {
		t.Error(err)
	}
	s.stop()
	eventually(t, "the connection is lost", func() bool { return !nc.IsConnected() })
	if err := p.Check(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("without a server the error is %v", err)
	}
}

func TestLagWithoutAConsumerIsAnError(t *testing.T) {
	_, nc := newStreams(t)
	p, err := NewProbe(nc, "", "nobody")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Lag(t.Context()); err == nil {
		t.Error("it was measured")
	}
}

func TestBackoffGrowsWithinItsBounds(t *testing.T) {
	b := Backoff{100 * time.Millisecond, 30 * time.Second}
	for n, most := range map[int]time.Duration{0: 100 * time.Millisecond, 3: 800 * time.Millisecond, 9: 30 * time.Second, 1 << 40: 30 * time.Second} {
		for range 50 {
			if d := b.Delay(n); d < most/2 || d > most {
				t.Errorf("after %d the delay is %s, not between %s and %s", n, d, most/2, most)
			}
		}
	}
}

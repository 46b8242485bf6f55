package stream

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// TestAnOutageOfAnyLengthKillsNothing: everything that counts is set to run out during it.
func TestAnOutageOfAnyLengthKillsNothing(t *testing.T) {
	_, nc := newStreams(t)
	publishN(t, nc, 600)
	done, reg := newWork(), prometheus.NewRegistry()
	var away atomic.Bool
	away.Store(true)
	var asked, calls, redelivered atomic.Int64
	o := quick(nc)
	o.Metrics = NewMetrics(reg)
	o.MaxFaults, o.AckWait = 1, 200*time.Millisecond
	o.Ready = func(context.Context) error {
		asked.Add(1)
		// Every fifth time it lies, so that batches are tried, and fail, again and again.
		if away.Load() && asked.Load()%5 != 0 {
			return errAway
		}
		return nil
	}
	run := consume(t, o, func(_ context.Context, batch []*Message) error {
		calls.Add(1)
		if away.Load() {
			return fmt.Errorf("begin: %w", errAway)
		}
		for _, m := range batch {
			redelivered.Store(max(redelivered.Load(), int64(m.Delivered)))
		}
		done.commit(batch)
		return nil
	})
	eventually(t, "it pauses", func() bool { return metric(t, reg, "plusone_stream_paused", "") == 1 })
	eventually(t, "the outage outlasts all limits", func() bool { return asked.Load() > 50 })
	if n := calls.Load(); n > asked.Load() {
		t.Errorf("%d batches were tried while Ready was asked %d times: pulling did not pause", n, asked.Load())
	}
	away.Store(false)
	eventually(t, "all are acknowledged", allAnswered(t, nc))
	run.end()
	done.exactlyOnce(t, 600)
	if n := len(letters(t, nc)); n != 0 {
		t.Errorf("%d dead letters", n)
	}
	if n := metric(t, reg, "plusone_stream_paused", ""); n != 0 {
		t.Errorf("paused shows %v", n)
	}
	if redelivered.Load() < 5 {
		t.Errorf("no message was delivered more than %d times: the test proves little", redelivered.Load())
	}
}

// TestAPausedWorkerGivesAwayWhatItHolds: its link to the database is cut, another's is not.
func TestAPausedWorkerGivesAwayWhatItHolds(t *testing.T) {
	s, nc := newStreams(t)
	publishN(t, nc, 100)
	cut := quick(s.connect())
	cut.MaxBatch, cut.AckWait = 10, 10*time.Minute
	cut.Ready = func(context.Context) error { return errAway }
	paused := make(chan struct{}, 100)
	first := consume(t, cut, func(context.Context, []*Message) error { paused <- struct{}{}; return errAway })
	<-paused
	done := newWork()
	o := quick(s.connect())
	o.AckWait = cut.AckWait
	second := consume(t, o, func(_ context.Context, batch []*Message) error { done.commit(batch); return nil })
	eventually(t, "the other does all the work", allAnswered(t, nc))
	done.exactlyOnce(t, 100)
	first.end()
	second.end()
}

// TestAFaultDuringABisectionThatTurnsIntoAnOutage: the half that meets the outage is not blamed.
func TestAFaultDuringABisectionThatTurnsIntoAnOutage(t *testing.T) {
	_, nc := newStreams(t)
	publishN(t, nc, 64)
	done := newWork()
	var calls atomic.Int64
	o := quick(nc)
	o.MaxFaults, o.Concurrency = 1, 1
	run := consume(t, o, func(_ context.Context, batch []*Message) error {
		switch n := calls.Add(1); {
		case n == 1 && len(batch) > 1:
			return errors.New("something in here is bad")
		case n <= 3:
			return errAway
		}
		done.commit(batch)
		return nil
	})
	eventually(t, "all are acknowledged", allAnswered(t, nc))
	run.end()
	done.exactlyOnce(t, 64)
	if n := len(letters(t, nc)); n != 0 {
		t.Errorf("%d dead letters", n)
	}
}

func TestTheServerIsRestartedInTheMiddle(t *testing.T) {
	s, nc := newStreams(t)
	const n = 3000
	publishN(t, nc, n)
	done := newWork()
	o := quick(nc)
	o.MaxBatch, o.AckWait = 32, 2*time.Second
	run := consume(t, o, func(_ context.Context, batch []*Message) error {
		done.commit(batch)
		time.Sleep(2 * time.Millisecond)
		return nil
	})
	for _, share := range []int{n / 10, n / 2} {
		eventually(t, "some are handled", func() bool { return done.len() > share })
		s.stop()
		s.start()
	}
	eventually(t, "all are handled", func() bool { return done.len() == n })
	eventually(t, "all are acknowledged", allAnswered(t, nc))
	run.end()
	if n := len(letters(t, nc)); n != 0 {
		t.Errorf("%d dead letters", n)
	}
}

// TestTheServerIsAwayForAWhile: idle, with nothing in hand, and for longer than heartbeats are awaited.
func TestTheServerIsAwayForAWhile(t *testing.T) {
	s, nc := newStreams(t)
	done := newWork()
	run := consume(t, quick(nc), func(_ context.Context, batch []*Message) error { done.commit(batch); return nil })
	eventually(t, "it pulls", allAnswered(t, nc))
	s.stop()
	eventually(t, "the connection is lost", func() bool { return !nc.IsConnected() })
	away := time.Now()
	eventually(t, "five seconds go by", func() bool { return time.Since(away) > 5*time.Second })
	s.start()
	eventually(t, "the connection is there again", nc.IsConnected)
	publishN(t, nc, 10)
	eventually(t, "all are handled", func() bool { return done.len() == 10 })
	run.end()
	done.exactlyOnce(t, 10)
}

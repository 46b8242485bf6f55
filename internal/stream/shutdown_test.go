package stream

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestShutdownFinishesTheBatchAndHandsBackTheRest(t *testing.T) {
	s, nc := newStreams(t)
	publishN(t, nc, 100)
	done := newWork()
	entered, finish := make(chan struct{}, 1), make(chan struct{})
	o := quick(s.connect())
	// Only an answer can free a message before the test's patience ends.
	o.AckWait, o.MaxBatch, o.Concurrency = 10*time.Minute, 10, 1
	first := consume(t, o, func(ctx context.Context, batch []*Message) error {
		entered <- struct{}{}
		<-finish
		done.commit(batch)
		return ctx.Err() // the handler's context must still be alive
	})
	<-entered
	// The first batch is what there was, one message perhaps; the queue and its door are full.
	eventually(t, "more is prefetched", func() bool { return lagOf(t, nc).Unacked > 1+uint64(o.MaxBatch) })
	first.stop()

	other := quick(s.connect())
	other.AckWait = o.AckWait
	second := consume(t, other, func(_ context.Context, batch []*Message) error { done.commit(batch); return nil })
	eventually(t, "the other has done what was handed back", func() bool {
		lag := lagOf(t, nc)
		return lag.Pending == 0 && lag.Unacked > 0 && lag.Unacked <= 10 && done.len() >= 90
	})
	close(finish)
	first.end()
	eventually(t, "all are acknowledged", allAnswered(t, nc))
	second.end()
	done.exactlyOnce(t, 100)
}

func TestAHandlerThatOutlastsTheGraceIsCutAndBlamedForNothing(t *testing.T) {
	_, nc := newStreams(t)
	publishN(t, nc, 1)
	o := quick(nc)
	o.AckWait, o.Grace, o.MaxFaults = 10*time.Minute, 50*time.Millisecond, 1
	entered := make(chan struct{})
	first := consume(t, o, func(ctx context.Context, _ []*Message) error {
		close(entered)
		<-ctx.Done()
		return ctx.Err()
	})
	<-entered
	first.end()
	if n := len(letters(t, nc)); n != 0 {
		t.Errorf("%d dead letters", n)
	}
	done := newWork()
	second := consume(t, o, func(_ context.Context, batch []*Message) error { done.commit(batch); return nil })
	eventually(t, "its message is handled by the next", allAnswered(t, nc))
	second.end()
	done.exactlyOnce(t, 1)
}

func TestAHandlerThatNeverReturnsIsReported(t *testing.T) {
	_, nc := newStreams(t)
	publishN(t, nc, 1)
	o := quick(nc)
	o.Grace = 50 * time.Millisecond
	entered, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	run := consume(t, o, func(context.Context, []*Message) error {
		close(entered)
		<-release
		return nil
	})
	<-entered
	run.stop()
	if err := <-run.done; !errors.Is(err, ErrGrace) {
		t.Errorf("the error is %v", err)
	}
}

func TestShutdownWhileTheServerIsAway(t *testing.T) {
	s, nc := newStreams(t)
	o := quick(nc)
	run := consume(t, o, func(context.Context, []*Message) error { return nil })
	eventually(t, "it pulls", allAnswered(t, nc))
	s.stop()
	eventually(t, "the connection is lost", func() bool { return !nc.IsConnected() })
	run.end()
}

func TestShutdownDuringAPause(t *testing.T) {
	_, nc := newStreams(t)
	publishN(t, nc, 1)
	asked := make(chan struct{}, 100)
	o := quick(nc)
	o.Ready = func(context.Context) error { asked <- struct{}{}; return errAway }
	run := consume(t, o, func(context.Context, []*Message) error { return errAway })
	<-asked
	run.end()
}

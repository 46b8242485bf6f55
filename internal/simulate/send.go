package simulate

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Pace says how fast a run is told, and for how long.
type Pace struct {
	Rate     float64       // events a second; 0: as fast as the door takes them
	For      time.Duration // after which nothing new is sent; 0: until all is sent
	Patience time.Duration // for the next code, while all there is to send waits for one
}

// Sent is what came of telling a run.
type Sent struct {
	Tally    Tally
	Statuses []Status  // of the plan's facts
	Last     time.Time // when an event was accepted last
	Waited   int       // sign-ups that were not sent, for the code of somebody who signed up did not come
	CodesErr error     // why it did not, if that is known
	Gone     string    // why the door was given up before all was sent; empty when it was not
	Ended    bool      // somebody's word, and not what came of it, ended the sending: Pace.For, or the context
}

// ErrShut says that nothing was taken at all.
var ErrShut = errors.New("plusone takes none of these events")

// Send tells a run. taken is called with each fact when it is accepted, one call at a time; watch is given a function
// that says how far it is. When the context ends nothing new is sent. Error: ErrShut.
func Send(ctx context.Context, run *Run, to Door, codes Codes, pace Pace, taken func(fact int32), watch func(func() Tally)) (Sent, error) {
	s := &sender{run: run, door: to, pace: pace, desk: newDesk(run, codes), jobs: make(chan job)}
	s.book = newBook(len(run.Order), len(run.Facts), func(fact int32) { s.desk.registered(fact); taken(fact) })
	watch(s.book.now)
	asking, stop := context.WithCancel(ctx)
	var asker sync.WaitGroup
	asker.Go(func() { s.desk.ask(asking) })
	client := to.client()
	defer client.CloseIdleConnections()
	var wait sync.WaitGroup
	for range to.Connections {
		wait.Go(func() {
			for j := range s.jobs {
				s.deliver(ctx, j, func(target string, m Message) answer { return to.attempt(ctx, client, target, m) })
				s.underWay.Add(-1)
				s.desk.wake()
			}
		})
	}
	s.dispatch(ctx)
	close(s.jobs)
	wait.Wait()
	stop()
	asker.Wait()
	return s.conclude()
}

type sender struct {
	run  *Run
	door Door
	pace Pace
	desk *desk
	book *book
	jobs chan job

	sent     int          // events so far
	underWay atomic.Int64 // events that are being delivered
	ended    bool         // by Pace.For or the context, with something left to send
}

// job is one event to deliver.
type job struct {
	number int // of those sent, for taking the targets in turn
	fact   int32
	code   string
}

// dispatch gives out one event after the other: those whose code has come before the next of the plan.
func (s *sender) dispatch(ctx context.Context) {
	if s.pace.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.pace.For)
		defer cancel()
	}
	defer func() { s.ended = ctx.Err() != nil }()
	for next := 0; ctx.Err() == nil && s.book.shut() == ""; {
		fact, ok := s.desk.next()
		if !ok && next < len(s.run.Order) {
			fact, ok = s.run.Order[next], true
			next++
		}
		if !ok {
			if !s.await(ctx) {
				return
			}
			continue
		}
		if code, ok := s.desk.code(fact); ok && !s.give(ctx, job{s.sent, fact, code}) {
			return
		}
	}
}

// give hands an event to whoever is free, when its time has come.
func (s *sender) give(ctx context.Context, j job) bool {
	if s.pace.Rate > 0 {
		due := s.book.began.Add(time.Duration(float64(j.number) / s.pace.Rate * float64(time.Second)))
		if !sleep(ctx, time.Until(due)) {
			return false
		}
	}
	s.underWay.Add(1)
	select {
	case s.jobs <- j:
		s.sent++
		return true
	case <-ctx.Done():
		s.underWay.Add(-1)
		return false
	}
}

// await waits until there may be something to send, and says whether there may ever be.
func (s *sender) await(ctx context.Context) bool {
	busy := s.underWay.Load() > 0 // asked first: whoever is done has said what is wanted
	st := s.desk.state()
	switch {
	case st.ready > 0:
		return true
	case st.parked == 0:
		return false
	case !busy && st.wanted == 0:
		return false // what they wait for was not taken
	case !busy && time.Since(later(st.moved, s.book.lastTaken())) > s.pace.Patience:
		return false
	}
	select {
	case <-s.desk.stir:
	case <-time.After(s.pace.Patience):
	case <-ctx.Done():
	}
	return true
}

// deliver sends an event until the answer is final, or it is given up.
func (s *sender) deliver(ctx context.Context, j job, attempt func(target string, m Message) answer) {
	m := s.run.Message(j.fact, j.code)
	began := time.Now()
	for n := 0; ; n++ {
		a := attempt(s.door.Targets[(j.number+n)%len(s.door.Targets)], m)
		s.book.attempted()
		late := time.Since(began) > s.door.GiveUp
		if a.verdict == again && late {
			s.book.gone(s.door.GiveUp, a.reason)
		}
		if a.verdict != again || late || s.book.shut() != "" || !sleep(ctx, pause(n)) {
			s.book.concluded(j.fact, m.Stripe, a)
			return
		}
		s.book.repeated(a.reason)
	}
}

func (s *sender) conclude() (Sent, error) {
	out := Sent{Tally: s.book.end(), Statuses: s.book.facts, Last: s.book.lastTaken(), Gone: s.book.shut(), Ended: s.ended}
	out.Waited, out.CodesErr = s.desk.owed()
	if out.Tally.Accepted == 0 && out.Gone != "" {
		return out, fmt.Errorf("%w: %s", ErrShut, out.Gone)
	}
	return out, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// sleep waits, and says whether the context still holds.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

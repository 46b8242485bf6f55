package main

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plusone-dev/plusone/internal/testkit"
)

// sender is a stubborn client: it sends each message until it is taken, as Stripe does, and the test says how far it may go.
type sender struct {
	t        testing.TB
	business *business
	released chan message
	waiting  []message
	taken    atomic.Int64
	retries  atomic.Int64
	wait     sync.WaitGroup
}

// senders is how many messages are under way at a time.
const senders = 8

func newSender(t testing.TB, b *business, messages []message) *sender {
	s := &sender{t: t, business: b, waiting: messages, released: make(chan message, len(messages))}
	for range senders {
		s.wait.Go(s.run)
	}
	t.Cleanup(s.finish)
	return s
}

func (s *sender) run() {
	for m := range s.released {
		for s.t.Context().Err() == nil {
			if status, _ := s.business.send(m); taken(status) {
				s.taken.Add(1)
				break
			}
			s.retries.Add(1)
			select {
			case <-s.t.Context().Done():
			case <-time.After(20 * time.Millisecond): // the pace of the client's repetitions
			}
		}
	}
}

// release lets so many more go.
func (s *sender) release(n int) {
	n = min(n, len(s.waiting))
	for _, m := range s.waiting[:n] {
		s.released <- m
	}
	s.waiting = s.waiting[n:]
}

// reach waits until so many are taken.
func (s *sender) reach(n int) {
	s.t.Helper()
	testkit.Eventually(s.t, 2*patience, func() (bool, string) {
		got := int(s.taken.Load())
		return got >= n, "taken: " + itoa(got) + " of " + itoa(n)
	})
}

// finish releases all, and returns when all are taken, or the test is over.
func (s *sender) finish() {
	if s.released == nil {
		return
	}
	s.release(len(s.waiting))
	close(s.released)
	s.wait.Wait()
	s.released = nil
}

package stream

import (
	"context"
	"sync"
	"time"
)

// held are the messages this process was given and has not answered for: prefetched or in a batch. The server is told
// now and then that they are still being worked on; else a slow batch would be delivered to someone else as well.
type held struct {
	mu   sync.Mutex
	msgs map[uint64]*Message
}

func newHeld() *held { return &held{msgs: make(map[uint64]*Message)} }

// add takes a message in hand. It says no to a second delivery of one that is already held: the answer to the first
// answers for both.
func (h *held) add(m *Message) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.msgs[m.Sequence]; ok {
		return false
	}
	h.msgs[m.Sequence] = m
	return true
}

// remove must come before the answer is sent: an "in progress" after a delayed nak would undo its delay.
func (h *held) remove(m *Message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.msgs, m.Sequence)
}

// keep extends the time of every held message that the server has not heard of for half of ackWait.
func (h *held) keep(ctx context.Context, ackWait time.Duration) {
	tick := time.NewTicker(max(ackWait/8, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			h.touch(now, ackWait/2)
		case <-ctx.Done():
			return
		}
	}
}

// touch sends under the lock, so that it can never overtake an answer (see remove). Sending is a write to a buffer.
func (h *held) touch(now time.Time, after time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range h.msgs {
		if now.Sub(m.touched) < after {
			continue
		}
		if m.raw.InProgress() == nil {
			m.touched = now
		}
	}
}

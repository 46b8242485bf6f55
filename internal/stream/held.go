package stream

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// held are the messages this process was given and has not answered for: prefetched or in a batch. The server is told
// now and then that they are still being worked on; else a slow batch would be delivered to someone else as well.
type held struct {
	// ackWait is the consumer's, in nanoseconds, which need not be ours: all processes share the consumer.
	ackWait atomic.Int64

	mu   sync.Mutex
	msgs map[uint64]*Message
}

func newHeld(ackWait time.Duration) *held {
	h := &held{msgs: make(map[uint64]*Message)}
	h.ackWait.Store(int64(ackWait))
	return h
}

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

// maxTouchEvery is how long keep sleeps at most, so that it heeds an AckWait that becomes shorter.
const maxTouchEvery = 250 * time.Millisecond

// keep extends the time of every held message that the server has not heard of for half of AckWait.
func (h *held) keep(ctx context.Context) {
	for {
		ackWait := time.Duration(h.ackWait.Load())
		if !sleep(ctx, min(max(ackWait/8, time.Millisecond), maxTouchEvery)) {
			return
		}
		h.touch(time.Now(), time.Duration(h.ackWait.Load())/2)
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

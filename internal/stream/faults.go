package stream

import "sync"

// maxFaultsKept bounds the memory of faults. What is forgotten begins to count anew: a message may get more attempts
// than it should, never fewer.
const maxFaultsKept = 10_000

// faults counts how often a message failed by its own fault, by stream sequence. The server's count of deliveries
// would not do: it also grows when the database was away. Each process counts for itself.
type faults struct {
	mu     sync.Mutex
	counts map[uint64]int
	order  []uint64 // oldest first, to forget by; may name what is forgotten already
}

func newFaults() *faults { return &faults{counts: make(map[uint64]int)} }

// add counts one more and returns how many there are now.
func (f *faults) add(seq uint64) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, known := f.counts[seq]; !known {
		f.order = append(f.order, seq)
	}
	f.counts[seq]++
	n := f.counts[seq]
	for len(f.order) > maxFaultsKept {
		delete(f.counts, f.order[0])
		f.order = f.order[1:]
	}
	return n
}

func (f *faults) forget(seq uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.counts, seq)
}

// split parts those that failed before from those that did not, so that a known culprit is handled alone from then on.
func (f *faults) split(batch []*Message) (clean, suspects []*Message) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.counts) == 0 {
		return batch, nil
	}
	for _, m := range batch {
		if f.counts[m.Sequence] > 0 {
			suspects = append(suspects, m)
		} else {
			clean = append(clean, m)
		}
	}
	return clean, suspects
}

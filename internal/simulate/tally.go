package simulate

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// Status is what became of a fact, all its tellings taken together.
type Status uint8

// The statuses; of two tellings the greater counts.
const (
	NotSent  Status = iota
	Rejected        // the door said that it will never take it
	Unknown         // it was sent, and nobody ever said that it was taken; it may have been
	Accepted        // the door said that the stream has it
)

// Tally is what came of sending, so far or in all.
type Tally struct {
	Planned    int            `json:"planned"`    // events, duplicates included
	Done       int            `json:"done"`       // of these, whatever came of them
	Requests   int            `json:"requests"`   // attempts
	Accepted   int            `json:"accepted"`   // events that were answered 200 or 202, duplicates included
	Duplicates int            `json:"duplicates"` // of these, those that had been accepted before
	SentAgain  map[string]int `json:"sent_again"` // attempts that had to be repeated, by reason
	Rejected   map[string]int `json:"rejected"`   // events, by reason
	Unknown    int            `json:"unknown"`    // facts that may have been taken or not
	NotSent    int            `json:"not_sent"`   // facts
	Took       time.Duration  `json:"-"`
	Seconds    float64        `json:"seconds"`
	PerSecond  float64        `json:"per_second"` // accepted
	Latency    Latency        `json:"latency_ms"` // of the answers that accepted
}

// Latency is in milliseconds.
type Latency struct {
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// book is a tally in the making.
type book struct {
	mu      sync.Mutex
	tally   Tally
	facts   []Status
	took    []time.Duration
	taken   func(fact int32) // told of each fact that is accepted, once
	began   time.Time
	latest  time.Time // when something was accepted last
	refused [2]int    // in a row since the beginning, by door; -1: something was accepted there
	closed  string    // why nothing will be taken any more; empty while it may
}

func newBook(planned, facts int, taken func(int32)) *book {
	return &book{
		facts: make([]Status, facts), taken: taken, began: time.Now(),
		tally: Tally{Planned: planned, SentAgain: map[string]int{}, Rejected: map[string]int{}},
	}
}

func (b *book) attempted() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tally.Requests++
}

// repeated notes that an event is sent again.
func (b *book) repeated(reason string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tally.SentAgain[reason]++
}

// concluded notes what became of an event in the end.
func (b *book) concluded(fact int32, stripe bool, a answer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tally.Done++
	switch a.verdict {
	case taken:
		b.accepted(fact, stripe, a)
	case rejected:
		b.tally.Rejected[a.reason]++
		b.facts[fact] = max(b.facts[fact], Rejected)
		if n := &b.refused[door(stripe)]; *n >= 0 {
			if *n++; *n >= hopeless {
				b.closed = a.reason
			}
		}
	case again:
		b.facts[fact] = max(b.facts[fact], Unknown)
	}
}

func (b *book) accepted(fact int32, stripe bool, a answer) {
	b.tally.Accepted++
	b.took = append(b.took, a.took)
	b.latest = time.Now()
	b.refused[door(stripe)] = -1
	if b.facts[fact] == Accepted {
		b.tally.Duplicates++
		return
	}
	b.facts[fact] = Accepted
	b.taken(fact)
}

func door(stripe bool) int {
	if stripe {
		return 1
	}
	return 0
}

// hopeless is how many refusals in a row, with nothing accepted before, mean that no event will ever be taken.
const hopeless = 20

// gone notes that an event was given up. When nothing else was taken meanwhile, nothing will be.
func (b *book) gone(after time.Duration, reason string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if time.Since(later(b.began, b.latest)) >= after {
		b.closed = reason
	}
}

// shut says why nothing will be taken any more; empty while it may.
func (b *book) shut() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.closed
}

func (b *book) lastTaken() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.latest
}

// now is the tally so far, without what takes long to count.
func (b *book) now() Tally {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.tally
	t.SentAgain, t.Rejected = maps.Clone(t.SentAgain), maps.Clone(t.Rejected)
	t.Took = time.Since(b.began)
	if t.Took > 0 {
		t.PerSecond = float64(t.Accepted) / t.Took.Seconds()
	}
	return t
}

// end is the tally of all.
func (b *book) end() Tally {
	t := b.now()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.facts {
		switch s {
		case Unknown:
			t.Unknown++
		case NotSent:
			t.NotSent++
		case Rejected, Accepted:
		}
	}
	t.Seconds = t.Took.Seconds()
	t.Latency = latency(b.took)
	return t
}

// latency sorts all there is: the tail is what one wants to see, and no bucket may hide it.
func latency(all []time.Duration) Latency {
	if len(all) == 0 {
		return Latency{}
	}
	slices.Sort(all)
	at := func(share float64) float64 {
		return float64(all[int(share*float64(len(all)-1))].Microseconds()) / 1000
	}
	return Latency{P50: at(0.5), P90: at(0.9), P99: at(0.99), Max: at(1)}
}

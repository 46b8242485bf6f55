package simulate

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Codes says which codes people hand out. Who has none yet, or is not known yet, is left out.
type Codes interface {
	Codes(ctx context.Context, users []string) (map[string]string, error)
}

// desk keeps the sign-ups that wait for a referrer's code, and asks for the codes.
type desk struct {
	run   *Run
	codes Codes

	mu      sync.Mutex
	known   map[int32]string
	wanted  []int32           // registered, with a code that is needed and not known yet
	parked  map[int32][]int32 // the facts that wait for somebody's code
	waiting int               // how many wait
	ready   []int32
	moved   time.Time // when a code came last
	err     error     // why none comes
	stir    chan struct{}
}

func newDesk(run *Run, codes Codes) *desk {
	return &desk{
		run: run, codes: codes, known: map[int32]string{}, parked: map[int32][]int32{}, moved: time.Now(),
		stir: make(chan struct{}, 1),
	}
}

// code is the one that a fact needs, if any, and whether it can be sent now. If not, it is kept until the code is there.
func (d *desk) code(fact int32) (code string, ok bool) {
	f := d.run.Facts[fact]
	referrer := d.run.People[f.User].Referrer
	if f.Kind != SignUp || f.Part == Later || referrer == Nobody {
		return "", true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if code, ok = d.known[referrer]; !ok {
		d.parked[referrer] = append(d.parked[referrer], fact)
		d.waiting++
	}
	return code, ok
}

// registered is told of each fact that was accepted: a sign-up means that there will be a code.
func (d *desk) registered(fact int32) {
	f := d.run.Facts[fact]
	if f.Kind != SignUp || d.run.People[f.User].Invites == 0 {
		return
	}
	d.mu.Lock()
	d.wanted = append(d.wanted, f.User)
	d.mu.Unlock()
}

// next is a fact whose code has come.
func (d *desk) next() (fact int32, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.ready) == 0 {
		return 0, false
	}
	fact, d.ready = d.ready[0], d.ready[1:]
	return fact, true
}

// deskState is how things stand.
type deskState struct {
	parked, ready, wanted int       // facts that wait, facts that need not, and codes that are to come
	moved                 time.Time // when a code came last
}

func (d *desk) state() deskState {
	d.mu.Lock()
	defer d.mu.Unlock()
	return deskState{d.waiting, len(d.ready), len(d.wanted), d.moved}
}

// owed is how many facts wait for the codes of those who signed up, and why the codes do not come, if that is known.
// Friends of somebody whose sign-up was not taken wait for nothing that could come.
func (d *desk) owed() (facts int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, user := range d.wanted {
		facts += len(d.parked[user])
	}
	return facts + len(d.ready), d.err
}

func (d *desk) wake() {
	select {
	case d.stir <- struct{}{}:
	default:
	}
}

// How often codes are asked for, and how many at a time.
const (
	askEvery = 25 * time.Millisecond
	askFor   = 500
)

// ask asks for codes until the context ends. Whoever answers may be away for a while.
func (d *desk) ask(ctx context.Context) {
	ticker := time.NewTicker(askEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			d.askOnce(ctx)
		}
	}
}

// askOnce asks for those who have waited longest, and puts those who have no code yet behind the others.
func (d *desk) askOnce(ctx context.Context) {
	d.mu.Lock()
	users := slices.Clone(d.wanted[:min(askFor, len(d.wanted))])
	d.mu.Unlock()
	if len(users) == 0 {
		return
	}
	ids := make([]string, len(users))
	for i, u := range users {
		ids[i] = d.run.UserID(u)
	}
	found, err := d.codes.Codes(ctx, ids)
	d.mu.Lock()
	defer d.mu.Unlock()
	if ctx.Err() == nil {
		d.err = err
	}
	if len(found) > 0 {
		d.moved = time.Now()
	}
	d.wanted = d.wanted[len(users):]
	for i, u := range users {
		code, ok := found[ids[i]]
		if !ok {
			d.wanted = append(d.wanted, u)
			continue
		}
		d.known[u] = code
		d.ready = append(d.ready, d.parked[u]...)
		d.waiting -= len(d.parked[u])
		delete(d.parked, u)
	}
	d.wake()
}

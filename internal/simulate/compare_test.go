package simulate

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// world is a database that has become what a run should make of it, until a test tampers with it.
type world struct {
	keys      map[string]bool
	referrals map[string]Referral
	doubled   string // a referee who is answered twice
	balances  map[string]map[string]int64
	posted    map[string]map[string]int64 // what stands, by referee and currency
	fails     int                         // how often it is away first
	outbox    []time.Duration             // how old the oldest row is, each time that is asked; in the end it is empty
	stuck     bool                        // it never is
}

var errAway = errors.New("away")

func (w *world) Codes(context.Context, []string) (map[string]string, error) { return nil, errAway }

func (w *world) Recorded(_ context.Context, keys []string) (found []string, err error) {
	if w.fails--; w.fails >= 0 {
		return nil, errAway
	}
	for _, k := range keys {
		if w.keys[k] {
			found = append(found, k)
		}
	}
	return found, nil
}

func (w *world) OutboxLag(context.Context) (rows int64, age time.Duration, err error) {
	if w.fails--; w.fails >= 0 {
		return 0, 0, errAway
	}
	if len(w.outbox) == 0 {
		return 0, 0, nil
	}
	age = w.outbox[0]
	if !w.stuck {
		w.outbox = w.outbox[1:]
	}
	return 7, age, nil
}

func (w *world) Referrals(_ context.Context, referees []string) (all []Referral, err error) {
	for _, id := range referees {
		if r, ok := w.referrals[id]; ok {
			all = append(all, r)
		}
		if id == w.doubled {
			all = append(all, w.referrals[id])
		}
	}
	return all, nil
}

func (w *world) Balances(_ context.Context, users []string) (all []Balance, err error) {
	for _, id := range users {
		for currency, minor := range w.balances[id] {
			all = append(all, Balance{id, currency, minor})
		}
	}
	return all, nil
}

// Rewards has granted 5 more for everybody, and taken them back.
func (w *world) Rewards(_ context.Context, referees []string) (all []Reward, err error) {
	for _, id := range referees {
		for currency, minor := range w.posted[id] {
			all = append(all, Reward{currency, minor + 5, 5})
		}
	}
	return all, nil
}

// become makes the world that is to be expected, with places on codes for those who come first.
func become(run *Run, statuses []Status) *world {
	w := &world{keys: map[string]bool{}, referrals: map[string]Referral{}, balances: map[string]map[string]int64{}, posted: map[string]map[string]int64{}}
	for _, k := range run.accepted(statuses) {
		w.keys[k] = true
	}
	e := Expect(run.Plan, statuses)
	placed := map[int32]int{}
	for i, p := range run.People {
		x, id := e.People[i], run.UserID(int32(i))
		if !x.Referred {
			continue
		}
		if x.Wants {
			if placed[p.Referrer]++; run.Rules.MaxUses > 0 && placed[p.Referrer] > run.Rules.MaxUses {
				x.Stands = exhausted
			}
		}
		w.referrals[id] = Referral{id, run.UserID(p.Referrer), x.Stands}
		if x.Stands.Status == rewarded {
			w.reward(run, int32(i), x.Currency, 1)
		}
	}
	return w
}

// reward adds what a referral brings, so many times.
func (w *world) reward(run *Run, referee int32, currency uint8, times int64) {
	c, id := run.Currencies[currency], run.UserID(referee)
	add := func(sums map[string]map[string]int64, who string, minor int64) {
		if sums[who] == nil {
			sums[who] = map[string]int64{}
		}
		sums[who][c] += times * minor
	}
	rewards := run.Rules.Rewards
	add(w.balances, id, rewards[Referee][c])
	add(w.balances, run.UserID(run.People[referee].Referrer), rewards[Referrer][c])
	add(w.posted, id, rewards[Referee][c]+rewards[Referrer][c])
}

func allAccepted(run *Run) []Status {
	all := make([]Status, len(run.Facts))
	for i := range all {
		all[i] = Accepted
	}
	return all
}

func crowded() *Run {
	rules := ours
	rules.MaxUses = 3
	return NewRun(New(Config{Users: 1500, Rules: rules, Seed: 5, Refunds: 0.3}), "t", noon, false)
}

func mustCompare(t *testing.T, run *Run, statuses []Status, w *world) Outcome {
	t.Helper()
	o, err := Compare(t.Context(), run, Expect(run.Plan, statuses), w)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestWhatIsAsExpectedHasNoDifferences(t *testing.T) {
	run := crowded()
	o := mustCompare(t, run, allAccepted(run), become(run, allAccepted(run)))
	if o.Differences != 0 || len(o.Examples) != 0 || o.People != 1500 || o.LeftOut != 0 {
		t.Errorf("%+v", o)
	}
	var names []string
	for _, c := range o.Referrals {
		names = append(names, c.Of)
		if c.Expected != c.Actual || c.Expected == 0 {
			t.Errorf("%+v", c)
		}
	}
	want := []string{pending, rewarded, "cancelled, code_exhausted", "cancelled, existing_customer", "cancelled, refunded", "cancelled, self_referral"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	if len(o.Rewards) != 2 || len(o.Balances) != 2 || o.Rewards[1].Granted <= o.Rewards[1].Actual {
		t.Errorf("%+v, %+v", o.Rewards, o.Balances)
	}
}

// some is a referral that stands so.
func (w *world) some(s Standing) (id string) {
	for i, r := range w.referrals {
		if r.Standing == s && (id == "" || i < id) {
			id = i
		}
	}
	return id
}

func (w *world) set(id string, s Standing) {
	r := w.referrals[id]
	r.Standing = s
	w.referrals[id] = r
}

// TestEachDifferenceIsFound tampers with the world in one way after the other.
func TestEachDifferenceIsFound(t *testing.T) {
	run := crowded()
	for says, tamper := range map[string]func(w *world){
		"should be pending, and is rewarded": func(w *world) { w.set(w.some(Standing{pending, ""}), Standing{rewarded, ""}) },
		"should be pending, and is missing":  func(w *world) { delete(w.referrals, w.some(Standing{pending, ""})) },
		"should be missing, and is pending": func(w *world) {
			w.referrals[run.UserID(0)] = Referral{run.UserID(0), run.UserID(1), Standing{pending, ""}}
		},
		"was referred by": func(w *world) {
			id := w.some(Standing{pending, ""})
			w.referrals[id] = Referral{id, "somebody", Standing{pending, ""}}
		},
		"more than one referral":     func(w *world) { w.doubled = w.some(Standing{pending, ""}) },
		"3 places on the code of":    func(w *world) { w.set(w.some(exhausted), Standing{rewarded, ""}) },
		"and is cancelled, refunded": func(w *world) { w.set(w.some(Standing{pending, ""}), Standing{cancelled, refunded}) },
		"the balance of":             func(w *world) { w.balances[w.some(Standing{rewarded, ""})]["usd"]++ },
		"usd should stand":           func(w *world) { w.posted[w.some(Standing{rewarded, ""})]["usd"]-- },
		"something in gbp":           func(w *world) { w.posted[w.some(Standing{rewarded, ""})]["gbp"]++ },
	} {
		w := become(run, allAccepted(run))
		tamper(w)
		o := mustCompare(t, run, allAccepted(run), w)
		if text := strings.Join(o.Examples, "\n"); o.Differences == 0 || !strings.Contains(text, says) {
			t.Errorf("%q: %d differences:\n%s", says, o.Differences, text)
		}
	}
}

// TestWhoHasAPlaceDependsOnArrival: only how many have one is held to the expectation.
func TestWhoHasAPlaceDependsOnArrival(t *testing.T) {
	run := crowded()
	w := become(run, allAccepted(run))
	refused := w.some(exhausted)
	swapped := false
	e := Expect(run.Plan, allAccepted(run))
	for i := range run.People { // somebody else gives their place to them
		id := run.UserID(int32(i))
		if w.referrals[id].Referrer == w.referrals[refused].Referrer && e.People[i].Wants && w.referrals[id].Standing == (Standing{rewarded, ""}) {
			w.set(id, exhausted)
			w.reward(run, int32(i), e.People[i].Currency, -1)
			swapped = true
			break
		}
	}
	for i := range run.People {
		if x := e.People[i]; run.UserID(int32(i)) == refused {
			w.set(refused, x.Stands)
			if x.Stands.Status == rewarded {
				w.reward(run, int32(i), x.Currency, 1)
			}
		}
	}
	if o := mustCompare(t, run, allAccepted(run), w); o.Differences != 0 || !swapped {
		t.Errorf("%v, %q", swapped, o.Examples)
	}
}

// TestThoseWhoMightHaveAPlace keep what they got: one that nobody else has, or a refusal once there was none.
func TestThoseWhoMightHaveAPlace(t *testing.T) {
	rules := ours
	rules.MaxUses = 2
	run := NewRun(New(Config{Users: 1000, Rules: rules, Seed: 5, Refunds: 0.3, Chaos: true}), "t", noon, false)
	e := Expect(run.Plan, allAccepted(run))
	each := func(might, wants func(w *world, referrer int32, id string, x Expected)) *world {
		w := become(run, allAccepted(run))
		for i, p := range run.People {
			if x := e.People[i]; p.Referrer != Nobody && e.mights[p.Referrer] > 0 && e.wants[p.Referrer] == 2 && e.crowd(p.Referrer) == 3 {
				if x.Might {
					might(w, p.Referrer, run.UserID(int32(i)), x)
				} else if x.Wants {
					wants(w, p.Referrer, run.UserID(int32(i)), x)
				}
			}
		}
		return w
	}
	refuse := func(n int) func(w *world, referrer int32, id string, x Expected) {
		refused := map[int32]int{}
		return func(w *world, referrer int32, id string, x Expected) {
			if refused[referrer]++; refused[referrer] > n {
				return
			}
			w.set(id, exhausted)
			for i := range run.People {
				if x.Stands.Status == rewarded && run.UserID(int32(i)) == id {
					w.reward(run, int32(i), x.Currency, -1)
				}
			}
		}
	}
	for what, s := range map[string]struct {
		might, wants int // how many of each are refused
		fine         bool
	}{"nobody": {0, 0, true}, "who might": {1, 0, true}, "who wants": {0, 1, true}, "both": {1, 1, false}, "all": {0, 2, false}} {
		o := mustCompare(t, run, allAccepted(run), each(refuse(s.might), refuse(s.wants)))
		if (o.Differences == 0) != s.fine {
			t.Errorf("refused are %s: %d differences, %q", what, o.Differences, o.Examples)
		}
	}
}

// TestWhatIsNotKnownIsLeftOut: whether an event was taken that nobody answered for, nobody can say.
func TestWhatIsNotKnownIsLeftOut(t *testing.T) {
	run := crowded()
	for name, part := range map[string]int{"every second": 2, "every tenth": 10} {
		unknown, taken, lost := allAccepted(run), allAccepted(run), allAccepted(run)
		for i, f := range run.Facts {
			if i%part == 0 && f.Kind != SignUp {
				unknown[i], lost[i] = Unknown, NotSent
			}
		}
		left := 0
		for what, statuses := range map[string][]Status{"taken": taken, "lost": lost} {
			o := mustCompare(t, run, unknown, become(run, statuses))
			if o.Differences != 0 || o.LeftOut == 0 || o.People+o.LeftOut != len(run.People) {
				t.Errorf("%s unknown, and %s: %+v", name, what, o)
			}
			left = o.LeftOut
		}
		if left > len(run.People)*9/10 {
			t.Errorf("%s: %d of %d are left out", name, left, len(run.People))
		}
		// What was never sent is known: it did not happen.
		if o := mustCompare(t, run, lost, become(run, lost)); o.Differences != 0 || o.LeftOut != 0 {
			t.Errorf("%s not sent: %+v", name, o)
		}
		if o := mustCompare(t, run, lost, become(run, taken)); o.Differences == 0 {
			t.Errorf("%s not sent, and there nevertheless: %+v", name, o)
		}
	}
}

func TestSettle(t *testing.T) {
	run := crowded()
	sent := Sent{Statuses: allAccepted(run), Last: time.Now()}
	w := become(run, sent.Statuses)
	w.fails = 3
	var shown int
	s, err := Settle(t.Context(), run, sent, w, time.Minute, func(recorded, _ int) { shown = recorded })
	if err != nil || s.Events != len(w.keys) || s.Recorded != s.Events || shown != s.Events || s.Missing != nil || s.Seconds <= 0 {
		t.Errorf("%v, %+v, shown %d", err, s, shown)
	}
	lost, _ := run.Key(0)
	delete(w.keys, lost)
	s, err = Settle(t.Context(), run, sent, w, 50*time.Millisecond, func(int, int) {})
	if err != nil || s.Recorded != s.Events-1 || len(s.Missing) != 1 || s.Missing[0] != lost {
		t.Errorf("%v, %+v", err, s)
	}
	w.fails = 1 << 30
	if _, err = Settle(t.Context(), run, sent, w, 50*time.Millisecond, func(int, int) {}); !errors.Is(err, errAway) {
		t.Errorf("the error is %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = Settle(ctx, run, sent, w, time.Minute, func(int, int) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

// TestTheOutboxIsWaitedFor, as far as it is this run's; what others write meanwhile is not.
func TestTheOutboxIsWaitedFor(t *testing.T) {
	run := crowded()
	sent := Sent{Statuses: allAccepted(run), Last: time.Now()}
	settle := func(outbox []time.Duration, stuck bool, away int) (Settled, int, error) {
		w := become(run, sent.Statuses)
		w.outbox, w.stuck = outbox, stuck
		s, err := Settle(t.Context(), run, sent, w, 200*time.Millisecond, func(recorded, of int) {
			if recorded == of {
				w.fails = away // from now on
			}
		})
		return s, len(w.outbox), err
	}
	for what, c := range map[string]struct {
		outbox []time.Duration
		stuck  bool
		left   int // of what the outbox would have answered
	}{
		"empty":                  {},
		"slow":                   {outbox: []time.Duration{time.Minute, time.Minute, time.Minute}},
		"never empty, and young": {outbox: []time.Duration{time.Nanosecond}, stuck: true, left: 1},
	} {
		s, left, err := settle(c.outbox, c.stuck, 2)
		if err != nil || s.Waiting != 0 || !s.WaitingSince.IsZero() || s.Relayed <= 0 || left != c.left {
			t.Errorf("%s: %v, %+v, %d left", what, err, s, left)
		}
	}
	s, _, err := settle([]time.Duration{time.Hour}, true, 0)
	if since := time.Since(s.WaitingSince); err != nil || s.Waiting != 7 || s.Relayed != 0 || since < time.Hour || since > time.Hour+time.Minute {
		t.Errorf("stuck: %v, %+v", err, s)
	}
	if _, _, err := settle(nil, false, 1<<30); !errors.Is(err, errAway) {
		t.Errorf("away: the error is %v", err)
	}
}

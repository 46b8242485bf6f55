package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/model"
)

// TestTheModelAfterEveryStep lets a random business live, batch by batch and day by day, and holds the database against
// the model, and every law, after each.
func TestTheModelAfterEveryStep(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := drawBusiness(rt)
		w := b.world(t, rt)
		defer w.close()
		w.spends = true
		var told []fact.Event
		for _, batch := range drawDelivery(rt, b.events) {
			if rapid.IntRange(0, 3).Draw(rt, "wait") == 0 {
				w.pass(rt)
				w.tick()
				w.equals(b.soFar(told, w.now))
			}
			w.apply(batch...)
			told = append(told, batch...)
			w.spendSome(rt, len(told))
			w.lawful()
			if rapid.IntRange(0, 3).Draw(rt, "fold") == 0 {
				w.fold(rapid.IntRange(1, 3).Draw(rt, "rows"))
				w.lawful()
			}
		}
		w.tick()
		w.equals(b.soFar(told, w.now))
		w.addsUp()
	})
}

// TestTheModelWhateverTheDelivery delivers a random business in any order, repeated, in batches, to several workers at
// once, some of which die on the way, with clocks that look at what is due beside them.
func TestTheModelWhateverTheDelivery(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := drawBusiness(rt)
		w := b.world(t, rt)
		defer w.close()
		w.strictly(t)
		var jobs []job
		for _, batch := range drawDelivery(rt, b.events) {
			j := job{batch: batch}
			if rapid.IntRange(0, 3).Draw(rt, "mortal") == 0 {
				j.dies = rapid.Int32Range(1, 50).Draw(rt, "dies")
			}
			jobs = append(jobs, j)
			if rapid.IntRange(0, 5).Draw(rt, "look") == 0 {
				jobs = append(jobs, job{})
			}
		}
		workers := rapid.IntRange(1, 8).Draw(rt, "workers")
		for len(jobs) > 0 {
			n := rapid.IntRange(1, len(jobs)).Draw(rt, "until")
			w.work(jobs[:n], workers)
			w.pass(rt)
			jobs = jobs[n:]
		}
		w.tick()
		w.equals(b.soFar(b.events, w.now))
		w.addsUp()
	})
}

// TestBusinessesAreOfEveryKind: what is made up comes to everything that a referral can come to, and not once in a while.
func TestBusinessesAreOfEveryKind(t *testing.T) {
	seen := make(map[string]int)
	made := rapid.Custom(drawBusiness)
	for seed := range 300 {
		b := made.Example(seed)
		for _, r := range b.soFar(b.events, noon.Add(100*day)).Outcome().Referrals {
			seen[strings.TrimSpace(r.Status+" "+r.Reason)]++
		}
		for _, r := range b.soFar(b.events, noon.Add(time.Hour)).Outcome().Referrals {
			seen[r.Status]++
		}
	}
	for _, kind := range []string{
		"pending", "qualified", "rewarded", "cancelled refunded", "cancelled expired", "cancelled self_referral",
		"cancelled existing_customer", "cancelled superseded", "cancelled disputed", "cancelled rejected",
		"cancelled below_minimum", "cancelled fraud", "cancelled erased",
	} {
		if seen[kind] < 10 {
			t.Errorf("only %d of 300 businesses have a referral that is %s: %v", seen[kind], kind, seen)
		}
	}
	t.Log(seen)
}

// TestErasedBusinessesAreApart: where somebody is erased, no customer is said to be two people at one moment. Which of them
// counts would depend on when the erasure came.
func TestErasedBusinessesAreApart(t *testing.T) {
	made, claims := rapid.Custom(drawBusiness), 0
	for seed := range 300 {
		b, who := made.Example(seed), make(map[string]string)
		note := func(customer, user string, at time.Time) {
			said := fmt.Sprint(customer, " at ", at)
			if old := who[said]; old != "" && old != user {
				t.Errorf("business %d: %s is said to be %s and %s", seed, said, old, user)
			}
			who[said] = user
			claims++
		}
		for _, e := range b.events {
			if e.Tie != nil && b.some.has(erasure) {
				note(e.Tie.Customer, e.Tie.UserID, e.Tie.At)
			}
			if s := e.SignUp; s != nil && s.Customer != "" && b.some.has(erasure) {
				note(live.Key(s.Customer), s.UserID, s.RegisteredAt)
			}
		}
	}
	if claims < 300 {
		t.Errorf("only %d times is it said who a customer is", claims)
	}
}

// world is a new one with the business's programs.
func (b *business) world(t *testing.T, rt reporter) *world {
	w := newWorld(t, "")
	w.t = rt
	if _, err := w.pool.Exec(w.ctx, "delete from terms"); err != nil {
		rt.Fatalf("%v", err)
	}
	for name, versions := range b.programs {
		for _, v := range versions {
			w.now = v.From
			applied, err := w.tools.ApplyProgram(w.ctx, []byte(yamlOf(name, v.Terms)))
			if err != nil || applied.Changed && !applied.EffectiveFrom.Equal(v.From) {
				rt.Fatalf("%s\n%+v, %v", yamlOf(name, v.Terms), applied, err)
			}
		}
	}
	w.now = noon
	return w
}

// pass lets time go by.
func (w *world) pass(rt *rapid.T) {
	w.now = w.now.Add(rapid.SampledFrom([]time.Duration{0, time.Hour, 29 * day, 61 * day}).Draw(rt, "pass"))
}

// equals holds what is stored against the model, and every law.
func (w *world) equals(b model.Business) {
	w.t.Helper()
	if places := w.places(); places != nil {
		b.Slot = func(referee, code string) int { return places[referee+" "+code] }
		w.noneRefusedInVain()
	}
	if diff := cmp.Diff(shown(b.Outcome()), w.outcome()); diff != "" {
		w.t.Fatalf("at %s, -the model +the store:\n%s", w.now.Format(time.RFC3339), diff)
	}
	w.lawful()
}

// shown writes the model's outcome as outcome does.
func shown(o model.Outcome) string {
	var lines []string
	for _, r := range o.Referrals {
		line := fmt.Sprintf("%s by %s (%s): %s %s", r.Referee, r.Referrer, r.Code, r.Status, r.Reason)
		var rewards []string
		for _, reward := range r.Rewards {
			rewards = append(rewards, fmt.Sprintf(" [%s %s %s]", reward.To, reward.UserID, reward.Amount))
		}
		lines = append(lines, line+referrersFirst(rewards))
	}
	for _, b := range o.Balances {
		lines = append(lines, fmt.Sprintf("%s has %s", b.UserID, b.Amount))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// places are those on the codes, as they were handed out. Nil when somebody was erased: who had which can not be asked.
func (w *world) places() map[string]int {
	w.t.Helper()
	rows, err := w.pool.Query(w.ctx, `select coalesce(u.external_id, ''), c.code, r.slot from referrals r
		join users u on u.id = r.referee_id join codes c on c.id = r.code_id`)
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	defer rows.Close()
	all := make(map[string]int)
	for rows.Next() {
		var referee, code string
		var slot int
		if err := rows.Scan(&referee, &code, &slot); err != nil {
			w.t.Fatalf("%v", err)
		}
		if referee == "" {
			return nil
		}
		all[referee+" "+code] = slot
	}
	return all
}

// noneRefusedInVain is the half of law 5 that the audit can not see: where a place was refused, none is free.
func (w *world) noneRefusedInVain() {
	w.t.Helper()
	var code string
	err := w.pool.QueryRow(w.ctx, `select coalesce(min(c.code), '') from codes c where c.granted < c.max_uses
		and exists (select from referrals r where r.code_id = c.id and r.slot = -1)`).Scan(&code)
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	if code != "" {
		w.t.Errorf("a place on %s was refused, and one is free", code)
	}
}

package store

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/referral"
)

// attributedCode says that somebody attributed a user to a code by hand.
type attributedCode struct {
	code, program int64 // program is 0 while nobody has the code
	at            time.Time
	event, cause  string
}

// loadHand reads who was attributed by hand before, and the sign-ups of those who are.
func (t *txn) loadHand() error {
	var ids []int64
	for id, u := range t.users {
		if u.byHand {
			ids = append(ids, id)
		}
	}
	for _, a := range t.in.attributions {
		if id := t.names.user[a.UserID]; !t.names.newUser[id] {
			ids = append(ids, id)
		}
	}
	return t.together(
		ask(sortedUnique(ids), func(q *db.Queries, ids []int64) error { return listAttributions(t.ctx, q, ids, t.hand) }),
		ask(sortedUnique(ids), t.loadSignUps),
	)
}

// listAttributions reads who was attributed by hand.
func listAttributions(ctx context.Context, q *db.Queries, users []int64, into map[int64][]attributedCode) error {
	rows, err := q.ListAttributions(ctx, users)
	for _, r := range rows {
		into[r.UserID] = append(into[r.UserID], attributedCode{code: r.CodeID, program: r.ProgramID, at: r.At.UTC(), event: r.EventKey})
	}
	return err
}

// recordHand records what people decided, and makes the referrals that follow from attributions by hand.
func (t *txn) recordHand() error {
	if err := t.saveAttributions(); err != nil {
		return err
	}
	for _, id := range keysOf(t.hand) {
		for _, a := range t.hand[id] {
			if c := t.codes[a.code]; c != nil && c.owner != 0 {
				t.attributeByHand(t.users[id], a, c)
			}
		}
	}
	return t.saveDecisions()
}

func (t *txn) saveAttributions() error {
	var rows db.InsertAttributionsParams
	marked := make(map[int64]bool)
	for _, a := range t.in.attributions {
		user, code := t.names.user[a.UserID], t.names.code[a.Code]
		rows.EventKey = append(rows.EventKey, a.event)
		rows.UserID = append(rows.UserID, user)
		rows.CodeID = append(rows.CodeID, code)
		rows.At = append(rows.At, a.At)
		rows.DecidedBy = append(rows.DecidedBy, a.By)
		rows.Why = append(rows.Why, a.Why)
		marked[user] = true
		t.hand[user] = append(t.hand[user], attributedCode{code: code, at: a.At, event: a.event, cause: a.cause})
	}
	for user, all := range t.hand {
		for i, a := range all {
			if c := t.codes[a.code]; c != nil {
				all[i].program = c.program
			}
			if a.cause == "" {
				all[i].cause = t.touched[user]
			}
		}
	}
	if len(marked) == 0 {
		return nil
	}
	if err := t.later.queries().MarkByHand(t.ctx, slices.Sorted(maps.Keys(marked))); err != nil {
		return err
	}
	return t.later.queries().InsertAttributions(t.ctx, rows)
}

// attributeByHand makes a referral, or dates one that a sign-up made anew: its window runs from the sign-up that stands,
// whatever code that named, and where none is known, from the attribution that counts.
func (t *txn) attributeByHand(u *user, a attributedCode, c *code) {
	at := u.signUp.at
	if u.signUp.none() {
		at = lastIn(c.program, t.hand[u.id]).at
	}
	t.attribute(&signUpState{user: u.id, code: c.id, at: at, cause: a.cause}, c)
}

// standsFor says whether it is a code that a user counts as referred with, in a program: the one they were attributed to by
// hand last, or else that of the sign-up that stands.
func (u *user) standsFor(code, program int64, hand []attributedCode) bool {
	if last := lastIn(program, hand); last.code != 0 {
		return last.code == code
	}
	return !u.signUp.none() && u.signUp.code == code
}

// lastIn is the attribution that counts in a program: the latest, then that of the greater event key.
func lastIn(program int64, hand []attributedCode) (last attributedCode) {
	for _, a := range hand {
		if a.program == program && (last.code == 0 || cmp.Or(a.at.Compare(last.at), cmp.Compare(a.event, last.event)) > 0) {
			last = a
		}
	}
	return last
}

func (t *txn) saveDecisions() error {
	var rows db.InsertDecisionsParams
	for _, d := range t.in.decisions {
		key := [2]int64{t.names.user[d.UserID], t.names.code[d.Code]}
		rows.EventKey = append(rows.EventKey, d.event)
		rows.UserID = append(rows.UserID, key[0])
		rows.CodeID = append(rows.CodeID, key[1])
		rows.Verdict = append(rows.Verdict, string(d.Verdict))
		rows.At = append(rows.At, d.At)
		rows.DecidedBy = append(rows.DecidedBy, d.By)
		rows.Why = append(rows.Why, d.Why)
		if it := t.bySignUp[key]; it != nil {
			it.decided, it.cause = true, d.cause
			if d.Verdict == fact.Reopened {
				t.reopen(it)
			}
		}
	}
	if len(rows.EventKey) == 0 {
		return nil
	}
	return t.later.queries().InsertDecisions(t.ctx, rows)
}

// reopen takes the refusal of a place back. Whoever decides so wants this referral to count: see makeRoom.
func (t *txn) reopen(it *item) {
	if referral.Slot(it.Slot) == referral.SlotRefused {
		it.Slot, it.changed, it.reopened = int32(referral.SlotUnasked), true, true
	}
}

// makeRoom gives a referral that was reopened its place, before all others: where the code is full, it gets one more.
func (t *txn) makeRoom(it *item) referral.Slot {
	limits := &t.codes[it.CodeID].limits
	if limits.MaxUses > 0 && limits.Granted >= limits.MaxUses {
		limits.MaxUses++
	}
	limits.Granted++
	return referral.Slot(limits.Granted)
}

// undecided are the referrals of which it is not known yet what somebody decided: new ones of people who are not, and
// those that the batch decides about.
func (t *txn) undecided() (items []*item) {
	for _, it := range t.items {
		if t.divided[it.RefereeID] { // what was decided may be of the other
			it.Decision, it.DecidedAt, it.changed, it.decided = nil, nil, true, true
		}
		if it.decided || (it.isNew && !t.names.newUser[it.RefereeID]) {
			items = append(items, it)
		}
	}
	return items
}

// loadDecisions reads the decision that stands: the latest.
func (t *txn) loadDecisions(q *db.Queries, items []*item) error {
	var ask db.LatestDecisionsParams
	for _, it := range items {
		ask.UserID = append(ask.UserID, it.RefereeID)
		ask.CodeID = append(ask.CodeID, it.CodeID)
	}
	rows, err := q.LatestDecisions(t.ctx, ask)
	for _, r := range rows {
		it := t.bySignUp[[2]int64{r.UserID, r.CodeID}]
		if deref(it.Decision) != r.Verdict || !derefTime(it.DecidedAt).Equal(r.At) {
			at := r.At.UTC()
			it.Decision, it.DecidedAt, it.changed, it.decided = &r.Verdict, &at, true, true
		}
	}
	return err
}

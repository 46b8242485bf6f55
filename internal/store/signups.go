package store

import (
	"maps"
	"slices"
	"time"

	"github.com/plusone-dev/plusone/db"
)

// signUpState is a user's earliest sign-up with one code.
type signUpState struct {
	user, code int64
	at         time.Time
	event      string
	cause      string
	waiting    bool
	changed    bool
}

// recordSignUps records each user's earliest sign-up with each code, and makes the referrals that follow from it.
func (t *txn) recordSignUps() error {
	if len(t.waiting) > 0 {
		if err := t.loadSignUps(t.q, sortedUnique(t.waiting)); err != nil {
			return err
		}
	}
	for _, ups := range t.in.signUps {
		for _, s := range ups {
			t.foldSignUp(s)
		}
	}
	return t.saveSignUps()
}

// loadSignUps reads the sign-ups of users who are locked.
func (t *txn) loadSignUps(q *db.Queries, users []int64) error {
	rows, err := q.ListSignUps(t.ctx, users)
	for _, r := range rows {
		t.signUps[[2]int64{r.UserID, r.CodeID}] = &signUpState{
			user: r.UserID, code: r.CodeID, at: r.RegisteredAt.UTC(), event: r.EventKey, waiting: r.Waiting, cause: t.touched[r.UserID],
		}
	}
	return err
}

func (t *txn) foldSignUp(s signUp) {
	if s.Code == "" {
		return
	}
	key := [2]int64{t.names.user[s.UserID], t.names.code[s.Code]}
	old := t.signUps[key]
	if old != nil && !s.precedes(standing{at: old.at, event: old.event}) {
		return
	}
	t.signUps[key] = &signUpState{
		user: key[0], code: key[1], at: s.RegisteredAt, event: s.event, cause: s.cause, changed: true, waiting: true,
	}
}

func (t *txn) saveSignUps() error {
	var rows db.SaveSignUpsParams
	for _, key := range slices.SortedFunc(maps.Keys(t.signUps), comparePairs) {
		s := t.signUps[key]
		c := t.codes[s.code]
		if c == nil {
			continue // an older sign-up with a code that this batch does not concern
		}
		if s.waiting && c.owner != 0 {
			s.waiting, s.changed = false, true
		}
		if s.changed {
			rows.UserID = append(rows.UserID, s.user)
			rows.CodeID = append(rows.CodeID, s.code)
			rows.RegisteredAt = append(rows.RegisteredAt, s.at)
			rows.EventKey = append(rows.EventKey, s.event)
			rows.Waiting = append(rows.Waiting, s.waiting)
		}
		if c.owner != 0 {
			t.attribute(s, c)
		}
	}
	if len(rows.UserID) == 0 {
		return nil
	}
	return t.later.queries().SaveSignUps(t.ctx, rows)
}

func comparePairs(a, b [2]int64) int { return slices.Compare(a[:], b[:]) }

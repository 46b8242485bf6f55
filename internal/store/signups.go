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
	var who []int64
	for name := range t.in.signUps {
		who = append(who, t.names.user[name])
	}
	who = append(who, t.waiting...)
	if len(who) == 0 {
		return nil
	}
	rows, err := t.q.ListSignUps(t.ctx, sortedUnique(who))
	if err != nil {
		return err
	}
	all := make(map[[2]int64]*signUpState)
	for _, r := range rows {
		all[[2]int64{r.UserID, r.CodeID}] = &signUpState{
			user: r.UserID, code: r.CodeID, at: r.RegisteredAt.UTC(), event: r.EventKey, waiting: r.Waiting, cause: t.touched[r.UserID],
		}
	}
	for _, ups := range t.in.signUps {
		for _, s := range ups {
			t.foldSignUp(all, s)
		}
	}
	return t.saveSignUps(all)
}

func (t *txn) foldSignUp(all map[[2]int64]*signUpState, s signUp) {
	if s.Code == "" {
		return
	}
	key := [2]int64{t.names.user[s.UserID], t.names.code[s.Code]}
	old := all[key]
	if old != nil && !s.precedes(standing{at: old.at, event: old.event}) {
		return
	}
	all[key] = &signUpState{
		user: key[0], code: key[1], at: s.RegisteredAt, event: s.event, cause: s.cause, changed: true, waiting: true,
	}
}

func (t *txn) saveSignUps(all map[[2]int64]*signUpState) error {
	var rows db.SaveSignUpsParams
	for _, key := range slices.SortedFunc(maps.Keys(all), comparePairs) {
		s := all[key]
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

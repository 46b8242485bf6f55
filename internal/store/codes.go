package store

import (
	"time"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/referral"
)

// code is a referral code, locked, as it is after the batch.
type code struct {
	id       int64
	name     string
	owner    int64
	program  int64
	limits   referral.Code
	saved    int // places granted, and places in all, as stored
	savedMax int
	assigned time.Time // when it was given to its owner beside the one of their sign-up; zero for that one
	claimed  bool      // it has just got its owner
	isNew    bool      // and was made for them, or at least by this transaction
}

// lockCodes locks the codes that the batch names, those of the referrals, and those that users own of whom something
// changed that ties people to their referees.
func (t *txn) lockCodes() error {
	var ids, owners []int64
	for _, id := range t.names.code {
		if t.codes[id] == nil {
			ids = append(ids, id)
		}
	}
	for _, it := range t.items {
		ids = append(ids, it.CodeID)
	}
	for name := range t.in.signUps {
		if id := t.names.user[name]; !t.names.newUser[id] {
			owners = append(owners, id)
		}
	}
	for id := range t.carded {
		owners = append(owners, id)
	}
	if len(ids) == 0 && len(owners) == 0 {
		return nil
	}
	rows, err := t.q.LockCodes(t.ctx, db.LockCodesParams{Ids: sortedUnique(ids), OwnerIds: sortedUnique(owners)})
	for _, r := range rows {
		t.codes[r.ID] = &code{
			id: r.ID, name: r.Code, owner: deref(r.OwnerID), program: deref(r.ProgramID),
			limits: referral.Code{MaxUses: int(r.MaxUses), Granted: int(r.Granted)}, saved: int(r.Granted), savedMax: int(r.MaxUses),
			assigned: derefTime(r.AssignedAt),
		}
	}
	return err
}

// claimCodes gives each user who signed up and has no code the one that was drawn for them, where it was there already;
// and so with codes that are assigned. First come, first served: a code is never taken from anybody.
func (t *txn) claimCodes() error {
	owns := make(map[[2]int64]bool)
	for _, c := range t.codes {
		if c.assigned.IsZero() {
			owns[[2]int64{c.owner, c.program}] = true
		}
	}
	var rows db.ClaimCodesParams
	claim := func(c *code, owner, program int64, at time.Time) {
		t.give(c, owner, program, at)
		rows.Ids = append(rows.Ids, c.id)
		rows.OwnerID = append(rows.OwnerID, c.owner)
		rows.ProgramID = append(rows.ProgramID, c.program)
		rows.MaxUses = append(rows.MaxUses, int32(c.limits.MaxUses))
		rows.AssignedAt = append(rows.AssignedAt, c.assigned)
	}
	taken := make(map[membership]int)
	for _, m := range t.candidates() {
		u := t.users[t.names.user[m.user]]
		if owns[[2]int64{u.id, m.program}] {
			continue // given by somebody else between looking and locking
		}
		c := t.codes[t.names.code[t.names.candidate[m]]]
		if c.owner != 0 {
			taken[t.names.drawnFor(m)]++
			continue
		}
		claim(c, u.id, m.program, t.signedUpIn(m))
	}
	if len(taken) > 0 {
		return &grownError{more: extra{redraw: taken}, why: "codes that were drawn are taken"}
	}
	for _, a := range t.in.assignments {
		switch c := t.codes[t.names.code[a.Code]]; c.owner {
		case 0:
			c.assigned = a.At
			claim(c, t.names.user[a.UserID], t.terms.named(a.Program), a.At)
		case t.names.user[a.UserID]:
		default:
			t.result.Taken = append(t.result.Taken, Taken{Event: a.cause, Code: a.Code})
		}
	}
	if len(rows.Ids) == 0 {
		return nil
	}
	return t.later.queries().ClaimCodes(t.ctx, rows)
}

// claimedCodes are those that somebody may have named before they had an owner.
func (t *txn) claimedCodes() (ids []int64) {
	for id, c := range t.codes {
		if c.claimed && !c.isNew {
			ids = append(ids, id)
		}
	}
	return ids
}

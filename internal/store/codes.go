package store

import (
	"maps"
	"slices"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/referral"
)

// code is a referral code, locked, as it is after the batch.
type code struct {
	id      int64
	name    string
	owner   int64
	program int64
	limits  referral.Code
	saved   int  // places granted, as stored
	claimed bool // it has just got its owner
	isNew   bool // and was made for them, or at least by this transaction
}

// lockCodes locks the codes that the sign-ups name, those of the referrals, and those that the users own.
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
	if len(ids) == 0 && len(owners) == 0 {
		return nil
	}
	rows, err := t.q.LockCodes(t.ctx, db.LockCodesParams{Ids: sortedUnique(ids), OwnerIds: sortedUnique(owners)})
	for _, r := range rows {
		t.codes[r.ID] = &code{
			id: r.ID, name: r.Code, owner: deref(r.OwnerID), program: deref(r.ProgramID),
			limits: referral.Code{MaxUses: int(r.MaxUses), Granted: int(r.Granted)}, saved: int(r.Granted),
		}
	}
	return err
}

// claimCodes gives each user who signed up and has no code the one that was drawn for them, where it was there already.
func (t *txn) claimCodes() error {
	owns := make(map[int64]bool)
	for _, c := range t.codes {
		owns[c.owner] = true
	}
	var rows db.ClaimCodesParams
	taken := make(map[string]int)
	for _, name := range slices.Sorted(maps.Keys(t.names.candidate)) {
		u := t.users[t.names.user[name]]
		if owns[u.id] {
			continue // given by somebody else between looking and locking
		}
		c := t.codes[t.names.code[t.names.candidate[name]]]
		if c.owner != 0 {
			taken[name]++
			continue
		}
		t.give(c, u)
		rows.Ids = append(rows.Ids, c.id)
		rows.OwnerID = append(rows.OwnerID, c.owner)
		rows.ProgramID = append(rows.ProgramID, c.program)
		rows.MaxUses = append(rows.MaxUses, int32(c.limits.MaxUses))
	}
	if len(taken) > 0 {
		return &grownError{more: extra{redraw: taken}, why: "codes that were drawn are taken"}
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

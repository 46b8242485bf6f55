package store

import (
	"maps"
	"slices"

	"github.com/plusone-dev/plusone/internal/payment"
)

// names are the internal numbers of what a batch speaks of by its sources' own names.
type names struct {
	user      map[string]int64
	userOf    map[int64]string
	customer  map[string]int64
	code      map[string]int64
	candidate map[string]string // a new code for each user who signs up and has none
}

func newNames() names {
	return names{
		user: make(map[string]int64), userOf: make(map[int64]string), customer: make(map[string]int64),
		code: make(map[string]int64), candidate: make(map[string]string),
	}
}

// addUser learns a name. A row that is lost has none: nobody else's must be taken for it.
func (n *names) addUser(id int64, external string) {
	if external == "" {
		return
	}
	n.user[external] = id
	n.userOf[id] = external
}

// nameAll makes the rows that are missing and learns the number of each. Rows are made in the order of locks.
func (t *txn) nameAll() error {
	t.names = newNames()
	t.addCustomersOfSignUps()
	if err := t.nameCustomers(); err != nil {
		return err
	}
	if err := t.nameUsers(); err != nil {
		return err
	}
	return t.nameCodes()
}

// addCustomersOfSignUps turns the Stripe customer that a sign-up names into a tie like any other.
func (t *txn) addCustomersOfSignUps() {
	scope := payment.Scope{Live: t.store.opts.Live}
	for _, id := range slices.Sorted(maps.Keys(t.in.signUps)) {
		for _, s := range t.in.signUps[id] {
			if s.Customer == "" {
				continue
			}
			key := scope.Key(s.Customer)
			old := t.in.ties[key]
			said := payment.Claim{UserID: s.UserID, At: s.RegisteredAt}
			if payment.FirstClaim(old.Claim, said) == said {
				t.in.ties[key] = namedTie{said, s.cause}
			}
		}
	}
}

func (t *txn) nameCustomers() error {
	keys := t.in.customerKeys()
	if len(keys) == 0 {
		return nil
	}
	if err := t.q.EnsureCustomers(t.ctx, keys); err != nil {
		return err
	}
	rows, err := t.q.FindCustomers(t.ctx, keys)
	for _, r := range rows {
		t.names.customer[r.Key] = r.ID
	}
	return err
}

func (t *txn) nameUsers() error {
	ids := t.in.userIDs()
	if len(ids) == 0 {
		return nil
	}
	if err := t.q.EnsureUsers(t.ctx, ids); err != nil {
		return err
	}
	rows, err := t.q.FindUsers(t.ctx, ids)
	if err != nil {
		return err
	}
	length := t.terms.newest(t.terms.fallback).terms.Codes.Length
	for _, r := range rows {
		t.names.addUser(r.ID, r.ExternalID)
		if _, signsUp := t.in.signUps[r.ExternalID]; signsUp && !r.HasCode {
			t.names.candidate[r.ExternalID] = t.store.opts.Codes(r.ExternalID, length, t.also.redraw[r.ExternalID])
		}
	}
	return nil
}

func (t *txn) nameCodes() error {
	codes := t.in.codeNames()
	for _, c := range t.names.candidate {
		codes = append(codes, c)
	}
	if len(codes) == 0 {
		return nil
	}
	codes = sortedUnique(codes)
	if err := t.q.EnsureCodes(t.ctx, codes); err != nil {
		return err
	}
	rows, err := t.q.FindCodes(t.ctx, codes)
	for _, r := range rows {
		t.names.code[r.Code] = r.ID
	}
	return err
}

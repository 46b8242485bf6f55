package store

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/referral"
)

// numberNewcomers gives a number to every name that is not known yet. Until they are recorded the numbers are ours alone.
func (t *txn) numberNewcomers() error {
	customers := unknown(t.in.customerKeys(), t.names.customer)
	users := unknown(t.in.userIDs(), t.names.user)
	codes := unknown(t.codeNames(), t.names.code)
	number := func(names []string, allocate func(*db.Queries, context.Context, int32) ([]int64, error), learn func(name string, id int64)) read {
		return ask(names, func(q *db.Queries, names []string) error {
			ids, err := allocate(q, t.ctx, int32(len(names)))
			for i, id := range ids {
				learn(names[i], id)
			}
			return err
		})
	}
	return t.together(
		number(customers, (*db.Queries).AllocateCustomers, func(name string, id int64) {
			t.names.customer[name], t.names.newCustomer[id] = id, true
		}),
		number(users, (*db.Queries).AllocateUsers, func(name string, id int64) {
			t.names.addUser(id, name)
			t.names.newUser[id] = true
		}),
		number(codes, (*db.Queries).AllocateCodes, func(name string, id int64) {
			t.names.code[name] = id
			t.codes[id] = &code{id: id, name: name, isNew: true}
		}),
		ask(t.newPayments(), t.numberPayments),
	)
}

// unknown are the names that have no number yet, in the order given.
func unknown(all []string, known map[string]int64) (names []string) {
	for _, name := range all {
		if _, ok := known[name]; !ok {
			names = append(names, name)
		}
	}
	return names
}

// recordNewcomers records what is new as the batch says it is: customers with their ties, users with the sign-up that
// stands, codes with their owners, objects with their payments. Where somebody else was faster, all is begun anew.
func (t *txn) recordNewcomers() error {
	if err := t.ownCodes(); err != nil {
		return err
	}
	customers, users, codes := t.customerRows(), t.userRows(), t.codeRows()
	objects := t.objectRows()
	made := func(n int64, err error, of int) error {
		if err == nil && n < int64(of) {
			return &grownError{more: extra{careful: true}, why: "something new was recorded by somebody else just now, or a code is taken"}
		}
		return err
	}
	return t.together(
		ask(customers.ID, func(q *db.Queries, ids []int64) error {
			n, err := q.InsertCustomers(t.ctx, customers)
			return made(n, err, len(ids))
		}),
		ask(users.ID, func(q *db.Queries, ids []int64) error {
			n, err := q.InsertUsers(t.ctx, users)
			return made(n, err, len(ids))
		}),
		ask(codes.ID, func(q *db.Queries, ids []int64) error {
			n, err := q.InsertCodes(t.ctx, codes)
			return made(n, err, len(ids))
		}),
		ask(objects.Key, func(q *db.Queries, keys []string) error {
			n, err := q.InsertObjects(t.ctx, objects.InsertObjectsParams)
			return made(n, err, len(keys))
		}),
	)
}

// ownCodes registers new users, and gives them the codes that were drawn for them, where those are new too; and so with
// codes that are assigned.
func (t *txn) ownCodes() error {
	for name, all := range t.in.signUps {
		if id := t.names.user[name]; t.names.newUser[id] {
			u := &user{id: id}
			t.users[id] = u
			if err := t.stand(u, all); err != nil {
				return err
			}
		}
	}
	taken := make(map[membership]int)
	for _, m := range t.candidates() {
		id := t.names.user[m.user]
		c := t.codes[t.names.code[t.names.candidate[m]]]
		switch {
		case !t.names.newUser[id] || c == nil: // one of them is there already: see claimCodes
		case c.owner != 0: // drawn twice
			taken[t.names.drawnFor(m)]++
		default:
			t.give(c, id, m.program, t.signedUpIn(m))
			delete(t.names.candidate, m)
		}
	}
	if len(taken) > 0 {
		return &grownError{more: extra{redraw: taken}, why: "a code was drawn twice"}
	}
	for _, a := range t.in.assignments {
		if c := t.codes[t.names.code[a.Code]]; c != nil && c.owner == 0 {
			c.assigned = a.At
			t.give(c, t.names.user[a.UserID], t.terms.named(a.Program), a.At)
		}
	}
	return nil
}

// candidates are those for whom a code was drawn, in order.
func (t *txn) candidates() []membership {
	return slices.SortedFunc(maps.Keys(t.names.candidate), compareMemberships)
}

// signedUpIn is when somebody signed up in a program, going by the batch.
func (t *txn) signedUpIn(m membership) (at time.Time) {
	for _, s := range t.in.signUps[m.user] {
		if t.terms.named(s.Program) == m.program && (at.IsZero() || s.RegisteredAt.Before(at)) {
			at = s.RegisteredAt
		}
	}
	return at
}

// give makes a code somebody's, with as many places as the terms of the moment say.
func (t *txn) give(c *code, owner, program int64, at time.Time) {
	c.owner, c.program, c.claimed = owner, program, true
	c.limits = referral.Code{MaxUses: t.terms.at(program, at).terms.Codes.MaxUses}
	c.savedMax = c.limits.MaxUses
}

func (t *txn) customerRows() (rows db.InsertCustomersParams) {
	for _, key := range keysOf(t.names.customer) {
		if id := t.names.customer[key]; t.names.newCustomer[id] {
			tie := t.in.ties[key]
			rows.ID = append(rows.ID, id)
			rows.Key = append(rows.Key, key)
			rows.UserID = append(rows.UserID, t.names.user[tie.UserID])
			rows.TiedAt = append(rows.TiedAt, tie.At)
		}
	}
	return rows
}

func (t *txn) userRows() (rows db.InsertUsersParams) {
	rows.Traced = t.terms.traced()
	for _, name := range keysOf(t.names.user) {
		id := t.names.user[name]
		if !t.names.newUser[id] {
			continue
		}
		u := t.users[id]
		if u == nil { // heard of, but not by a sign-up
			u = &user{id: id}
			t.users[id] = u
		}
		rows.ID = append(rows.ID, id)
		rows.ExternalID = append(rows.ExternalID, name)
		rows.RegisteredAt = append(rows.RegisteredAt, u.signUp.at)
		rows.SignUpEvent = append(rows.SignUpEvent, u.signUp.event)
		rows.SignUpCode = append(rows.SignUpCode, u.signUp.code)
		rows.ProgramID = append(rows.ProgramID, u.program)
		rows.Username = append(rows.Username, u.username)
		rows.Email = append(rows.Email, u.email)
		t.verifyAll(u, t.in.verified[name])
		rows.EmailKey = append(rows.EmailKey, append([]byte{}, u.emailKey...))
		rows.VerifiedAt = append(rows.VerifiedAt, u.verifiedAt)
		rows.Disposable = append(rows.Disposable, u.disposable)
		rows.IpKey = append(rows.IpKey, append([]byte{}, u.ipKey...))
		rows.DeviceKey = append(rows.DeviceKey, append([]byte{}, u.deviceKey...))
		rows.Source = append(rows.Source, u.source)
	}
	return rows
}

func (t *txn) codeRows() (rows db.InsertCodesParams) {
	for _, name := range keysOf(t.names.code) {
		if c := t.codes[t.names.code[name]]; c != nil {
			rows.ID = append(rows.ID, c.id)
			rows.Code = append(rows.Code, name)
			rows.OwnerID = append(rows.OwnerID, c.owner)
			rows.ProgramID = append(rows.ProgramID, c.program)
			rows.MaxUses = append(rows.MaxUses, int32(c.limits.MaxUses))
			rows.AssignedAt = append(rows.AssignedAt, c.assigned)
		}
	}
	return rows
}

package store

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/payment"
)

// names are the internal numbers of what a batch speaks of by its sources' own names.
type names struct {
	user      map[string]int64
	userOf    map[int64]string
	said      map[string]string // what events call those who sign up, and up to when
	customer  map[string]int64
	code      map[string]int64
	candidate map[membership]string // a new code for everybody who signs up in a program and has none there

	// What is recorded for the first time, by this transaction: nobody else can know of it, so it is neither locked nor
	// read again.
	newUser     map[int64]bool
	newCustomer map[int64]bool
}

func newNames() names {
	return names{
		user: make(map[string]int64), userOf: make(map[int64]string), said: make(map[string]string), customer: make(map[string]int64),
		code: make(map[string]int64), candidate: make(map[membership]string),
		newUser: make(map[int64]bool), newCustomer: make(map[int64]bool),
	}
}

// membership is a user, by the business's id, in a program.
type membership struct {
	user    string
	program int64
}

func compareMemberships(a, b membership) int {
	return cmp.Or(cmp.Compare(a.user, b.user), cmp.Compare(a.program, b.program))
}

// drawnFor is for whom a code is drawn, by the id that events name and up to when it is theirs: what somebody who was erased
// is called may change from one attempt to the next.
func (n *names) drawnFor(m membership) membership { return membership{n.said[m.user], m.program} }

// nameOf is what a user is called within a transaction. Who was erased has no name any more, and is called by their number,
// behind a sign that no id of a business has.
func nameOf(id int64, external *string) string {
	if external != nil {
		return *external
	}
	return erasedSign + strconv.FormatInt(id, 10)
}

const erasedSign = "\x01"

// toldName is a user's name as it is told to the world: nothing, of those who were erased.
func toldName(name string) *string {
	if strings.HasPrefix(name, erasedSign) {
		return nil
	}
	return &name
}

// addUser learns a name. A row that is lost has none: nobody else's must be taken for it.
func (n *names) addUser(id int64, external string) {
	if external == "" {
		return
	}
	n.user[external] = id
	n.userOf[id] = external
}

// nameAll learns the number of everything the batch names, and makes the rows that are missing.
func (t *txn) nameAll() error {
	t.names = newNames()
	t.users, t.codes = make(map[int64]*user), make(map[int64]*code)
	t.books = newBooks()
	t.addCustomersOfSignUps()
	for _, step := range []func() error{t.findNames, t.dropCandidates, t.numberNewcomers, t.recordNewcomers} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
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

// findNames asks which of the names are known. A code is drawn for everybody who signs up. Whether it is free shows when
// it is recorded: among so many codes it is, so that only an attempt that failed looks for it before.
func (t *txn) findNames() error {
	for id, all := range t.in.signUps {
		for _, s := range all {
			m := membership{id, t.terms.named(s.Program)}
			t.names.said[id] = s.said + t.buried.until(s.said, id)
			t.names.candidate[m] = t.store.opts.Codes(s.said, t.terms.newest(m.program).terms.Codes.Length, t.also.redraw[t.names.drawnFor(m)])
		}
	}
	codes := t.in.codeNames()
	if t.also.careful {
		codes = t.codeNames()
	}
	users := slices.DeleteFunc(t.in.userIDs(), func(name string) bool {
		id, erased := numberOf(name)
		if erased {
			t.names.addUser(id, name)
		}
		return erased
	})
	return t.together(
		ask(t.in.customerKeys(), t.findCustomers), ask(users, t.findUsers), ask(codes, t.findCodes),
		ask(keysOf(t.in.objects), t.findObjects),
	)
}

// ask makes a read of a question about names. About none, none is asked.
func ask[T any](about []T, question func(*db.Queries, []T) error) read {
	return func(q *db.Queries) error {
		if len(about) == 0 {
			return nil
		}
		return question(q, about)
	}
}

func (t *txn) findCustomers(q *db.Queries, keys []string) error {
	rows, err := q.FindCustomers(t.ctx, keys)
	for _, r := range rows {
		t.names.customer[r.Key] = r.ID
	}
	return err
}

func (t *txn) findUsers(q *db.Queries, ids []string) error {
	rows, err := q.FindUsers(t.ctx, ids)
	for _, r := range rows {
		t.names.addUser(r.ID, r.ExternalID)
	}
	return err
}

func (t *txn) findCodes(q *db.Queries, codes []string) error {
	rows, err := q.FindCodes(t.ctx, codes)
	for _, r := range rows {
		t.names.code[r.Code] = r.ID
	}
	return err
}

// codeNames are the codes that sign-ups name, and those that were drawn.
func (t *txn) codeNames() []string {
	return sortedUnique(slices.Concat(t.in.codeNames(), slices.Collect(maps.Values(t.names.candidate))))
}

// dropCandidates forgets the codes that were drawn for people who have one. Few sign up whose row is there already.
func (t *txn) dropCandidates() error {
	var known []int64
	for m := range t.names.candidate {
		if n := t.names.user[m.user]; n != 0 {
			known = append(known, n)
		}
	}
	if len(known) == 0 {
		return nil
	}
	owners, err := t.q.ListOwners(t.ctx, sortedUnique(known))
	for _, o := range owners {
		delete(t.names.candidate, membership{t.names.userOf[o.OwnerID], o.ProgramID})
	}
	return err
}

// checkPrograms refuses what names a program that does not exist. It may be applied later, and the event played again.
func (t *txn) checkPrograms() error {
	check := func(name string) error {
		if t.terms.named(name) == 0 {
			return &decisionError{fmt.Errorf("there is no program named %q: apply it, then publish the dead letter to its subject again", name)}
		}
		return nil
	}
	for _, all := range t.in.signUps {
		for _, s := range all {
			if err := check(s.Program); err != nil {
				return err
			}
		}
	}
	for _, a := range t.in.assignments {
		if err := check(a.Program); err != nil {
			return err
		}
	}
	return nil
}

package store

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/referral"
)

// standing is the sign-up that stands for a user: the earliest.
type standing struct {
	at    time.Time
	event string
	code  int64 // the one it named; 0 for none
}

func (s standing) none() bool { return s.at.IsZero() }

// user is a person, locked, as they are after the batch.
type user struct {
	id      int64
	signUp  standing
	program int64
	traits
	old       traits // before the batch changed them
	oldSignUp standing
	before    joining       // as it is stored
	counted   countedSignUp // so, too

	verifiedAt time.Time // when the e-mail address was first verified
	erasedAt   time.Time
	byHand     bool   // somebody attributed them by hand
	username   string // these three of the sign-up that stands
	email      string
	source     string // how they came; empty when the business did not say so
	changed    bool
	verified   bool // the batch says so, earlier than was known
}

// traits are what ties people to one another, of the sign-up that stands.
type traits struct {
	emailKey, ipKey, deviceKey []byte
	disposable                 bool // the e-mail address is one to throw away
}

func (a traits) same(b traits) bool {
	return bytes.Equal(a.emailKey, b.emailKey) && bytes.Equal(a.ipKey, b.ipKey) && bytes.Equal(a.deviceKey, b.deviceKey)
}

// verify notes when an e-mail address was verified: the earliest counts, and others are kept.
func (t *txn) verify(u *user, at time.Time) {
	switch {
	case u.verifiedAt.Equal(at):
		return
	case !u.verifiedAt.IsZero() && at.After(u.verifiedAt):
		t.keepVerification(u, at)
		return
	case !u.verifiedAt.IsZero():
		t.keepVerification(u, u.verifiedAt)
	}
	u.verifiedAt, u.verified = at, true
}

func (t *txn) verifyAll(u *user, all []verification) {
	for _, v := range all {
		t.verify(u, v.at)
	}
}

// recordPeople records sign-ups, gives codes to those who have none, and locks everybody whose referrals are concerned.
func (t *txn) recordPeople() error {
	for name := range t.in.signUps {
		t.touch(t.names.user[name], t.in.signUps[name][0].cause)
	}
	for name, v := range t.in.verified {
		t.touch(t.names.user[name], v[0].cause)
	}
	for _, d := range t.in.decisions {
		t.touch(t.names.user[d.UserID], d.cause)
	}
	for _, a := range t.in.attributions {
		t.touch(t.names.user[a.UserID], a.cause)
	}
	for _, a := range t.in.assignments { // whose traits must not change while those who wait for the code are judged
		t.touch(t.names.user[a.UserID], a.cause)
	}
	for id, cause := range t.also.users {
		t.touch(id, cause)
	}
	if len(t.touched) == 0 {
		return nil
	}
	for _, step := range []func() error{
		t.lockUsers, t.register, t.recordCards, t.loadHand, t.lockAddresses, t.lockCodes, t.claimCodes, t.findRelated,
		t.recordSignUps, t.recordHand, t.saveRepeats,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// lockUsers locks everybody whose referrals are looked at, reads their sign-ups and referrals, and leaves the others alone.
func (t *txn) lockUsers() error {
	var known, signing []int64
	for id := range t.touched {
		if !t.names.newUser[id] {
			known = append(known, id)
		}
	}
	for name := range t.in.signUps {
		if id := t.names.user[name]; !t.names.newUser[id] {
			signing = append(signing, id)
		}
	}
	for id := range t.names.newUser {
		if _, touched := t.touched[id]; !touched {
			delete(t.users, id)
		}
	}
	return t.together(
		ask(sortedUnique(known), func(q *db.Queries, ids []int64) error {
			rows, err := q.LockUsers(t.ctx, ids)
			for _, r := range rows {
				t.users[r.ID] = readUser(r)
				t.names.addUser(r.ID, nameOf(r.ID, r.ExternalID))
			}
			return err
		}),
		ask(sortedUnique(known), t.loadReferrals),
		ask(sortedUnique(signing), t.loadSignUps),
	)
}

func readUser(r db.User) *user {
	u := &user{
		id: r.ID, program: deref(r.ProgramID), verifiedAt: derefTime(r.VerifiedAt), erasedAt: derefTime(r.ErasedAt), byHand: r.ByHand,
		username: deref(r.Username), email: deref(r.Email), source: deref(r.Source),
		traits: traits{emailKey: r.EmailKey, ipKey: r.IpKey, deviceKey: r.DeviceKey, disposable: r.Disposable},
	}
	if r.RegisteredAt != nil {
		u.signUp = standing{at: derefTime(r.RegisteredAt), event: deref(r.SignUpEvent), code: deref(r.SignUpCode)}
	}
	u.before, u.counted = u.joining(), u.counts()
	return u
}

// register lets the earliest sign-up of each user stand, whichever came first.
func (t *txn) register() error {
	rows := db.RegisterUsersParams{Traced: t.terms.traced()}
	for _, name := range slices.Sorted(maps.Keys(t.in.signUps)) {
		u := t.users[t.names.user[name]]
		if t.names.newUser[u.id] {
			continue // recorded with it
		}
		if err := t.stand(u, t.in.signUps[name]); err != nil {
			return err
		}
		if u.changed {
			addUserRow(&rows, u)
		}
	}
	if len(rows.Ids) > 0 {
		if err := t.later.queries().RegisterUsers(t.ctx, rows); err != nil {
			return err
		}
	}
	return t.saveVerified()
}

// saveVerified saves who has shown the address to be theirs, beside those whose sign-up is saved anyway.
func (t *txn) saveVerified() error {
	var rows db.VerifyUsersParams
	for name, all := range t.in.verified {
		if u := t.users[t.names.user[name]]; !t.names.newUser[u.id] {
			t.verifyAll(u, all)
		}
	}
	for _, id := range keysOf(t.users) {
		if u := t.users[id]; u.verified && !t.names.newUser[id] {
			rows.Ids = append(rows.Ids, id)
			rows.VerifiedAt = append(rows.VerifiedAt, u.verifiedAt)
		}
	}
	if len(rows.Ids) == 0 {
		return nil
	}
	return t.later.queries().VerifyUsers(t.ctx, rows)
}

// stand lets the earliest of the sign-ups stand for a user, unless an earlier one does. The others are kept.
func (t *txn) stand(u *user, all []signUp) error {
	u.old, u.oldSignUp = u.traits, u.signUp
	for _, s := range all {
		if s.EmailVerified {
			t.verify(u, s.RegisteredAt)
		}
		said := standing{at: s.RegisteredAt, event: s.event, code: t.names.code[s.Code]}
		its, program := t.traitsOf(s), t.terms.named(s.Program)
		if !s.precedes(u.signUp) {
			if err := t.keepSignUp(u, said, program, kept{s.Username, s.Email, s.Source}, its); err != nil {
				return err
			}
			continue
		}
		if !u.signUp.none() {
			if err := t.keepSignUp(u, u.signUp, u.program, kept{u.username, u.email, u.source}, u.traits); err != nil {
				return err
			}
		}
		u.signUp, u.program, u.traits, u.changed = said, program, its, true
		u.username, u.email, u.source = s.Username, s.Email, s.Source
		if !u.erasedAt.IsZero() {
			u.username, u.email = "", ""
		}
	}
	return nil
}

// traitsOf are what a sign-up says that ties people to one another: as it was kept, where it was.
func (t *txn) traitsOf(s signUp) traits {
	if its, ok := t.kept[s.event]; ok {
		return its
	}
	return t.store.traitsOf(s.SignUp)
}

func (s *Store) traitsOf(p fact.SignUp) traits {
	_, domain, _ := strings.Cut(referral.NormalEmail(p.Email), "@")
	return traits{
		emailKey: s.emailKey(p.Email), ipKey: s.ipKey(p.IP), deviceKey: s.deviceKey(p.DeviceID),
		disposable: domain != "" && s.opts.Disposable(domain),
	}
}

func addUserRow(rows *db.RegisterUsersParams, u *user) {
	rows.Ids = append(rows.Ids, u.id)
	rows.RegisteredAt = append(rows.RegisteredAt, u.signUp.at)
	rows.SignUpEvent = append(rows.SignUpEvent, u.signUp.event)
	rows.SignUpCode = append(rows.SignUpCode, u.signUp.code)
	rows.ProgramID = append(rows.ProgramID, u.program)
	rows.Username = append(rows.Username, u.username)
	rows.Email = append(rows.Email, u.email)
	rows.EmailKey = append(rows.EmailKey, append([]byte{}, u.emailKey...))
	rows.VerifiedAt = append(rows.VerifiedAt, u.verifiedAt)
	rows.Disposable = append(rows.Disposable, u.disposable)
	rows.IpKey = append(rows.IpKey, append([]byte{}, u.ipKey...))
	rows.DeviceKey = append(rows.DeviceKey, append([]byte{}, u.deviceKey...))
	rows.Source = append(rows.Source, u.source)
}

// findRelated finds the people whose referrals change with the batch though it does not speak of them: those who signed
// up with a code before it had an owner, and those who share something with somebody of whom it has just changed. All
// must be locked. Whoever changes such a thing holds the code's lock, so the answer stays true.
func (t *txn) findRelated() error {
	related := make(map[int64]string) // and the event that concerns them
	if claimed := t.claimedCodes(); len(claimed) > 0 {
		rows, err := t.q.ListWaiting(t.ctx, claimed)
		if err != nil {
			return err
		}
		for _, r := range rows {
			related[r.UserID] = t.touched[t.codes[r.CodeID].owner]
			t.waiting = append(t.waiting, r.UserID)
		}
	}
	if err := t.findSharers(related); err != nil {
		return err
	}
	maps.DeleteFunc(related, func(id int64, _ string) bool { return t.users[id] != nil })
	if len(related) > 0 {
		return &grownError{more: extra{users: related}, why: "people related to the batch"}
	}
	return nil
}

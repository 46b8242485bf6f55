package store

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"maps"
	"slices"
	"time"

	"github.com/plusone-dev/plusone/db"
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
	id       int64
	signUp   standing
	program  int64
	emailKey []byte
	profile  signUp // of the sign-up that stands; only set when the batch changes it
	changed  bool
	rekeyed  bool // the e-mail address changed
	oldKey   []byte
}

// recordPeople records sign-ups, gives codes to those who have none, and locks everybody whose referrals are concerned.
func (t *txn) recordPeople() error {
	for name := range t.in.signUps {
		t.touch(t.names.user[name], t.in.signUps[name][0].cause)
	}
	for id, cause := range t.also.users {
		t.touch(id, cause)
	}
	if len(t.touched) == 0 {
		return nil
	}
	for _, step := range []func() error{t.lockUsers, t.register, t.lockCodes, t.claimCodes, t.findRelated, t.recordSignUps} {
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
				t.names.addUser(r.ID, r.ExternalID)
			}
			return err
		}),
		ask(sortedUnique(known), t.loadReferrals),
		ask(sortedUnique(signing), t.loadSignUps),
	)
}

func readUser(r db.User) *user {
	u := &user{id: r.ID, program: deref(r.ProgramID), emailKey: r.EmailKey}
	if r.RegisteredAt != nil {
		u.signUp = standing{at: derefTime(r.RegisteredAt), event: deref(r.SignUpEvent), code: deref(r.SignUpCode)}
	}
	return u
}

// register lets the earliest sign-up of each user stand, whichever came first.
func (t *txn) register() error {
	var rows db.RegisterUsersParams
	for _, name := range slices.Sorted(maps.Keys(t.in.signUps)) {
		u := t.users[t.names.user[name]]
		if t.names.newUser[u.id] {
			continue // recorded with it
		}
		if t.stand(u, t.in.signUps[name]); u.changed {
			addUserRow(&rows, u)
		}
	}
	if len(rows.Ids) == 0 {
		return nil
	}
	return t.later.queries().RegisterUsers(t.ctx, rows)
}

// stand lets the earliest of the sign-ups stand for a user, unless an earlier one does.
func (t *txn) stand(u *user, all []signUp) {
	for _, s := range all {
		if s.precedes(u.signUp) {
			u.signUp = standing{at: s.RegisteredAt, event: s.event, code: t.names.code[s.Code]}
			u.profile, u.changed = s, true
		}
	}
	if !u.changed {
		return
	}
	key := t.store.emailKey(u.profile.Email)
	u.rekeyed, u.oldKey = !bytes.Equal(key, u.emailKey), u.emailKey
	u.emailKey, u.program = key, t.terms.fallback
}

func addUserRow(rows *db.RegisterUsersParams, u *user) {
	rows.Ids = append(rows.Ids, u.id)
	rows.RegisteredAt = append(rows.RegisteredAt, u.signUp.at)
	rows.SignUpEvent = append(rows.SignUpEvent, u.signUp.event)
	rows.SignUpCode = append(rows.SignUpCode, u.signUp.code)
	rows.ProgramID = append(rows.ProgramID, u.program)
	rows.Username = append(rows.Username, u.profile.Username)
	rows.Email = append(rows.Email, u.profile.Email)
	rows.EmailVerified = append(rows.EmailVerified, u.profile.EmailVerified)
	rows.EmailKey = append(rows.EmailKey, append([]byte{}, u.emailKey...))
}

// emailKey hashes a normalised address under the deployment's secret, so that equal addresses can be told without
// keeping them. Nil for no address.
func (s *Store) emailKey(address string) []byte {
	normal := referral.NormalEmail(address)
	if normal == "" {
		return nil
	}
	mac := hmac.New(sha256.New, s.opts.HashKey)
	mac.Write([]byte("email\x00" + normal))
	return mac.Sum(nil)
}

// findRelated finds the people whose referrals change with the batch though it does not speak of them: those who signed
// up with a code before it had an owner, and those who share an e-mail address that their referrer has, or had, just
// now. All must be locked. Whoever changes such a thing holds the code's lock, so the answer stays true.
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
	if owners, keys := t.rekeyedOwners(); len(keys) > 0 {
		rows, err := t.q.ListReferees(t.ctx, db.ListRefereesParams{EmailKeys: keys, ReferrerIds: owners})
		if err != nil {
			return err
		}
		for _, r := range rows {
			related[r.RefereeID] = t.touched[r.ReferrerID]
		}
	}
	maps.DeleteFunc(related, func(id int64, _ string) bool { return t.users[id] != nil })
	if len(related) > 0 {
		return &grownError{more: extra{users: related}, why: "people related to the batch"}
	}
	return nil
}

// rekeyedOwners are the owners of codes whose e-mail address changed, and the addresses they had and have.
func (t *txn) rekeyedOwners() (owners []int64, keys [][]byte) {
	for _, c := range t.codes {
		if u := t.users[c.owner]; u != nil && u.rekeyed && !c.claimed {
			owners = append(owners, u.id)
			keys = append(keys, nonEmpty(u.oldKey, u.emailKey)...)
		}
	}
	return owners, keys
}

func nonEmpty(keys ...[]byte) (out [][]byte) {
	for _, k := range keys {
		if len(k) > 0 {
			out = append(out, k)
		}
	}
	return out
}

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
	external string
	signUp   standing
	program  int64
	emailKey []byte
	profile  signUp // of the sign-up that stands; only set when the batch changes it
	changed  bool
	rekeyed  bool // the e-mail address changed
	oldKey   []byte
}

// code is a referral code, locked, as it is after the batch.
type code struct {
	id      int64
	name    string
	owner   int64
	program int64
	limits  referral.Code
	saved   int // places granted, as stored
	claimed bool
}

// signUpState is a user's earliest sign-up with one code.
type signUpState struct {
	user, code int64
	at         time.Time
	event      string
	cause      string
	waiting    bool
	changed    bool
}

// recordPeople records sign-ups, gives codes to those who have none, and locks everybody whose referrals are concerned.
func (t *txn) recordPeople() error {
	for name := range t.in.signUps {
		t.touch(t.names.user[name], t.in.signUps[name][0].cause)
	}
	for _, id := range t.also.users {
		t.touch(id, "")
	}
	if len(t.touched) == 0 {
		return nil
	}
	for _, step := range []func() error{t.lockUsers, t.register, t.loadReferrals, t.lockCodes, t.claimCodes, t.findRelated, t.recordSignUps} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (t *txn) lockUsers() error {
	rows, err := t.q.LockUsers(t.ctx, slices.Sorted(maps.Keys(t.touched)))
	if err != nil {
		return err
	}
	t.users = make(map[int64]*user, len(rows))
	for _, r := range rows {
		t.users[r.ID] = readUser(r)
		t.names.addUser(r.ID, r.ExternalID)
	}
	return nil
}

func readUser(r db.User) *user {
	u := &user{id: r.ID, external: r.ExternalID, program: deref(r.ProgramID), emailKey: r.EmailKey}
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
		for _, s := range t.in.signUps[name] {
			if s.precedes(u.signUp) {
				u.signUp = standing{at: s.RegisteredAt, event: s.event, code: t.names.code[s.Code]}
				u.profile, u.changed = s, true
			}
		}
		if !u.changed {
			continue
		}
		key := t.store.emailKey(u.profile.Email)
		u.rekeyed, u.oldKey = !bytes.Equal(key, u.emailKey), u.emailKey
		u.emailKey, u.program = key, t.terms.fallback
		addUserRow(&rows, u)
	}
	if len(rows.Ids) == 0 {
		return nil
	}
	return t.later.queries().RegisterUsers(t.ctx, rows)
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

// lockCodes locks the codes that the sign-ups name, those of the referrals, and those that the users own.
func (t *txn) lockCodes() error {
	ids := slices.Collect(maps.Values(t.names.code))
	for _, it := range t.items {
		ids = append(ids, it.code)
	}
	var owners []int64
	for name := range t.in.signUps {
		owners = append(owners, t.names.user[name])
	}
	t.codes = make(map[int64]*code)
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

// claimCodes gives each user who signed up and has no code the one that was drawn for them.
func (t *txn) claimCodes() error {
	owns := make(map[int64]bool)
	for _, c := range t.codes {
		owns[c.owner] = true
	}
	var rows db.ClaimCodesParams
	for _, name := range slices.Sorted(maps.Keys(t.names.candidate)) {
		u := t.users[t.names.user[name]]
		if owns[u.id] {
			continue // given by somebody else between looking and locking
		}
		c := t.codes[t.names.code[t.names.candidate[name]]]
		if c.owner != 0 {
			return &grownError{more: extra{attempt: 1}, why: "the code that was drawn is taken"}
		}
		terms := t.terms.at(u.program, u.signUp.at).terms
		c.owner, c.program, c.claimed = u.id, u.program, true
		c.limits.MaxUses = terms.Codes.MaxUses
		rows.Ids = append(rows.Ids, c.id)
		rows.OwnerID = append(rows.OwnerID, c.owner)
		rows.ProgramID = append(rows.ProgramID, c.program)
		rows.MaxUses = append(rows.MaxUses, int32(c.limits.MaxUses))
	}
	if len(rows.Ids) == 0 {
		return nil
	}
	return t.later.queries().ClaimCodes(t.ctx, rows)
}

// findRelated finds the people whose referrals change with the batch though it does not speak of them: those who signed
// up with a code before it had an owner, and those who share an e-mail address that their referrer has, or had, just
// now. All must be locked. Whoever changes such a thing holds the code's lock, so the answer stays true.
func (t *txn) findRelated() error {
	var related []int64
	if claimed := t.claimed(); len(claimed) > 0 {
		rows, err := t.q.ListWaiting(t.ctx, claimed)
		if err != nil {
			return err
		}
		for _, r := range rows {
			related = append(related, r.UserID)
		}
		t.waiting = related
	}
	owners, keys := t.rekeyedOwners()
	if len(keys) > 0 {
		rows, err := t.q.ListReferees(t.ctx, db.ListRefereesParams{EmailKeys: keys, ReferrerIds: owners})
		if err != nil {
			return err
		}
		related = append(related, rows...)
	}
	var missing []int64
	for _, id := range related {
		if t.users[id] == nil {
			missing = append(missing, id)
		}
	}
	if len(missing) > 0 {
		return &grownError{more: extra{users: missing}, why: "people related to the batch"}
	}
	return nil
}

func (t *txn) claimed() (ids []int64) {
	for id, c := range t.codes {
		if c.claimed {
			ids = append(ids, id)
		}
	}
	return ids
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

func nonEmpty(keys ...[]byte) (out [][]byte) {
	for _, k := range keys {
		if len(k) > 0 {
			out = append(out, k)
		}
	}
	return out
}

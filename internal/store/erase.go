package store

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/payment"
)

// Erasure. A business's id is somebody's up to the moment at which they were erased, and somebody else's after it. Every
// fact has a date, and is of whoever the id meant then: also when it comes late, and also when it came before the erasure
// was known. In that case one row turns out to be two people, and what is known of it is divided between them.
//
// A transaction that erases has the database to itself: nobody else can be about to give a fact to the wrong person.

// tombstone says up to when an id was a user's.
type tombstone struct {
	user int64
	at   time.Time
}

// idKey is the hash under which a tombstone keeps an id.
func (s *Store) idKey(id string) []byte { return s.hash("user", id) }

// buried are the tombstones of ids, each id's in order.
type buried map[string][]tombstone

// name is what whoever an id meant at a moment is called within a transaction.
func (b buried) name(id string, at time.Time) string {
	for _, t := range b[id] {
		if !at.After(t.at) {
			return erasedSign + strconv.FormatInt(t.user, 10)
		}
	}
	return id
}

// until is when whoever goes by a name within the transaction was erased; empty for who was not.
func (b buried) until(id, name string) string {
	number, _ := numberOf(name)
	for _, t := range b[id] {
		if t.user == number {
			return erasedSign + t.at.Format(time.RFC3339Nano)
		}
	}
	return ""
}

// numberOf is the number of somebody who was erased, by what they are called within a transaction.
func numberOf(name string) (int64, bool) {
	digits, ok := strings.CutPrefix(name, erasedSign)
	if !ok {
		return 0, false
	}
	id, err := strconv.ParseInt(digits, 10, 64)
	return id, err == nil
}

// anybodyErased finds out whether anybody ever was. Once somebody is, it stays so, and who it was is asked with the batch's
// first questions.
func (t *txn) anybodyErased(q *db.Queries) error {
	if t.store.erasures.Load() {
		return nil
	}
	anybody, err := q.AnyTombstones(t.ctx)
	t.store.erasures.CompareAndSwap(false, anybody)
	return err
}

// exhume reads who of these ids was erased.
func (t *txn) exhume(q *db.Queries, ids []string) error {
	byHash := make(map[string]string, len(ids))
	hashes := make([][]byte, 0, len(ids))
	for _, id := range ids {
		key := t.store.idKey(id)
		byHash[string(key)] = id
		hashes = append(hashes, key)
	}
	rows, err := q.ListTombstones(t.ctx, hashes)
	for _, r := range rows {
		id := byHash[string(r.Hash)]
		t.buried[id] = append(t.buried[id], tombstone{r.UserID, r.ErasedAt.UTC()})
	}
	return err
}

// namedIn are the ids that events name, as they do; none is an empty list, and not nil.
func namedIn(events []fact.Event) []string {
	ids := []string{}
	for _, e := range events {
		switch {
		case e.SignUp != nil:
			ids = append(ids, e.SignUp.UserID)
		case e.Verified != nil:
			ids = append(ids, e.Verified.UserID)
		case e.Erased != nil:
			ids = append(ids, e.Erased.UserID)
		case e.Decision != nil:
			ids = append(ids, e.Decision.UserID)
		case e.Attribution != nil:
			ids = append(ids, e.Attribution.UserID)
		case e.Assignment != nil:
			ids = append(ids, e.Assignment.UserID)
		}
		if e.Tie != nil {
			ids = append(ids, e.Tie.UserID)
		}
		if e.Sighting != nil {
			for _, r := range e.Sighting.Reports {
				if id := r.Evidence.User.UserID; id != "" {
					ids = append(ids, id)
				}
			}
		}
	}
	return sortedUnique(ids)
}

// erase applies the erasures of a batch, before anything else of it.
func (t *txn) erase(events []fact.Event) error {
	var all []fact.Event
	for _, e := range events {
		if e.Erased != nil {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b fact.Event) int { return a.Erased.At.Compare(b.Erased.At) })
	for _, e := range all {
		if err := t.eraseOne(e.Erased.UserID, e.Erased.At.UTC().Truncate(time.Microsecond), e.Name); err != nil {
			return err
		}
	}
	return nil
}

// eraseOne lets an id be nobody's up to a moment who is known by it.
func (t *txn) eraseOne(id string, at time.Time, cause string) error {
	stones := t.buried[id]
	i, found := slices.BinarySearchFunc(stones, at, func(s tombstone, at time.Time) int { return s.at.Compare(at) })
	if found {
		return nil
	}
	s := &split{txn: t, id: id, at: at, cause: cause}
	if i < len(stones) {
		s.from, s.until = stones[i].user, stones[i].at
	} else if n, err := t.q.GetUserID(t.ctx, id); err == nil {
		s.from = n
	} else if !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	return s.do()
}

// split divides what is known of a person between the one they were up to a moment and the one they were after it.
type split struct {
	*txn
	id    string // the business's
	at    time.Time
	cause string
	from  int64     // whose row it is; 0 when nothing is known
	paid  []int64   // the payments that are theirs
	until time.Time // when that person was erased, as far as was known; zero for never
}

func (s *split) do() error {
	if s.from == 0 {
		erased, err := s.q.InsertErased(s.ctx, s.at)
		if err != nil {
			return err
		}
		return s.bury(erased, s.at)
	}
	rows, err := s.q.LockUsers(s.ctx, []int64{s.from})
	if err != nil {
		return err
	}
	if s.paid, err = s.q.ListPaymentsOf(s.ctx, s.from); err != nil {
		return err
	}
	if signedUp := rows[0].RegisteredAt; signedUp != nil && signedUp.After(s.at) {
		return s.splitEarlier(rows[0])
	}
	return s.splitLater(rows[0])
}

// splitEarlier lets a person stay who signed up after the moment, and gives what is dated before to somebody erased.
func (s *split) splitEarlier(row db.User) error {
	early, err := s.q.InsertErased(s.ctx, s.at)
	if err != nil {
		return err
	}
	if err := s.bury(early, s.at); err != nil {
		return err
	}
	if verified := derefTime(row.VerifiedAt); row.VerifiedAt != nil && !verified.After(s.at) {
		if err := s.q.SetVerified(s.ctx, db.SetVerifiedParams{ID: early, VerifiedAt: verified}); err != nil {
			return err
		}
		if err := s.verifyAnew(s.from, true); err != nil {
			return err
		}
	}
	return s.move(early, false)
}

// splitLater erases the person, and gives what is dated after the moment, if anything is, to somebody new: or to whoever
// was erased later.
func (s *split) splitLater(row db.User) error {
	if err := s.q.EraseUser(s.ctx, db.EraseUserParams{ID: s.from, ErasedAt: s.at}); err != nil {
		return err
	}
	later, err := s.later()
	if err != nil {
		return err
	}
	if err := s.bury(s.from, s.at); err != nil {
		return err
	}
	if verified := derefTime(row.VerifiedAt); verified.After(s.at) {
		if err := s.q.SetVerified(s.ctx, db.SetVerifiedParams{ID: s.from}); err != nil {
			return err
		}
		s.replayed = append(s.replayed, fact.Event{Name: s.cause, Verified: &fact.Verified{UserID: s.id, At: verified}})
	}
	if err := s.concernReferees(); err != nil {
		return err
	}
	if later == 0 {
		s.touched[s.from], s.divided[s.from] = s.cause, true
	} else if err := s.move(later, true); err != nil {
		return err
	}
	return s.q.ScrubRepeats(s.ctx, s.from) // what is left is theirs
}

// later is the row of the person that the id meant after the moment.
func (s *split) later() (int64, error) {
	if s.until.IsZero() {
		return s.successor()
	}
	later, err := s.q.InsertErased(s.ctx, s.until)
	if err != nil {
		return 0, err
	}
	return later, s.bury(later, s.until)
}

// successor is somebody new of that id, if anything is known that is dated after the moment; 0 when nothing is. Nobody is
// kept whose id has just been taken away.
func (s *split) successor() (int64, error) {
	known, err := s.q.KnownLater(s.ctx, db.KnownLaterParams{UserID: s.from, ErasedAt: s.at, PaymentIds: s.paid})
	if err != nil || !known {
		return 0, err
	}
	return s.q.InsertSuccessor(s.ctx, s.id)
}

// bury records up to when the id was a user's.
func (s *split) bury(user int64, at time.Time) error {
	stones := slices.DeleteFunc(s.buried[s.id], func(t tombstone) bool { return t.user == user })
	stones = append(stones, tombstone{user, at})
	slices.SortFunc(stones, func(a, b tombstone) int { return a.at.Compare(b.at) })
	s.buried[s.id] = stones
	return s.q.InsertTombstone(s.ctx, db.InsertTombstoneParams{UserID: user, Hash: s.store.idKey(s.id), ErasedAt: at})
}

// concernReferees has those looked at again who signed up with the person's code after they were erased.
func (s *split) concernReferees() error {
	referees, err := s.q.ListRefereesSince(s.ctx, db.ListRefereesSinceParams{ReferrerID: s.from, Since: s.at})
	for _, id := range referees {
		s.touched[id] = s.cause
	}
	return err
}

// move gives the facts that are dated after the moment, or those up to it, to the other person, and has both looked at
// again along with the payments that may be the other's now.
func (s *split) move(to int64, late bool) error {
	s.touched[s.from], s.touched[to] = s.cause, s.cause
	s.divided[s.from], s.divided[to] = true, true
	used, err := s.q.ListCodesUsed(s.ctx, s.from)
	if err != nil {
		return err
	}
	s.usedCodes[s.from] = append(s.usedCodes[s.from], used...)
	ties, err := s.q.MoveTies(s.ctx, db.MoveTiesParams{FromID: s.from, ToID: to, ErasedAt: s.at, Late: late})
	if err != nil {
		return err
	}
	payments, err := s.q.MoveClaims(s.ctx, db.MoveClaimsParams{FromID: s.from, ToID: to, ErasedAt: s.at, Late: late, PaymentIds: s.paid})
	if err != nil {
		return err
	}
	tied, err := s.q.ListPaymentsByTie(s.ctx, ties)
	if err != nil {
		return err
	}
	s.also.payments = slices.Concat(s.also.payments, payments, tied)
	if err := s.q.MoveDecisions(s.ctx, db.MoveDecisionsParams{FromID: s.from, ToID: to, ErasedAt: s.at, Late: late}); err != nil {
		return err
	}
	codes, err := s.q.MoveAttributions(s.ctx, db.MoveAttributionsParams{FromID: s.from, ToID: to, ErasedAt: s.at, Late: late})
	if err != nil {
		return err
	}
	if len(codes) > 0 {
		if err := s.q.MarkByHand(s.ctx, []int64{to}); err != nil {
			return err
		}
	}
	if err := s.moveCodes(to, late); err != nil {
		return err
	}
	if late {
		if err := s.replayLater(); err != nil {
			return err
		}
	}
	if err := s.q.MoveReferrals(s.ctx, db.MoveReferralsParams{FromID: s.from, ToID: to}); err != nil {
		return err
	}
	return s.q.MarkDivided(s.ctx, []int64{s.from, to})
}

// moveCodes gives codes of the business's own choice to the other person, and has their referees looked at again.
func (s *split) moveCodes(to int64, late bool) error {
	codes, err := s.q.MoveCodes(s.ctx, db.MoveCodesParams{FromID: s.from, ToID: to, ErasedAt: s.at, Late: late})
	if err != nil || len(codes) == 0 {
		return err
	}
	moved, err := s.q.MoveReferrers(s.ctx, db.MoveReferrersParams{FromID: s.from, ToID: to, CodeIds: codes})
	for _, r := range moved {
		s.touched[r.RefereeID] = s.cause
		s.deltas.moveStanding(memberKey{s.from, r.ProgramID}, r.Status, memberKey{to, r.ProgramID}, r.Status)
	}
	return err
}

// replayLater takes from the person the sign-ups that are dated after the moment. They are recorded anew with the batch.
func (s *split) replayLater() error {
	if err := s.q.DropLateSignUps(s.ctx, db.DropLateSignUpsParams{UserID: s.from, ErasedAt: s.at}); err != nil {
		return err
	}
	kept, err := s.q.TakeRepeats(s.ctx, db.TakeRepeatsParams{UserID: s.from, ErasedAt: s.at, Late: true})
	for _, r := range kept {
		e := fact.Event{Key: r.EventKey, Name: s.cause}
		switch r.Kind {
		case repeatedVerification:
			e.Verified = &fact.Verified{UserID: s.id, At: r.At.UTC()}
			s.replayed = append(s.replayed, e)
		default:
			if err := s.unpack(e, r); err != nil {
				return err
			}
		}
	}
	return err
}

// verifyAnew dates the verification of a person by what was kept of later ones.
func (s *split) verifyAnew(user int64, late bool) error {
	kept, err := s.q.TakeRepeats(s.ctx, db.TakeRepeatsParams{UserID: user, ErasedAt: s.at, Late: late})
	if err != nil {
		return err
	}
	var first time.Time
	for _, r := range kept {
		if r.Kind == repeatedVerification && (first.IsZero() || r.At.Before(first)) {
			first = r.At.UTC()
		}
	}
	for _, r := range kept {
		if r.Kind != repeatedVerification || !r.At.Equal(first) {
			s.repeats.add(user, r.EventKey, r.At, r.Kind, r.Data)
		}
	}
	return s.q.SetVerified(s.ctx, db.SetVerifiedParams{ID: user, VerifiedAt: first})
}

// The kinds of repeats.
const (
	repeatedSignUp       = "sign_up"
	repeatedVerification = "verified"
)

// repeats are facts that say nothing new of a person, to be kept.
type repeats struct{ db.InsertRepeatsParams }

func (r *repeats) add(user int64, event string, at time.Time, kind string, data []byte) {
	r.UserID = append(r.UserID, user)
	r.EventKey = append(r.EventKey, event)
	r.At = append(r.At, at)
	r.Kind = append(r.Kind, kind)
	r.Data = append(r.Data, data)
}

// packed is a sign-up as it is kept: without what is kept of nobody.
type packed struct {
	Username string `json:"username,omitempty"`
	Email    string `json:"email,omitempty"`
	Code     int64  `json:"code,omitempty"`
	Program  int64  `json:"program"`
	EmailKey []byte `json:"email_key,omitempty"`
	IPKey    []byte `json:"ip_key,omitempty"`
	Device   []byte `json:"device_key,omitempty"`
	Throw    bool   `json:"disposable,omitempty"`
	Source   string `json:"source,omitempty"`
}

// kept is what a sign-up says that decides nothing.
type kept struct{ username, email, source string }

// keepSignUp keeps a sign-up that does not stand.
func (t *txn) keepSignUp(u *user, s standing, program int64, said kept, traits traits) error {
	p := packed{
		Code: s.code, Program: program, EmailKey: traits.emailKey, IPKey: traits.ipKey, Device: traits.deviceKey, Throw: traits.disposable,
		Source: said.source,
	}
	if u.erasedAt.IsZero() {
		p.Username, p.Email = said.username, said.email
	}
	data, err := json.Marshal(p)
	t.repeats.add(u.id, s.event, s.at, repeatedSignUp, data)
	return err
}

// unpack turns a sign-up that was kept into one of the batch.
func (s *split) unpack(e fact.Event, r db.Repeat) error {
	var p packed
	if err := json.Unmarshal(r.Data, &p); err != nil {
		return err
	}
	code := ""
	if p.Code != 0 {
		rows, err := s.q.GetCodes(s.ctx, []int64{p.Code})
		if err != nil {
			return err
		}
		code = rows[0].Code
	}
	e.SignUp = &fact.SignUp{
		UserID: s.id, Username: p.Username, Email: p.Email, Code: code, RegisteredAt: r.At.UTC(), Program: s.terms.nameOf(p.Program),
		Source: p.Source,
	}
	s.replayed = append(s.replayed, e)
	s.kept[r.EventKey] = traits{emailKey: p.EmailKey, ipKey: p.IPKey, deviceKey: p.Device, disposable: p.Throw}
	return nil
}

// keepVerification keeps when an address was verified that was so before.
func (t *txn) keepVerification(u *user, at time.Time) {
	t.repeats.add(u.id, "verified:"+strconv.FormatInt(at.UnixNano(), 10), at, repeatedVerification, []byte("{}"))
}

// saveRepeats saves what is kept.
func (t *txn) saveRepeats() error {
	if len(t.repeats.UserID) == 0 {
		return nil
	}
	return t.later.queries().InsertRepeats(t.ctx, t.repeats.InsertRepeatsParams)
}

// claimOf is who an object says bought, unless that is somebody who had been erased before: then it is somebody that the
// object will name again when it has more to say.
func claimOf(r db.ListObjectsRow) payment.Claim {
	if r.UserErasedAt != nil && r.UserAt != nil && r.UserAt.After(*r.UserErasedAt) {
		return payment.Claim{}
	}
	return payment.Claim{UserID: nameOf(*r.UserID, r.UserExternalID), At: derefTime(r.UserAt), Place: payment.Place(r.UserPlace)}
}

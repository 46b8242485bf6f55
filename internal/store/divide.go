package store

import (
	"slices"
	"time"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/payment"
)

// An erasure that is heard of late: one row turns out to be two people. See erase.go.

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

// claimOf is who an object says bought, unless that is somebody who had been erased before: then it is somebody that the
// object will name again when it has more to say.
func claimOf(r db.ListObjectsRow) payment.Claim {
	if r.UserErasedAt != nil && r.UserAt != nil && r.UserAt.After(*r.UserErasedAt) {
		return payment.Claim{}
	}
	return payment.Claim{UserID: nameOf(*r.UserID, r.UserExternalID), At: derefTime(r.UserAt), Place: payment.Place(r.UserPlace)}
}

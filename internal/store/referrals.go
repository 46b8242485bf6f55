package store

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/ledger"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/referral"
)

// item is one referral that the transaction looks at.
type item struct {
	db.Referral
	isNew   bool
	changed bool
	redated bool // it counts from another sign-up than before
	cause   string

	was       db.Referral // before, unless it is new
	wasPaidAt time.Time   // the purchase that decided it then
	paidAt    time.Time   // the one that does now

	version   version
	history   referral.History
	purchases map[string]int64 // the payment's number by its key
	signals   []referral.Signal
	verdict   referral.Verdict
	decided   bool // a person's decision about it is among what is new
	reopened  bool // and takes the refusal of a place back

	moves  []referral.Move
	posted []ledger.Transfer // before
	post   []ledger.Transfer // now
}

// loadReferrals reads the referrals of users who are locked as referees.
func (t *txn) loadReferrals(q *db.Queries, referees []int64) error {
	rows, err := q.ListReferralsByReferee(t.ctx, referees)
	for _, r := range rows {
		it := &item{Referral: r, was: r, cause: t.touched[r.RefereeID]}
		t.items = append(t.items, it)
		t.bySignUp[[2]int64{r.RefereeID, r.CodeID}] = it
	}
	return err
}

// attribute makes the referral that follows from a sign-up with a code that somebody has.
func (t *txn) attribute(s *signUpState, c *code) {
	key := [2]int64{s.user, c.id}
	if it := t.bySignUp[key]; it != nil {
		if !s.at.Equal(it.RegisteredAt) { // the earliest sign-up with the code, also where a person came before it
			it.RegisteredAt, it.changed, it.redated, it.cause = s.at, true, true, s.cause
		}
		return
	}
	it := &item{
		Referral: db.Referral{
			ProgramID: c.program, CodeID: c.id, ReferrerID: c.owner, RefereeID: s.user, RegisteredAt: s.at,
		},
		isNew: true, changed: true, cause: s.cause,
	}
	t.items = append(t.items, it)
	t.bySignUp[key] = it
}

// assess gives the verdict on every referral that is looked at. What the batch wrote goes out with the questions, before
// them: it must be there to be read.
func (t *txn) assess() error {
	t.noteCredits()
	if len(t.items) == 0 && len(t.credits) == 0 && len(t.behind.UserID) == 0 && len(t.in.visits) == 0 {
		return t.flush()
	}
	for _, it := range t.items {
		it.version = t.terms.at(it.ProgramID, it.RegisteredAt)
	}
	referrers, strangers := t.referrers()
	fresh, _ := t.changedItems()
	err := t.together(
		ask(strangers, func(q *db.Queries, ids []int64) error { return t.loadReferrers(q, ids, referrers) }),
		func(q *db.Queries) (err error) { t.now, err = t.store.now(t.ctx, q); return err },
		ask(t.payers(), t.loadPurchases),
		ask(t.payers(), t.loadChanged),
		func(q *db.Queries) error { return readPosted(t.ctx, q, t.items) },
		ask(t.creditedBefore(), func(q *db.Queries, some []*credited) error { return loadCredits(t.ctx, q, some) }),
		ask(fresh, t.numberReferrals),
		ask(t.undecided(), t.loadDecisions),
		ask(t.in.visitedCodes(), t.loadVisited),
		ask(suspects(t.items), func(q *db.Queries, items []*item) error { return loadSignals(t.ctx, q, items, t.users) }),
	)
	if err != nil {
		return err
	}
	for _, it := range t.items {
		it.recall(t.users[it.RefereeID], referrers[it.ReferrerID], t.codes[it.CodeID].limits.MaxUses, t.hand[it.RefereeID])
	}
	if err := t.searchAgain(); err != nil {
		return err
	}
	t.judge()
	return nil
}

// payers are the referrals whose referees may have bought something: whoever is heard of for the first time has nothing
// but what the batch says.
func (t *txn) payers() (items []*item) {
	for _, it := range t.items {
		if !t.names.newUser[it.RefereeID] || len(t.bought[it.RefereeID]) > 0 {
			items = append(items, it)
		}
	}
	return items
}

// recall is the history of a referral but for the purchases.
func (it *item) recall(referee, referrer *user, maxUses int, hand []attributedCode) {
	it.history.SignedUpAt, it.history.NoSignUp = it.RegisteredAt.UTC(), referee.signUp.none()
	it.history.Standing = referee.standsFor(it.CodeID, it.ProgramID, hand)
	it.history.SamePerson = samePerson(referrer, referee)
	it.history.Slot = referral.Slot(it.Slot)
	it.history.MaxUses = maxUses
	it.history.VerifiedAt = referee.verifiedAt
	it.history.RefereeErased, it.history.ReferrerErased = referee.erasedAt, referrer.erasedAt
	it.history.Decision = referral.Decision{Verdict: referral.DecisionVerdict(deref(it.Decision)), At: derefTime(it.DecidedAt)}
	it.compareSides(referrer, referee)
	it.history.Signals = it.signals
}

func samePerson(a, b *user) bool {
	return a.id == b.id || (len(a.emailKey) > 0 && bytes.Equal(a.emailKey, b.emailKey))
}

// referrers are the people whose codes were used, as far as they are in the batch, and the others.
func (t *txn) referrers() (known map[int64]*user, strangers []int64) {
	known = make(map[int64]*user)
	for _, it := range t.items {
		if u := t.users[it.ReferrerID]; u != nil {
			known[u.id] = u
		} else {
			strangers = append(strangers, it.ReferrerID)
		}
	}
	return known, sortedUnique(strangers)
}

// loadReferrers reads people whose codes were used. The codes are locked, and nobody changes an address without them.
func (t *txn) loadReferrers(q *db.Queries, ids []int64, into map[int64]*user) error {
	rows, err := q.GetReferrers(t.ctx, ids)
	for _, r := range rows {
		into[r.ID] = &user{
			id: r.ID, traits: traits{emailKey: r.EmailKey, ipKey: r.IpKey, deviceKey: r.DeviceKey},
			signUp: standing{at: derefTime(r.RegisteredAt)}, erasedAt: derefTime(r.ErasedAt),
		}
		t.names.addUser(r.ID, nameOf(r.ID, r.ExternalID))
	}
	return err
}

// judge assesses each referral, hands out the places on codes that are wanted, and assesses those again.
func (t *txn) judge() {
	wants := make(map[int64][]referral.Want)
	for i, it := range t.items {
		it.verdict = referral.Judge(it.version.terms, it.history, t.at(it))
		if it.verdict.WantsSlot && it.reopened {
			t.grant(it, t.makeRoom(it))
			continue
		}
		if it.verdict.WantsSlot {
			p := it.verdict.Purchase
			wants[it.CodeID] = append(wants[it.CodeID], referral.Want{Index: i, PaidAt: p.PaidAt, Key: p.Key})
		}
	}
	for id, all := range wants {
		for i, slot := range referral.Grant(&t.codes[id].limits, all) {
			t.grant(t.items[i], slot)
		}
	}
}

// grant records the place that a referral got, or that it got none, and assesses it again.
func (t *txn) grant(it *item, slot referral.Slot) {
	it.Slot, it.changed = int32(slot), true
	it.history.Slot = slot
	it.verdict = referral.Judge(it.version.terms, it.history, t.at(it))
}

// at is the time a referral is assessed at: never before its last transition, for workers' databases may be restored,
// and clocks set back.
func (t *txn) at(it *item) time.Time {
	if it.ChangedAt.After(t.now) {
		return it.ChangedAt.UTC()
	}
	return t.now
}

// settle says which moves and transfers make each referral what its verdict says, and each payment what it is worth.
func (t *txn) settle() error {
	for _, it := range t.items {
		path, err := referral.Path(referral.Status(it.Status), referral.Reason(deref(it.Reason)), it.verdict.Status, it.verdict.Reason, it.decided)
		if err != nil {
			return &decisionError{err}
		}
		it.moves = path
		it.post, err = ledger.Settle(it.version.rewards, it.owed(), it.posted)
		if err != nil {
			return &decisionError{err}
		}
		it.become(t.at(it))
	}
	return t.settleCredits()
}

// readPosted reads what was posted before for those referrals for which anything was.
func readPosted(ctx context.Context, q *db.Queries, items []*item) error {
	var ids []int64
	byID := make(map[int64]*item)
	for _, it := range items {
		if it.Transfers > 0 {
			ids = append(ids, it.ID)
			byID[it.ID] = it
		}
	}
	if len(ids) == 0 {
		return nil
	}
	rows, err := q.ListTransfers(ctx, sortedUnique(ids))
	for _, r := range rows {
		it := byID[r.ReferralID]
		it.posted = append(it.posted, readTransfer(r))
	}
	return err
}

func readTransfer(r db.Transfer) ledger.Transfer {
	return ledger.Transfer{
		N: int(r.N), Kind: ledger.Kind(r.Kind), Leg: r.Leg,
		Debit: ledger.Account(r.Debit), Credit: ledger.Account(r.Credit),
		Amount: money.New(money.Currency(r.Currency), r.Minor),
	}
}

// owed is what the verdict says each side is to have.
func (it *item) owed() []ledger.Share { return shares(it.verdict, it.ReferrerID, it.RefereeID) }

func shares(v referral.Verdict, referrer, referee int64) []ledger.Share {
	var owed []ledger.Share
	for _, r := range v.Rewards {
		who := referee
		if r.To == referral.Referrer {
			who = referrer
		}
		owed = append(owed, ledger.Share{Leg: r.Leg(), Account: ledger.Account(who), Amount: r.Amount})
	}
	return owed
}

// become takes on what the verdict says, and notes whether anything of it is new.
func (it *item) become(now time.Time) {
	v := it.verdict
	next := it.Referral
	next.WindowEnds = it.version.terms.Closes(it.RegisteredAt)
	next.HoldEnds = nil
	if held := it.heldUntil(); !held.IsZero() {
		next.HoldEnds = &held
	}
	next.Status = string(v.Status)
	next.Reason = nil
	if v.Reason != "" {
		reason := string(v.Reason)
		next.Reason = &reason
	}
	next.PaymentID = nil
	if p := referral.Deciding(it.version.terms, it.history); p != nil {
		id := it.purchases[p.Key]
		next.PaymentID, it.paidAt = &id, p.PaidAt
	}
	next.Reviewing = len(v.Reviewing) > 0
	next.Transitions += int32(len(it.moves))
	next.Transfers += int32(len(it.post))
	if len(it.moves) > 0 {
		next.ChangedAt = now
	}
	if len(it.moves) > 0 || len(it.post) > 0 || deref(next.PaymentID) != deref(it.PaymentID) ||
		!derefTime(next.HoldEnds).Equal(derefTime(it.HoldEnds)) || !next.WindowEnds.Equal(it.WindowEnds) ||
		next.Reviewing != it.Reviewing {
		it.changed = true
	}
	it.Referral = next
}

// heldUntil is when the hold of a referral that is held ends; zero when it is not held.
func (it *item) heldUntil() time.Time {
	if it.verdict.Status != referral.Qualified {
		return time.Time{}
	}
	return it.verdict.Due
}

// changedItems are the referrals to save: new ones first, then by number.
func (t *txn) changedItems() (fresh, old []*item) {
	for _, it := range t.items {
		switch {
		case it.isNew:
			fresh = append(fresh, it)
		case it.changed:
			old = append(old, it)
		}
	}
	slices.SortFunc(old, func(a, b *item) int { return int(a.ID - b.ID) })
	return fresh, old
}

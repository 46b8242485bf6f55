package store

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/ledger"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/payment"
	"github.com/plusone-dev/plusone/internal/referral"
)

// Why is one referral with all that its verdict rests on. Nothing of it is personal but the business's own ids.
type Why struct {
	Referral
	Terms       int // the version it is decided by
	TermsFrom   time.Time
	From, Until time.Time     // the first and the last second in which a purchase counts
	Due         time.Time     // when time alone will change the verdict; zero when it will not
	Slot        referral.Slot // its place on the code
	MaxUses     int           // of the code; 0 means no maximum

	SignUps      []SignUpFact
	Attributions []AttributionFact
	Decisions    []DecisionFact
	Purchases    []PurchaseFact // the earliest, those that were looked at, and the one that decides
	Partial      bool           // the referee has more purchases than these
	Signals      []referral.Signal
	VerifiedAt   time.Time
	// RefereeErased and ReferrerErased are when they were erased; zero when they were not.
	RefereeErased, ReferrerErased time.Time
	Transfers                     []TransferFact // all of them, in order
}

// SignUpFact is one of the referee's sign-ups.
type SignUpFact struct {
	Code   string // empty for none
	At     time.Time
	Event  string // its key
	Stands bool   // it is the one that counts for the user: the earliest
}

// AttributionFact says that somebody attributed the referee to a code by hand.
type AttributionFact struct {
	Code, Program, By, Why, Event string // no Program: nobody has the code
	At                            time.Time
	Stands                        bool // it is the one that counts in its program: the latest
}

// DecisionFact is what somebody decided about the referral.
type DecisionFact struct {
	Verdict        referral.DecisionVerdict
	By, Why, Event string
	At             time.Time
	Stands         bool // the latest
}

// PurchaseFact is one of the referee's purchases, and the objects that say so.
type PurchaseFact struct {
	Key                 string
	Decides             bool // it is the one that the referral rests on
	Amount              money.Amount
	Refunded            int64
	PaidAt              time.Time
	Disputed            payment.Disputed
	InquiryAt, WarnedAt time.Time
	Objects             []payment.Object // without their cards
}

// TransferFact is one transfer of the referral's rewards.
type TransferFact struct {
	ledger.Transfer
	To     referral.Party
	On     referral.Occasion
	UserID string
	At     time.Time
	Event  string // the id of the event that led to it, or "clock"
}

// The most that is shown of each kind of fact. Nobody reads more, and nothing of it decides.
const (
	mostFacts     = 100
	mostPurchases = 20
)

// Why reads one referral and everything it rests on, at one moment. Error: ErrNotFound.
func (s *Database) Why(ctx context.Context, id int64) (w Why, err error) {
	err = s.oneMoment(ctx, func(q *db.Queries) error {
		row, err := q.FindReferral(ctx, id)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrNotFound
		}
		if err != nil {
			return err
		}
		it := &item{Referral: row.Referral}
		if err := s.explain(ctx, q, []*item{it}); err != nil {
			return err
		}
		if w, err = whyOf(db.FindReferralsRow(row), it); err != nil {
			return err
		}
		page := []Referral{w.Referral}
		if err := addTransitions(ctx, q, page); err != nil {
			return err
		}
		w.Referral = page[0]
		return addFacts(ctx, q, &w, it)
	})
	return w, err
}

func whyOf(row db.FindReferralsRow, it *item) (w Why, err error) {
	h := it.history
	w = Why{
		Terms: it.version.number, TermsFrom: it.version.from.UTC(), Due: it.verdict.Due, Slot: h.Slot, MaxUses: h.MaxUses,
		Signals: h.Signals, VerifiedAt: h.VerifiedAt, RefereeErased: h.RefereeErased, ReferrerErased: h.ReferrerErased,
	}
	w.From, w.Until = it.version.terms.Window(h.SignedUpAt)
	if e := h.RefereeErased; !e.IsZero() && e.Before(w.Until) {
		w.Until = e // nothing counts that came after
	}
	slices.SortFunc(w.Signals, func(a, b referral.Signal) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Kind, b.Kind))
	})
	w.Referral, err = view(row, it)
	return w, err
}

// addFacts reads what the history was made of.
func addFacts(ctx context.Context, q *db.Queries, w *Why, it *item) error {
	for _, add := range []func(context.Context, *db.Queries, *Why, *item) error{
		addSignUps, addAttributions, addDecisions, addPurchases, addTransfers,
	} {
		if err := add(ctx, q, w, it); err != nil {
			return err
		}
	}
	return nil
}

func addSignUps(ctx context.Context, q *db.Queries, w *Why, it *item) error {
	users, err := q.GetUsers(ctx, []int64{it.RefereeID})
	if err != nil {
		return err
	}
	var stands standing
	if len(users) > 0 {
		stands = readUser(users[0]).signUp
	}
	if !stands.none() && stands.code == 0 {
		w.SignUps = append(w.SignUps, SignUpFact{At: stands.at, Event: stands.event, Stands: true})
	}
	rows, err := q.ListSignUpsOf(ctx, db.ListSignUpsOfParams{UserID: it.RefereeID, Most: mostFacts})
	for _, r := range rows {
		w.SignUps = append(w.SignUps, SignUpFact{
			Code: r.Code, At: r.RegisteredAt.UTC(), Event: r.EventKey, Stands: r.CodeID == stands.code && r.EventKey == stands.event,
		})
	}
	return err
}

func addAttributions(ctx context.Context, q *db.Queries, w *Why, it *item) error {
	rows, err := q.ListAttributionsOf(ctx, db.ListAttributionsOfParams{UserID: it.RefereeID, Most: mostFacts})
	later := make(map[string]bool)
	for _, r := range rows { // the latest first
		w.Attributions = append(w.Attributions, AttributionFact{
			Code: r.Code, Program: r.Program, By: r.DecidedBy, Why: r.Why, Event: r.EventKey, At: r.At.UTC(),
			Stands: r.Program != "" && !later[r.Program],
		})
		later[r.Program] = true
	}
	return err
}

func addDecisions(ctx context.Context, q *db.Queries, w *Why, it *item) error {
	rows, err := q.ListDecisionsOn(ctx, db.ListDecisionsOnParams{UserID: it.RefereeID, CodeID: it.CodeID, Most: mostFacts})
	for i, r := range rows {
		w.Decisions = append(w.Decisions, DecisionFact{
			Verdict: referral.DecisionVerdict(r.Verdict), By: r.DecidedBy, Why: r.Why, Event: r.EventKey, At: r.At.UTC(), Stands: i == 0,
		})
	}
	return err
}

// addPurchases adds the purchases that the verdict was given on, and before them the earliest of all, with their objects.
func addPurchases(ctx context.Context, q *db.Queries, w *Why, it *item) error {
	ids, err := q.ListEarliestPurchases(ctx, db.ListEarliestPurchasesParams{UserID: &it.RefereeID, Most: mostPurchases + 1})
	if err != nil {
		return err
	}
	w.Partial = len(ids) > mostPurchases
	ids = ids[:min(len(ids), mostPurchases)]
	for _, id := range it.purchases {
		ids = append(ids, id)
	}
	rows, err := q.GetPayments(ctx, sortedUnique(ids))
	if err != nil {
		return err
	}
	known := newNames()
	objects, _, err := witnesses(ctx, q, &known, rows)
	if err != nil {
		return err
	}
	decides := referral.Deciding(it.version.terms, it.history)
	for _, r := range rows {
		p := purchaseFact(r, objects[r.ID])
		p.Decides = decides != nil && decides.Key == r.Key
		w.Purchases = append(w.Purchases, p)
	}
	slices.SortFunc(w.Purchases, func(a, b PurchaseFact) int {
		return cmp.Or(a.PaidAt.Compare(b.PaidAt), cmp.Compare(a.Key, b.Key))
	})
	return nil
}

func purchaseFact(r db.Payment, objects []payment.Object) PurchaseFact {
	for i := range objects {
		objects[i].Evidence.Card = "" // a hash is nobody's business
		objects[i].Evidence.User.UserID = deref(toldName(objects[i].Evidence.User.UserID))
	}
	slices.SortFunc(objects, func(a, b payment.Object) int { return cmp.Compare(a.Key, b.Key) })
	return PurchaseFact{
		Key: r.Key, Amount: money.New(money.Currency(deref(r.Currency)), deref(r.Gross)), Refunded: r.Refunded, PaidAt: derefTime(r.PaidAt),
		Disputed: payment.Disputed(r.Disputed), InquiryAt: derefTime(r.InquiryAt), WarnedAt: derefTime(r.WarnedAt), Objects: objects,
	}
}

func addTransfers(ctx context.Context, q *db.Queries, w *Why, it *item) error {
	rows, err := q.ListTransfers(ctx, []int64{it.ID})
	for _, r := range rows {
		t := TransferFact{Transfer: readTransfer(r), UserID: w.Referee, At: r.At.UTC(), Event: r.Cause}
		if t.To, t.On = referral.PartOf(r.Leg); t.To == referral.Referrer {
			t.UserID = w.Referrer
		}
		w.Transfers = append(w.Transfers, t)
	}
	return err
}

package store

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/ledger"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/payment"
	"github.com/plusone-dev/plusone/internal/referral"
)

// Credit is a transfer that was posted for a payment: of its net, or a part of it, to its buyer or back.
type Credit struct {
	PaymentID int64
	ledger.Transfer
}

// credited is a payment whose credit to its buyer is looked at. A payment that turned out to be another one is worth
// nothing any more; both are settled in the same transaction.
type credited struct {
	payment int64
	cause   string
	worth
	count  int32             // how many transfers were posted before
	posted []ledger.Transfer // those
	post   []ledger.Transfer // now
}

// worth is what a payment is to bring its buyer, and the account of the program it comes from; zero for nothing.
type worth struct {
	source ledger.Account
	owed   []ledger.Share
}

// creditLeg is the only part that the credit of a payment has.
const creditLeg = "purchase"

// credits says whether a version of any program's terms credits purchases. While none does, nothing of it is looked at.
func (b *termsBook) credits() bool {
	return b.any(func(t referral.Terms) bool { return t.CreditPurchases })
}

// worth is what a purchase brings its buyer by the terms of the sign-up that stands for them; nothing without one.
func (b *termsBook) worth(buyer *user, p referral.Purchase) worth {
	if buyer == nil || buyer.signUp.none() || len(b.byProgram[buyer.program]) == 0 {
		return worth{}
	}
	v := b.at(buyer.program, buyer.signUp.at)
	amount := v.terms.Credit(buyer.signUp.at, p)
	if amount.IsZero() {
		return worth{}
	}
	return worth{v.purchases, []ledger.Share{{Leg: creditLeg, Account: ledger.Account(buyer.id), Amount: amount}}}
}

// noteCredits notes the payments that the batch changed, and who is behind by it.
func (t *txn) noteCredits() {
	if !t.terms.credits() {
		return
	}
	for _, id := range keysOf(t.books.payments) {
		p := t.books.payments[id]
		if !p.changed {
			continue
		}
		buyer := t.users[t.names.user[p.derived.UserID]]
		t.noteCredit(&credited{payment: id, cause: p.cause, count: p.credits(), worth: t.terms.worth(buyer, purchaseOf(p.derived))})
		for _, other := range p.merged {
			t.noteCredit(&credited{payment: other, cause: p.cause, count: t.books.rows[other].Credits})
		}
	}
	t.noteBehind()
}

// noteCredit leaves out what nothing was posted for, and nothing is to be.
func (t *txn) noteCredit(c *credited) {
	if c.count > 0 || len(c.owed) > 0 {
		t.credits = append(t.credits, c)
	}
}

func (p *paymentState) credits() int32 {
	if p.row == nil {
		return 0
	}
	return p.row.Credits
}

func purchaseOf(p payment.Payment) referral.Purchase {
	return referral.Purchase{
		Key: p.Key, Amount: p.Paid.Amount, Refunded: p.Refunded, PaidAt: p.Paid.At, Disputed: p.Disputed != payment.Undisputed,
	}
}

// storedPurchase is the same of a payment as it is stored.
func storedPurchase(r db.Payment) referral.Purchase {
	return referral.Purchase{
		Key: r.Key, Amount: money.New(money.Currency(deref(r.Currency)), deref(r.Gross)), Refunded: r.Refunded,
		PaidAt: derefTime(r.PaidAt), Disputed: payment.Disputed(r.Disputed) != payment.Undisputed,
	}
}

// loadCredits reads what was posted before for those payments for which anything was.
func loadCredits(ctx context.Context, q *db.Queries, all []*credited) error {
	byID := make(map[int64]*credited, len(all))
	for _, c := range all {
		byID[c.payment] = c
	}
	rows, err := q.ListCredits(ctx, keysOf(byID))
	for _, r := range rows {
		c := byID[r.PaymentID]
		c.posted = append(c.posted, ledger.Transfer{
			N: int(r.N), Kind: ledger.Kind(r.Kind), Leg: creditLeg, Debit: ledger.Account(r.Debit), Credit: ledger.Account(r.Credit),
			Amount: money.New(money.Currency(r.Currency), r.Minor),
		})
	}
	return err
}

// creditedBefore are those of the payments looked at for which something was posted.
func (t *txn) creditedBefore() (some []*credited) {
	for _, c := range t.credits {
		if c.count > 0 {
			some = append(some, c)
		}
	}
	return some
}

// settle says what is still to post, what goes back first. What came from another program's account, by a sign-up that stood
// before, goes back to that.
func (c *credited) settle() error {
	bySource := map[ledger.Account][]ledger.Transfer{c.source: nil}
	last := 0
	for _, p := range c.posted {
		bySource[p.Program()] = append(bySource[p.Program()], p)
		last = max(last, p.N)
	}
	for _, source := range keysOf(bySource) {
		var owed []ledger.Share
		if source == c.source {
			owed = c.owed
		}
		post, err := ledger.SettleCredit(source, owed, bySource[source])
		if err != nil {
			return err
		}
		c.post = append(c.post, post...)
	}
	slices.SortStableFunc(c.post, func(a, b ledger.Transfer) int {
		return cmp.Compare(creditTurn[a.Kind], creditTurn[b.Kind])
	})
	for i := range c.post {
		c.post[i].N = last + i + 1
	}
	return nil
}

var creditTurn = map[ledger.Kind]int{ledger.Debited: 0, ledger.Credited: 1}

// settleCredits says which transfers make each payment's credit what the payment is worth.
func (t *txn) settleCredits() error {
	for _, c := range t.credits {
		if err := c.settle(); err != nil {
			return &decisionError{err}
		}
	}
	return nil
}

func (t *txn) saveCredits() error {
	var rows db.InsertCreditsParams
	var counts db.CountCreditsParams
	for _, c := range t.credits {
		for _, p := range c.post {
			t.result.Credits = append(t.result.Credits, Credit{c.payment, p})
			rows.PaymentID = append(rows.PaymentID, c.payment)
			rows.N = append(rows.N, int32(p.N))
			rows.Kind = append(rows.Kind, string(p.Kind))
			rows.Debit = append(rows.Debit, int64(p.Debit))
			rows.Credit = append(rows.Credit, int64(p.Credit))
			rows.Currency = append(rows.Currency, string(p.Amount.Currency))
			rows.Minor = append(rows.Minor, p.Amount.Minor)
			rows.At = append(rows.At, t.now)
			rows.Cause = append(rows.Cause, c.cause)
		}
		if len(c.post) > 0 {
			counts.Ids = append(counts.Ids, c.payment)
			counts.Credits = append(counts.Credits, c.count+int32(len(c.post)))
		}
	}
	if len(rows.N) == 0 {
		return nil
	}
	if err := t.later.queries().InsertCredits(t.ctx, rows); err != nil {
		return err
	}
	return t.later.queries().CountCredits(t.ctx, counts)
}

// creditsSince is from when on purchases are credited to somebody by a sign-up; false when none ever is.
func (b *termsBook) creditsSince(s joining) (from time.Time, ok bool) {
	if s.at.IsZero() || len(b.byProgram[s.program]) == 0 {
		return from, false
	}
	terms := b.at(s.program, s.at).terms
	from, _ = terms.Window(s.at)
	return from, terms.CreditPurchases
}

// CreditCurrencies are the currencies that the terms which credit purchases expect them in, in order: those of the minimum,
// of any version of any program.
func (s *Database) CreditCurrencies(ctx context.Context) ([]money.Currency, error) {
	b, err := s.book(ctx, db.New(s.pool))
	if err != nil {
		return nil, explainSchema(err)
	}
	all := make(map[money.Currency]int64)
	for _, versions := range b.byProgram {
		for _, v := range versions {
			if v.terms.CreditPurchases {
				maps.Copy(all, v.terms.Qualify.Minimum)
			}
		}
	}
	return keysOf(all), nil
}

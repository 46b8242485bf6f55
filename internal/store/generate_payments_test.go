package store

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/payment"
)

var payTimes = []time.Duration{
	time.Hour, time.Hour, 2 * time.Hour, 29 * day, 0, time.Second, -time.Minute, 89 * day, 90 * day, 91 * day, -60 * time.Minute, 120 * day,
	-61 * time.Minute, -3 * day,
}

var amounts = []money.Amount{
	money.New("usd", 1000), money.New("usd", 3000), money.New("eur", 1007), money.New("usd", 999), money.New("jpy", 1001),
	money.New("kwd", 12340), money.New("isk", 123400), money.New("kwd", 2990), money.New("eur", 1), money.New("xyz", 5000),
}

// purchase is one purchase in the making, as Stripe tells it: any of a session, an invoice, an intent, a charge, refunds,
// disputes and warnings, with or without the buyer's name, tied together by some of the events and not by others.
type purchase struct {
	*business
	t               *rapid.T
	n               int
	at              time.Time
	amount          money.Amount
	buyer, customer string
}

func (b *business) drawPurchase(t *rapid.T, n int) {
	referee, _ := b.drawPair(t, "bob", "C-ALICE")
	p := purchase{
		business: b, t: t, n: n,
		at:       noon.Add(rapid.SampledFrom(payTimes).Draw(t, "paidAt")),
		amount:   rapid.SampledFrom(amounts).Draw(t, "amount"),
		buyer:    rapid.SampledFrom(slices.Concat([]string{referee, referee, ""}, people)).Draw(t, "buyer"),
		customer: rapid.SampledFrom([]string{"", "cus_1", "cus_2", "cus_3"}).Draw(t, "customer"),
	}
	p.session()
	p.invoice()
	p.intent()
	p.charges()
	p.refunds()
	p.disputes()
	p.warnings()
}

func (p purchase) id(of string) string { return fmt.Sprintf("%s_%d", of, p.n) }

// tell adds what one event says of one object, and which others it names beside it.
func (p purchase) tell(when time.Time, id string, e payment.Evidence, ties ...string) {
	aside := []payment.Kind{payment.Unseen, payment.Refund, payment.Dispute, payment.Warning} // these name no customer
	if p.customer != "" && !slices.Contains(aside, e.Kind) {
		e.Customer = live.Key(p.customer)
	}
	event := stripe("", when, payment.Report{Key: live.Key(id), Evidence: e}, ties...)
	if e.Kind == payment.Session && e.Customer != "" && e.User.UserID != "" {
		event.Tie = &fact.Tie{Customer: e.Customer, UserID: e.User.UserID, At: when}
	}
	p.add(event, id)
}

// otherAmount is what an object says that does not see all of the purchase.
func (p purchase) otherAmount() money.Amount {
	least := p.amount.Minor - p.amount.Currency.Step()
	if least <= 0 {
		return p.amount
	}
	return rapid.SampledFrom([]money.Amount{p.amount, p.amount, money.New(p.amount.Currency, least)}).Draw(p.t, "otherAmount")
}

func (p purchase) session() {
	if rapid.IntRange(0, 4).Draw(p.t, "hasSession") == 0 {
		return
	}
	e := payment.Evidence{Kind: payment.Session, User: claim(p.buyer, p.at), Paid: payment.Paid{Amount: p.amount, At: p.at}}
	if rapid.IntRange(0, 3).Draw(p.t, "sessionAlone") > 0 {
		p.tell(p.at, p.id("cs"), e, p.id("pi"))
		return
	}
	p.tell(p.at, p.id("cs"), e)
	if rapid.Bool().Draw(p.t, "tiedLate") {
		p.tell(p.at, p.id("pi"), payment.Evidence{}, p.id("cs"))
	}
}

func (p purchase) invoice() {
	if !p.some.has(invoices) || rapid.IntRange(0, 2).Draw(p.t, "hasInvoice") > 0 {
		return
	}
	at := p.at.Add(2 * time.Second)
	e := payment.Evidence{Kind: payment.Invoice, Paid: payment.Paid{Amount: p.otherAmount(), At: at}}
	if who := rapid.SampledFrom([]string{p.buyer, "", "erin"}).Draw(p.t, "invoiceNames"); who != "" {
		e.User = claim(who, at)
		e.User.Place = rapid.SampledFrom([]payment.Place{payment.OnSubscription, payment.OnInvoice}).Draw(p.t, "invoicePlace")
	}
	if rapid.Bool().Draw(p.t, "invoiceTies") {
		p.tell(at, p.id("in"), e, p.id("pi"), p.id("ch"))
		return
	}
	p.tell(at, p.id("in"), e)
	p.tell(at, p.id("in"), payment.Evidence{Kind: payment.Invoice}, rapid.SampledFrom([]string{p.id("pi"), p.id("ch"), p.id("cs")}).Draw(p.t, "invoiceOf"))
}

func (p purchase) intent() {
	if !rapid.Bool().Draw(p.t, "hasIntent") {
		return
	}
	at := p.at.Add(rapid.SampledFrom([]time.Duration{time.Second, -time.Second}).Draw(p.t, "intentAt"))
	e := payment.Evidence{Kind: payment.Intent}
	if who := rapid.SampledFrom([]string{p.buyer, "", "erin"}).Draw(p.t, "intentNames"); who != "" {
		e.User, e.Paid = claim(who, at), payment.Paid{Amount: p.otherAmount(), At: at}
		e.User.Place = payment.OnPayment
	}
	p.tell(at, p.id("pi"), e, p.id("ch"))
}

func (p purchase) charges() {
	for range rapid.IntRange(0, 2).Draw(p.t, "charges") {
		back := rapid.SampledFrom([]int64{0, 0, 1, 400, p.amount.Minor, p.amount.Minor}).Draw(p.t, "back")
		e := payment.Evidence{Kind: payment.Charge, Refunded: back}
		if p.some.has(cards) {
			e.Card = rapid.SampledFrom([]string{"", "card_1", "card_2"}).Draw(p.t, "card")
		}
		p.tell(p.at.Add(time.Minute), p.id("ch"), e, p.id("pi"))
	}
}

func (p purchase) refunds() {
	for range rapid.IntRange(0, 2).Draw(p.t, "refunds") {
		id := fmt.Sprintf("re_%d_%d", p.n, rapid.IntRange(0, 1).Draw(p.t, "refund"))
		p.tell(p.at.Add(time.Hour), id, payment.Evidence{
			Kind: payment.Refund, Refund: payment.RefundState{
				Minor:  rapid.SampledFrom([]int64{1, 400, p.amount.Minor}).Draw(p.t, "minor"),
				Status: payment.RefundStatus(rapid.IntRange(int(payment.RefundPending), int(payment.RefundFailed)).Draw(p.t, "status")),
				At:     p.reported(),
			},
		}, p.of())
	}
}

// reported is when an event about what came after the payment was made: often in one second.
func (p purchase) reported() time.Time {
	return p.at.Add(time.Duration(rapid.IntRange(1, 2).Draw(p.t, "reported")) * time.Hour)
}

// of is the object that what came after the payment names.
func (p purchase) of() string {
	return rapid.SampledFrom([]string{p.id("pi"), p.id("ch")}).Draw(p.t, "of")
}

var disputeStatuses = []payment.DisputeStatus{
	payment.DisputeNeedsResponse, payment.DisputeLost, payment.DisputeWon, payment.DisputeWarningNeedsResponse, payment.DisputeUnderReview,
	payment.DisputeWarningUnderReview, payment.DisputeWarningClosed, payment.DisputePrevented,
}

func (p purchase) disputes() {
	if !p.some.has(disputes) {
		return
	}
	for range rapid.IntRange(0, 3).Draw(p.t, "disputes") {
		k := rapid.IntRange(0, 1).Draw(p.t, "dispute")
		p.tell(p.at.Add(time.Hour), fmt.Sprintf("dp_%d_%d", p.n, k), payment.Evidence{
			Kind: payment.Dispute, Dispute: payment.DisputeState{
				Minor:  p.amount.Minor,
				Status: rapid.SampledFrom(disputeStatuses).Draw(p.t, "disputed"),
				At:     p.reported(), Opened: p.at.Add(time.Duration(k+1) * time.Minute),
			},
		}, p.of())
	}
}

func (p purchase) warnings() {
	if !p.some.has(warnings) {
		return
	}
	for range rapid.IntRange(0, 2).Draw(p.t, "warnings") {
		k := rapid.IntRange(0, 1).Draw(p.t, "warning")
		p.tell(p.at.Add(time.Hour), fmt.Sprintf("issfr_%d_%d", p.n, k), payment.Evidence{
			Kind: payment.Warning, Warning: payment.WarningState{
				Known: true, Actionable: rapid.Bool().Draw(p.t, "actionable"),
				At: p.reported(), Opened: p.at.Add(time.Duration(k+1) * time.Minute),
			},
		}, p.of())
	}
}

package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/model"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/payment"
)

// pastOf gives somebody purchases, as many as wanted, one a second, each seen by its session alone.
const pastOf = `
with buyer as (select id from users where external_id = $1),
paid as (
    insert into payments (key, user_id, named, currency, gross, paid_at, refunded)
    select 'cs_' || $1 || '_' || n, buyer.id, true, $3, $4, $5::timestamptz + n * interval '1 second', $6 from buyer, generate_series(1, $2::int) n
    returning id, key, user_id, currency, gross, paid_at, refunded
), seen as (
    insert into objects (key, payment_id, kind, user_id, user_at, currency, gross, paid_at)
    select key, id, 1, user_id, paid_at, currency, gross, paid_at from paid
)
insert into objects (key, payment_id, kind, refund_minor, refund_status, refund_at)
select 're_' || key, id, 4, refunded, 3, paid_at from paid where refunded > 0`

// manyPayments are a buyer's of years.
const manyPayments = 100_000

// TestABuyersPastCostsNothing: what an event of a buyer with a hundred thousand payments has the store ask, and look at,
// is as much as of one with ten.
func TestABuyersPastCostsNothing(t *testing.T) {
	for name, c := range map[string]struct {
		terms    func(t *model.Terms)
		amount   money.Amount
		refunded int64
		from     time.Time
		walks    bool
	}{
		"each of which would do":             {amount: usd(1000), from: noon},
		"each too small":                     {amount: usd(1), from: noon},
		"in a currency that is not listed":   {amount: money.New("gbp", 1000), from: noon},
		"from before the sign-up":            {amount: usd(1000), from: noon.Add(-10 * day)},
		"from after the window":              {amount: usd(1000), from: noon.Add(100 * day)},
		"all of which went back":             {amount: usd(1000), refunded: 1000, from: noon},
		"all of which went back, one by one": {amount: usd(1000), refunded: 1000, from: noon, walks: true, terms: func(t *model.Terms) { t.Requalify = true }},
		"all of which are credited":          {amount: usd(1000), from: noon, terms: func(t *model.Terms) { t.CreditPurchases = true }},
	} {
		t.Run(name, func(t *testing.T) {
			w := sequence{terms: c.terms}.story().world(t, t)
			w.now = noon.Add(120 * day)
			l := w.listenToOne(t)
			buyers := map[string]int{"few": 10, "many": manyPayments}
			w.apply(registered("alice", "", noon), registered("carol", "", noon), registered("few", "C-ALICE", noon), registered("many", "C-ALICE", noon))
			for buyer, n := range buyers {
				if _, err := w.pool.Exec(w.ctx, pastOf, buyer, n, string(c.amount.Currency), c.amount.Minor, c.from, c.refunded); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := w.pool.Exec(w.ctx, "analyze"); err != nil {
				t.Fatal(err)
			}
			w.apply(further("alice")[0].events...) // the terms are read, and the statements planned
			few, many := w.measure(t, l, "few"), w.measure(t, l, "many")
			for i, step := range few {
				t.Logf("%s: %d statements look at %d rows, or %d at %d", step.name, step.statements, step.rows, many[i].statements, many[i].rows)
				if c.walks && strings.Contains(step.name, "sign-up") {
					continue // a new referral has to look past what went back for what stands
				}
				if step.statements != many[i].statements || many[i].rows > step.rows+50 {
					t.Errorf("%s: %d statements look at %d rows for a buyer with ten payments, and %d at %d for one with %d",
						step.name, step.statements, step.rows, many[i].statements, many[i].rows, manyPayments)
				}
			}
			if few, many := w.statusesOf("few"), w.statusesOf("many"); few != many {
				t.Errorf("the one with ten payments is %s, and the other %s", few, many)
			}
		})
	}
}

// cost is what it took to apply some events.
type cost struct {
	name             string
	statements, rows int64
}

// step is something that happens to a buyer.
type step struct {
	name   string
	events []fact.Event
}

// further is what happens to a buyer who has bought before.
func further(buyer string) []step {
	n := len(buyer) * 1000 // the numbers of their next purchases
	past := func(e fact.Event) fact.Event {
		e = again(e)
		e.Key += buyer
		e.Sighting.Reports[1].Key = live.Key("cs_" + buyer + "_5")
		return e
	}
	all := []step{
		{"a small purchase", []fact.Event{session(n, buyer, usd(500), hour)}},
		{"a large one", []fact.Event{session(n+1, buyer, usd(5000), hour.Add(time.Second))}},
		{"a refund of an old one", []fact.Event{past(refund(n+2, 1, 1, payment.RefundSucceeded, hour))}},
		{"a charge of an old one", []fact.Event{past(charge(n+3, 0, hour))}},
		{"a tie", []fact.Event{tie("cus_"+buyer, buyer, hour)}},
		{"a sign-up elsewhere", []fact.Event{registered(buyer, "C-CAROL", noon.Add(time.Minute))}},
		{"an earlier sign-up", []fact.Event{registered(buyer, "C-ALICE", noon.Add(-time.Minute))}},
	}
	return append(all,
		step{"a dispute of an old one", []fact.Event{past(dispute(n+4, 1, payment.DisputeNeedsResponse, hour))}},
		step{"a card", []fact.Event{paidBy(n, "card_"+buyer, hour)}})
}

func (w *world) measure(t *testing.T, l *listener, buyer string) (all []cost) {
	for _, s := range further(buyer) {
		l.heard = nil
		before := w.looked(t)
		heard := len(l.heard)
		w.apply(s.events...)
		statements := len(l.heard) - heard
		all = append(all, cost{s.name, int64(statements), w.looked(t) - before})
	}
	return all
}

// listenToOne gives the worker one connection, as a worker has it, and writes down what it is asked.
func (w *world) listenToOne(t *testing.T) *listener {
	t.Helper()
	var l listener
	pool, err := Open(t.Context(), w.store.pool.Config().ConnString(), WithOnePlan(), func(cfg *pgxpool.Config) {
		cfg.MaxConns = 1
		cfg.ConnConfig.Tracer = &l
	})
	if err != nil {
		t.Fatal(err)
	}
	w.store.pool.Close()
	w.store.pool = pool
	t.Cleanup(pool.Close)
	return &l
}

// statusesOf is where all of somebody's referrals stand.
func (w *world) statusesOf(referee string) (all string) {
	w.t.Helper()
	page, err := w.api.Referrals(w.ctx, Filter{Referee: referee, Limit: 10})
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	for _, r := range page {
		all += fmt.Sprintf(" %s: %s %s", r.Code, r.Status, r.Reason)
	}
	return all
}

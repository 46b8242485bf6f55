package payment

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plusone-dev/plusone/internal/money"
)

var (
	noon   = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	before = noon.Add(-time.Second)
	after  = noon.Add(time.Second)
)

func eur(minor int64) money.Amount { return money.New("eur", minor) }

// someTies say who the customers of these tests are; cus_guest is nobody yet.
func someTies(customer string) string {
	return map[string]string{"cus_1": "bob", "cus_2": "carol"}[customer]
}

func TestDerive(t *testing.T) {
	t.Parallel()
	session := func(e Evidence) Object { e.Kind = Session; return Object{"cs_1", e} }
	intent := func(e Evidence) Object { e.Kind = Intent; return Object{"pi_1", e} }
	invoice := func(e Evidence) Object { e.Kind = Invoice; return Object{"in_1", e} }
	charge := func(e Evidence) Object { e.Kind = Charge; return Object{"ch_1", e} }
	for name, c := range map[string]struct {
		objects []Object
		want    Payment
	}{
		"nothing": {nil, Payment{}},
		"ids alone": {
			[]Object{{"pi_1", Evidence{}}, {"ch_1", Evidence{}}},
			Payment{Key: "ch_1"},
		},
		"the session's buyer before the intent's, however late": {
			[]Object{session(Evidence{User: Claim{"bob", after, OnSession}}), intent(Evidence{User: Claim{"carol", before, OnPayment}})},
			Payment{Key: "cs_1", UserID: "bob", Named: true},
		},
		"the subscription's buyer, on the invoice, before the intent's": {
			[]Object{invoice(Evidence{User: Claim{"bob", after, OnSubscription}}), intent(Evidence{User: Claim{"carol", before, OnPayment}})},
			Payment{Key: "in_1", UserID: "bob", Named: true},
		},
		"the intent's buyer before the one on the invoice itself": {
			[]Object{invoice(Evidence{User: Claim{"carol", before, OnInvoice}}), intent(Evidence{User: Claim{"bob", after, OnPayment}})},
			Payment{Key: "in_1", UserID: "bob", Named: true},
		},
		"the charge's buyer, who was named before the intent's": {
			[]Object{charge(Evidence{User: Claim{"bob", before, OnPayment}}), intent(Evidence{User: Claim{"carol", after, OnPayment}})},
			Payment{Key: "ch_1", UserID: "bob", Named: true},
		},
		"of two named in one second the smaller": {
			[]Object{charge(Evidence{User: Claim{"carol", noon, OnPayment}}), intent(Evidence{User: Claim{"bob", noon, OnPayment}})},
			Payment{Key: "ch_1", UserID: "bob", Named: true},
		},
		"the charge's buyer where no other is named": {
			[]Object{session(Evidence{}), charge(Evidence{User: Claim{"bob", noon, OnPayment}})},
			Payment{Key: "ch_1", UserID: "bob", Named: true},
		},
		"of two sessions the earlier claim": {
			[]Object{session(Evidence{User: Claim{UserID: "bob", At: noon}}), {"cs_2", Evidence{Kind: Session, User: Claim{UserID: "carol", At: before}}}},
			Payment{Key: "cs_1", UserID: "carol", Named: true},
		},
		"a buyer who is named before the one who is tied": {
			[]Object{session(Evidence{User: Claim{UserID: "dave", At: noon}, Customer: "cus_1"})},
			Payment{Key: "cs_1", UserID: "dave", Named: true, Customer: "cus_1"},
		},
		"a buyer by the customer's tie": {
			[]Object{session(Evidence{Customer: "cus_1"})},
			Payment{Key: "cs_1", UserID: "bob", Customer: "cus_1"},
		},
		"a customer nobody is tied to yet": {
			[]Object{session(Evidence{Customer: "cus_guest"})},
			Payment{Key: "cs_1", Customer: "cus_guest"},
		},
		"the session's customer before the charge's": {
			[]Object{charge(Evidence{Customer: "cus_1"}), session(Evidence{Customer: "cus_2"})},
			Payment{Key: "ch_1", UserID: "carol", Customer: "cus_2"},
		},
		"the invoice's customer before the session's": {
			[]Object{session(Evidence{Customer: "cus_1"}), invoice(Evidence{Customer: "cus_2"})},
			Payment{Key: "cs_1", UserID: "carol", Customer: "cus_2"},
		},
		"a guest's session, and a charge that knows the customer": {
			[]Object{session(Evidence{}), charge(Evidence{Customer: "cus_2"})},
			Payment{Key: "ch_1", UserID: "carol", Customer: "cus_2"},
		},
		"the session's amount, at the intent's earlier time": {
			[]Object{intent(Evidence{Paid: Paid{eur(900), before}}), session(Evidence{Paid: Paid{eur(1000), noon}})},
			Payment{Key: "cs_1", Paid: Paid{eur(1000), before}},
		},
		"the session's amount, at its own earlier time": {
			[]Object{session(Evidence{Paid: Paid{eur(1000), noon}}), intent(Evidence{Paid: Paid{eur(900), after}})},
			Payment{Key: "cs_1", Paid: Paid{eur(1000), noon}},
		},
		"the intent's amount where the session was not paid": {
			[]Object{session(Evidence{}), intent(Evidence{Paid: Paid{eur(900), after}})},
			Payment{Key: "cs_1", Paid: Paid{eur(900), after}},
		},
		"the invoice's amount before the session's and the intent's, at the intent's earlier time": {
			[]Object{
				session(Evidence{Paid: Paid{eur(1000), noon}}), intent(Evidence{Paid: Paid{eur(900), before}}),
				invoice(Evidence{Paid: Paid{eur(1100), after}}),
			},
			Payment{Key: "cs_1", Paid: Paid{eur(1100), before}},
		},
		"the session's amount where the invoice was for nothing": {
			[]Object{invoice(Evidence{Paid: Paid{eur(0), before}}), session(Evidence{Paid: Paid{eur(1000), noon}})},
			Payment{Key: "cs_1", Paid: Paid{eur(1000), noon}},
		},
		"the invoice's currency, though the intent came in another": {
			[]Object{intent(Evidence{Paid: Paid{money.New("usd", 900), noon}}), invoice(Evidence{Paid: Paid{eur(1100), noon}})},
			Payment{Key: "in_1", Paid: Paid{eur(1100), noon}},
		},
		"of two invoices of one second the smaller amount": {
			[]Object{invoice(Evidence{Paid: Paid{eur(1100), noon}}), {"in_2", Evidence{Kind: Invoice, Paid: Paid{eur(700), noon}}}},
			Payment{Key: "in_1", Paid: Paid{eur(700), noon}},
		},
		"what a charge says is no payment": {
			[]Object{charge(Evidence{Paid: Paid{eur(900), noon}})},
			Payment{Key: "ch_1"},
		},
		"nor does it say when one was": {
			[]Object{charge(Evidence{Paid: Paid{eur(900), before}}), session(Evidence{Paid: Paid{eur(1000), noon}})},
			Payment{Key: "ch_1", Paid: Paid{eur(1000), noon}},
		},
		"the smallest of the cards": {
			[]Object{charge(Evidence{Card: "fp_2"}), {"ch_2", Evidence{Kind: Charge, Card: "fp_1"}}, session(Evidence{})},
			Payment{Key: "ch_1", Card: "fp_1"},
		},
		"of two sessions the earlier amount, not their sum": {
			[]Object{session(Evidence{Paid: Paid{eur(1000), noon}}), {"cs_2", Evidence{Kind: Session, Paid: Paid{eur(2000), before}}}},
			Payment{Key: "cs_1", Paid: Paid{eur(2000), before}},
		},
		"what only looks like a claim or a payment": {
			[]Object{
				session(Evidence{User: Claim{UserID: "", At: before}, Paid: Paid{eur(0), before}}),
				intent(Evidence{User: Claim{UserID: "bob", At: after}, Paid: Paid{eur(900), after}}),
			},
			Payment{Key: "cs_1", UserID: "bob", Named: true, Paid: Paid{eur(900), after}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, Derive(c.objects, someTies)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// A tie is asked for only where it decides: a payment whose buyer is named must not wait for its customer.
func TestDeriveAsksNoTieOfANamedBuyer(t *testing.T) {
	t.Parallel()
	named := Object{"cs_1", Evidence{Kind: Session, User: Claim{UserID: "bob", At: noon}, Customer: "cus_1"}}
	guest := Object{"cs_2", Evidence{Kind: Session}}
	for _, o := range []Object{named, guest} {
		Derive([]Object{o}, func(customer string) string {
			t.Errorf("%s: asked who %q is", o.Key, customer)
			return ""
		})
	}
}

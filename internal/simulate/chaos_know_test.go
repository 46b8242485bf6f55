package simulate

import "testing"

// TestTheChaoticModel goes through what follows from events, one story of one friend each. The friend is 1, and 2 is
// somebody else.
func TestTheChaoticModel(t *testing.T) {
	cs := func(amount int64, user int32) Webhook {
		return Webhook{About: CheckoutSession, At: 10, Mode: "payment", Status: "paid", Amount: amount, Claim: Claim{user, Reference}, Names: several(PaymentIntent), Customer: Nobody}
	}
	pi := func(amount int64, user int32) Webhook {
		return Webhook{About: PaymentIntent, At: 11, Amount: amount, Claim: Claim{user, PaymentMetadata}, Names: several(TheCharge), Customer: Nobody}
	}
	in := func(amount int64, user int32, names Objects) Webhook {
		return Webhook{About: Invoice, At: 12, Amount: amount, Claim: Claim{user, InvoiceMetadata}, Names: names, Customer: Nobody}
	}
	paid := pi(1000, 1)
	of := func(about Object, at int64, status string, amount int64) Webhook {
		return Webhook{About: about, At: at, Status: status, Amount: amount, Names: several(TheCharge), Claim: Claim{User: Nobody}, Customer: Nobody}
	}
	back := func(amount int64) Webhook {
		return Webhook{About: TheCharge, At: 99, Amount: 1000, Back: amount, Claim: Claim{User: Nobody}, Customer: Nobody}
	}
	tied := func(at int64, user int32) Webhook {
		return Webhook{About: TheCustomer, Payment: Nobody, At: at, Customer: 1, Claim: Claim{user, CustomerMetadata}}
	}
	as := func(h Webhook, change func(*Webhook)) Webhook { change(&h); return h }
	customers := func(h *Webhook) { h.Claim.User, h.Customer = Nobody, 1 }
	var (
		waits, earned, review = Standing{pending, ""}, Standing{rewarded, ""}, Standing{qualified, ""}
		back0, gone           = Standing{cancelled, refunded}, Standing{cancelled, disputed}
	)
	for name, s := range map[string]struct {
		all  []Webhook
		want Standing
	}{
		"a session":                              {[]Webhook{cs(1000, 1)}, earned},
		"an intent of one's own":                 {[]Webhook{paid}, earned},
		"an intent that names nobody":            {[]Webhook{as(paid, customers), tied(1, 1)}, waits},
		"an invoice before a session":            {[]Webhook{cs(1000, 1), in(999, Nobody, several(PaymentIntent))}, waits},
		"a session before an intent":             {[]Webhook{cs(1000, 1), pi(1, Nobody)}, earned},
		"a session of a subscription":            {[]Webhook{as(cs(1000, 1), func(h *Webhook) { h.Mode, h.Names = "subscription", 0 })}, waits},
		"one that names its invoice":             {[]Webhook{as(cs(1000, 1), func(h *Webhook) { h.Mode, h.Names = "subscription", several(Invoice) })}, earned},
		"an unpaid one":                          {[]Webhook{as(cs(1000, 1), func(h *Webhook) { h.Status = "unpaid" })}, waits},
		"a trial":                                {[]Webhook{in(0, 1, 0)}, waits},
		"a charge alone":                         {[]Webhook{back(0)}, waits},
		"somebody else's session, one's intent":  {[]Webhook{cs(1000, 2), pi(1000, 1)}, waits},
		"one's session, somebody else's intent":  {[]Webhook{cs(1000, 1), pi(1000, 2)}, earned},
		"an invoice of an intent, not tied":      {[]Webhook{paid, in(1, 2, 0)}, earned},
		"the same, tied":                         {[]Webhook{paid, in(1, Nobody, 0), {About: InvoicePayment, Names: several(Invoice, PaymentIntent), Customer: Nobody, Claim: Claim{User: Nobody}}}, waits},
		"the customer's":                         {[]Webhook{as(cs(1000, 1), customers), tied(50, 1)}, earned},
		"the customer is somebody else, earlier": {[]Webhook{as(cs(1000, 1), customers), tied(50, 1), tied(49, 2)}, waits},
		"and later":                              {[]Webhook{as(cs(1000, 1), customers), tied(50, 1), tied(51, 2)}, earned},
		"nobody's customer":                      {[]Webhook{as(cs(1000, 1), customers)}, waits},
		"all back":                               {[]Webhook{paid, back(1000)}, back0},
		"a refund alone":                         {[]Webhook{of(FirstRefund, 20, "succeeded", 1), paid}, back0},
		"a pending one":                          {[]Webhook{of(FirstRefund, 20, "pending", 1000), paid}, earned},
		"that succeeds":                          {[]Webhook{of(FirstRefund, 21, "succeeded", 1000), of(FirstRefund, 20, "pending", 1000), paid}, back0},
		"that fails in the same second":          {[]Webhook{of(FirstRefund, 20, "failed", 1000), of(FirstRefund, 20, "succeeded", 1000), paid, back(1000)}, earned},
		"one fails beside a good one":            {[]Webhook{paid, back(1000), of(FirstRefund, 20, "failed", 600), of(SecondRefund, 20, "succeeded", 400)}, back0},
		"a dispute":                              {[]Webhook{paid, of(FirstDispute, 20, "needs_response", 1000)}, gone},
		"won":                                    {[]Webhook{paid, of(FirstDispute, 21, "won", 1000), of(FirstDispute, 20, "under_review", 1000)}, earned},
		"won, then late under review":            {[]Webhook{paid, of(FirstDispute, 20, "won", 1000), of(FirstDispute, 20, "under_review", 1000)}, earned},
		"lost":                                   {[]Webhook{paid, of(FirstDispute, 21, "lost", 1000), of(FirstDispute, 20, "under_review", 1000)}, gone},
		"lost, then won":                         {[]Webhook{paid, of(FirstDispute, 22, "won", 1000), of(FirstDispute, 21, "lost", 1000)}, earned},
		"one won, one lost":                      {[]Webhook{paid, of(FirstDispute, 22, "won", 1000), of(SecondDispute, 21, "lost", 1000)}, gone},
		"prevented":                              {[]Webhook{paid, of(FirstDispute, 22, "prevented", 1000)}, earned},
		"an inquiry":                             {[]Webhook{paid, of(FirstDispute, 22, "warning_under_review", 1000)}, review},
		"an inquiry that closed":                 {[]Webhook{paid, of(FirstDispute, 22, "warning_closed", 1000), of(FirstDispute, 21, "warning_needs_response", 1000)}, earned},
		"a refund goes before a dispute":         {[]Webhook{paid, back(1), of(FirstDispute, 22, "lost", 1000)}, back0},
		"a warning":                              {[]Webhook{paid, as(of(FraudWarning, 22, "", 0), func(h *Webhook) { h.Actionable = true })}, review},
		"that is none any more":                  {[]Webhook{paid, as(of(FraudWarning, 22, "", 0), func(h *Webhook) { h.Actionable = true }), of(FraudWarning, 22, "", 0)}, earned},
		"too late":                               {[]Webhook{as(paid, func(h *Webhook) { h.At = 90*day + 1 })}, waits},
		"in the last second":                     {[]Webhook{as(paid, func(h *Webhook) { h.At = 90 * day })}, earned},
		"the invoice says when":                  {[]Webhook{as(in(1000, 1, 0), func(h *Webhook) { h.At, h.PaidAt = 90*day+1, 90*day })}, earned},
	} {
		p := &Plan{
			Config: Config{Rules: ours, Chaos: true}, Currencies: []string{"usd", "nok"}, Webhooks: s.all,
			People: []Person{{Referrer: Nobody}, {Referrer: 0}, {Referrer: Nobody}}, Facts: []Fact{{Kind: SignUp, User: 1}},
		}
		for i := range s.all {
			p.Facts = append(p.Facts, Fact{Kind: Event, User: 1, Payment: int32(i)})
		}
		if x := Expect(p, accepted(p)).People[1]; x.Stands != s.want {
			t.Errorf("%s: %+v, want %v", name, x, s.want)
		}
	}
}

// TestOtherModesOfTheModel: the first purchase decides, or another one may stand in.
func TestOtherModesOfTheModel(t *testing.T) {
	small, enough := purchase{at: 1, amount: 999}, purchase{at: 2, amount: 1000}
	again := purchase{at: 3, amount: 1000}
	gone, contested := enough, enough
	gone.back, contested.disputed = 1, true
	first, requalify := func(r *Rules) { r.First = true }, func(r *Rules) { r.Requalify = true }
	for name, s := range map[string]struct {
		mode func(*Rules)
		all  []purchase
		want Standing
	}{
		"the first is enough":            {first, []purchase{enough, again}, Standing{rewarded, ""}},
		"the first is too small":         {first, []purchase{small, enough}, Standing{cancelled, belowMinimum}},
		"the first is back":              {first, []purchase{gone, again}, Standing{cancelled, refunded}},
		"another stands in":              {requalify, []purchase{small, gone, again}, Standing{rewarded, ""}},
		"for one that is disputed":       {requalify, []purchase{contested, again}, Standing{rewarded, ""}},
		"none stands in":                 {requalify, []purchase{gone, contested}, Standing{cancelled, refunded}},
		"none does without such a term":  {func(*Rules) {}, []purchase{gone, again}, Standing{cancelled, refunded}},
		"a small one is passed over too": {func(*Rules) {}, []purchase{small, enough}, Standing{rewarded, ""}},
	} {
		p := &Plan{Config: Config{Rules: ours}, Currencies: []string{"usd"}}
		s.mode(&p.Rules)
		x := Expected{}
		if p.judge(&x, Person{}, s.all, nil); x.Stands != s.want {
			t.Errorf("%s: %+v, want %v", name, x, s.want)
		}
	}
}

package simulate

// What goes back in a chaotic business.
const (
	disputes   = 0.20 // of the sales
	disputed2  = 0.20 // of these: twice
	warns      = 0.08
	calmsDown  = 0.50 // of the warnings
	partly     = 0.50 // of the refunds
	secondBack = 0.35
	breaks     = 0.25 // refunds that fail, or are canceled
	oneFamily  = 0.40 // refunds of which one family of events tells
	waitsFirst = 0.40 // refunds that are pending before they succeed
	slowReview = 0.50
)

func (s *sale) reversals() {
	if s.t.chance(s.t.Refunds) {
		s.refunds()
	}
	if s.t.chance(disputes) {
		s.dispute(FirstDispute)
		if s.t.chance(disputed2) {
			s.dispute(SecondDispute)
		}
	}
	if s.t.chance(warns) {
		s.warning()
	}
}

// paidBy is how a refund, a dispute or a warning names what it is of: by the charge, by the intent, or by both.
func (s *sale) paidBy() Objects {
	switch {
	case s.bare || s.t.chance(0.1):
		return several(TheCharge)
	case s.t.chance(0.1):
		return several(PaymentIntent)
	}
	return several(TheCharge, PaymentIntent)
}

// refunds tells of one or two, in both families of events or in one of them.
func (s *sale) refunds() {
	charges, refunds := true, true
	if s.t.chance(oneFamily) {
		charges = s.t.chance(0.5)
		refunds = !charges
	}
	shown := int64(0)
	at := s.at + 100
	for n := range Object(2) {
		back := s.amount - shown
		if back > 1 && s.t.chance(partly) {
			back = 1 + s.t.rand.Int64N(back-1)
		}
		shown += back
		at += 2000 + s.t.rand.Int64N(20*day)
		if charges {
			s.shown(at, shown)
		}
		if refunds {
			s.refund(FirstRefund+n, at, back)
		}
		if shown == s.amount || !s.t.chance(secondBack) {
			return
		}
	}
}

// shown tells of what a charge says has gone back so far.
func (s *sale) shown(at, back int64) {
	names := several(PaymentIntent)
	if s.bare {
		names = 0
	}
	s.say(Webhook{
		Type: "charge.refunded", About: TheCharge, At: at, Names: names, Amount: s.amount, Back: back,
		Claim: s.named(PaymentMetadata), Decoy: Nobody,
	})
}

// refund tells of one, from its beginning to its end.
func (s *sale) refund(which Object, at, back int64) {
	names := s.paidBy()
	say := func(kind, status string, later int64) {
		s.say(Webhook{
			Type: kind, About: which, At: at + later, Opened: at, Names: names, Amount: back, Status: status,
			Claim: Claim{User: Nobody}, Decoy: Nobody,
		})
	}
	later := int64(0)
	if s.t.chance(waitsFirst) {
		say("refund.created", []string{"pending", "requires_action"}[s.t.rand.IntN(2)], 0)
		later = s.t.rand.Int64N(2) * day // also in the same second
		say("refund.updated", "succeeded", later)
	} else {
		say("refund.created", "succeeded", 0)
	}
	if s.t.chance(breaks) {
		later += s.t.rand.Int64N(3) * day
		switch s.t.rand.IntN(3) {
		case 0:
			say("refund.failed", "failed", later)
		case 1:
			say("charge.refund.updated", "failed", later)
		default:
			say("refund.updated", "canceled", later)
		}
	}
}

// courses are how disputes may go: the statuses, one after the other.
var courses = [][]string{
	{"warning_needs_response"},
	{"warning_needs_response", "warning_under_review", "warning_closed"},
	{"warning_needs_response", "needs_response"},
	{"prevented"},
	{"needs_response"},
	{"needs_response", "under_review"},
	{"needs_response", "under_review", "won"},
	{"needs_response", "won"},
	{"needs_response", "under_review", "lost"},
	{"lost"},
	{"needs_response", "lost", "won"},
	{"warning_needs_response", "needs_response", "under_review", "won"},
}

// dispute tells of one. When money moves there is a second event, which says the same, or what was so before.
func (s *sale) dispute(which Object) {
	course := courses[s.t.rand.IntN(len(courses))]
	names := s.paidBy()
	opened := s.at + day + s.t.rand.Int64N(20*day)
	at := opened
	for n, status := range course {
		kinds := []string{"charge.dispute.updated"}
		switch {
		case n == 0:
			kinds[0] = "charge.dispute.created"
		case status == "won":
			kinds = []string{"charge.dispute.closed", "charge.dispute.funds_reinstated"}
		case status == "lost" || status == "warning_closed":
			kinds[0] = "charge.dispute.closed"
		}
		if status == "needs_response" {
			kinds = append(kinds, "charge.dispute.funds_withdrawn")
		}
		for _, kind := range kinds {
			s.say(Webhook{
				Type: kind, About: which, At: at, Opened: opened, Names: names, Amount: s.amount, Status: status,
				Claim: Claim{User: Nobody}, Decoy: Nobody,
			})
		}
		if s.t.chance(slowReview) {
			at += day // otherwise the next comes in the same second, and the further course decides
		}
	}
}

// warning tells of an early fraud warning, and perhaps that there is nothing to act on any more.
func (s *sale) warning() {
	at, names := s.at+1000+s.t.rand.Int64N(day), s.paidBy()
	say := func(kind string, later int64, actionable bool) {
		s.say(Webhook{
			Type: kind, About: FraudWarning, At: at + later, Opened: at, Names: names, Actionable: actionable,
			Claim: Claim{User: Nobody}, Decoy: Nobody,
		})
	}
	say("radar.early_fraud_warning.created", 0, true)
	if s.t.chance(calmsDown) {
		say("radar.early_fraud_warning.updated", s.t.rand.Int64N(2)*day, false)
	}
}

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

// Histories are made of few people, codes, customers and times, so that they get in each other's way.

var people = []string{"alice", "bob", "carol", "dave", "erin"}

const day = 24 * time.Hour

func drawEvents(t *rapid.T) []fact.Event {
	var events []fact.Event
	for i := range rapid.IntRange(2, 8).Draw(t, "signUps") {
		events = append(events, drawSignUp(t, i))
	}
	for n := range rapid.IntRange(1, 6).Draw(t, "purchases") {
		events = append(events, drawPurchase(t, n)...)
	}
	return events
}

// signUpTimes has twins, so that the event id decides, and fractions of a second.
var signUpTimes = []time.Duration{-2 * day, -time.Hour, -time.Hour, -time.Second, 0, 0, 300 * time.Millisecond, time.Hour, 30 * day}

func drawSignUp(t *rapid.T, i int) fact.Event {
	user := rapid.SampledFrom(people).Draw(t, "user")
	code := rapid.SampledFrom([]string{"", "C-ALICE", "C-ALICE", "C-BOB", "C-CAROL", "C-NOBODY"}).Draw(t, "code")
	at := noon.Add(rapid.SampledFrom(signUpTimes).Draw(t, "at"))
	e := registered(user, code, at)
	e.Name = fmt.Sprintf("reg-%d", i)
	e.Key = "ce:" + e.Name
	e.SignUp.Email = rapid.SampledFrom([]string{"", user + "@example.com", "shared@example.com", "S.hared+x@Example.com"}).Draw(t, "email")
	if rapid.IntRange(0, 3).Draw(t, "namesCustomer") == 0 {
		e.SignUp.Customer = rapid.SampledFrom([]string{"cus_1", "cus_2"}).Draw(t, "customer")
	}
	return e
}

var payTimes = []time.Duration{
	-3 * day, -61 * time.Minute, -60 * time.Minute, -time.Minute, 0, time.Second, time.Hour, 29 * day, 89 * day, 90 * day, 91 * day, 120 * day,
}

var amounts = []money.Amount{
	money.New("usd", 500), money.New("usd", 999), money.New("usd", 1000), money.New("usd", 3000),
	money.New("eur", 1000), money.New("eur", 1), money.New("jpy", 100000), money.New("xyz", 5000),
}

// drawPurchase is one purchase as Stripe tells it: any of a session, an intent, a charge and refunds, with or without
// the buyer's name, tied together by some of the events and not by others.
func drawPurchase(t *rapid.T, n int) []fact.Event {
	at := noon.Add(rapid.SampledFrom(payTimes).Draw(t, "paidAt"))
	amount := rapid.SampledFrom(amounts).Draw(t, "amount")
	buyer := rapid.SampledFrom(append([]string{"", ""}, people...)).Draw(t, "buyer")
	customer := rapid.SampledFrom([]string{"", "cus_1", "cus_2", "cus_3"}).Draw(t, "customer")
	pi, ch := fmt.Sprintf("pi_%d", n), fmt.Sprintf("ch_%d", n)
	var events []fact.Event
	add := func(what string, when time.Time, id string, e payment.Evidence, ties ...string) {
		if e.Kind != payment.Refund && customer != "" {
			e.Customer = live.Key(customer)
		}
		name := fmt.Sprintf("evt_%d_%s_%d", n, what, len(events))
		event := stripe(name, when, payment.Report{Key: live.Key(id), Evidence: e}, ties...)
		if e.Kind == payment.Session && e.Customer != "" && e.User.UserID != "" {
			event.Tie = &fact.Tie{Customer: e.Customer, UserID: e.User.UserID, At: when}
		}
		events = append(events, event)
	}
	if rapid.IntRange(0, 4).Draw(t, "hasSession") > 0 {
		add("session", at, fmt.Sprintf("cs_%d", n), payment.Evidence{
			Kind: payment.Session, User: claim(buyer, at), Paid: payment.Paid{Amount: amount, At: at},
		}, pi)
	}
	if rapid.Bool().Draw(t, "hasIntent") {
		e := payment.Evidence{Kind: payment.Intent}
		if who := rapid.SampledFrom([]string{"", buyer, "erin"}).Draw(t, "intentNames"); who != "" {
			e.User, e.Paid = claim(who, at), payment.Paid{Amount: amount, At: at.Add(time.Second)}
		}
		add("intent", at.Add(time.Second), pi, e, ch)
	}
	for range rapid.IntRange(0, 2).Draw(t, "charges") {
		back := rapid.SampledFrom([]int64{0, 1, 400, amount.Minor, amount.Minor}).Draw(t, "back")
		add("charge", at.Add(time.Minute), ch, payment.Evidence{Kind: payment.Charge, Refunded: back}, pi)
	}
	for range rapid.IntRange(0, 2).Draw(t, "refunds") {
		add("refund", at.Add(time.Hour), fmt.Sprintf("re_%d_%d", n, rapid.IntRange(0, 1).Draw(t, "refund")), payment.Evidence{
			Kind: payment.Refund, Refund: payment.RefundState{
				Minor:  rapid.SampledFrom([]int64{1, 400, amount.Minor}).Draw(t, "minor"),
				Status: payment.RefundStatus(rapid.IntRange(int(payment.RefundPending), int(payment.RefundFailed)).Draw(t, "status")),
				At:     at.Add(time.Duration(rapid.IntRange(1, 2).Draw(t, "reported")) * time.Hour),
			},
		}, rapid.SampledFrom([]string{pi, ch}).Draw(t, "refundOf"))
	}
	return events
}

// drawDelivery is the events in any order, some of them several times, cut into batches.
func drawDelivery(t *rapid.T, events []fact.Event) [][]fact.Event {
	all := slices.Clone(events)
	for range rapid.IntRange(0, len(events)).Draw(t, "duplicates") {
		all = append(all, rapid.SampledFrom(events).Draw(t, "again"))
	}
	all = rapid.Permutation(all).Draw(t, "order")
	var batches [][]fact.Event
	for len(all) > 0 {
		n := min(len(all), rapid.IntRange(1, 8).Draw(t, "batch"))
		batches = append(batches, all[:n])
		all = all[n:]
	}
	return batches
}

package store

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/model"
	"github.com/plusone-dev/plusone/internal/payment"
)

// Businesses are made of few people, codes, customers and times, so that they get in each other's way. What stands first
// in a list is drawn most often: what leads to a reward, which all else then takes back, or has to leave alone.

var people = []string{"bob", "carol", "dave", "erin", "alice"}

const day = 24 * time.Hour

// business is one that was made up: its programs, and all that is ever said about it.
type business struct {
	some     features
	programs map[string][]model.Version
	events   []fact.Event
}

func drawBusiness(t *rapid.T) *business { return drawBusinessWith(t, drawFeatures(t)) }

// drawEvents draws what is said about a business of one program.
func drawEvents(t *rapid.T) []fact.Event {
	some := slices.DeleteFunc(drawFeatures(t), func(f feature) bool { return f == programs })
	return drawBusinessWith(t, some).events
}

func drawBusinessWith(t *rapid.T, some features) *business {
	b := &business{some: some}
	b.programs = drawPrograms(t, b.some)
	if rapid.IntRange(0, 9).Draw(t, "aliceIsThere") < 9 {
		b.add(registered("alice", "", noon.Add(-day)), "reg")
	}
	for range rapid.IntRange(2, 8).Draw(t, "signUps") {
		b.drawSignUp(t)
	}
	for n := range rapid.IntRange(2, 7).Draw(t, "purchases") {
		b.drawPurchase(t, n)
	}
	for range rapid.IntRange(0, 2).Draw(t, "ties") {
		b.drawTie(t)
	}
	b.drawWords(t)
	for range rapid.IntRange(0, 2).Draw(t, "visits") {
		b.drawVisit(t)
	}
	if b.some.has(erasure) {
		b.apart()
	}
	return b
}

// apart dates what is said of two people as the same customer, or buyer, at two different moments. Of one moment the
// smaller id counts, and whoever is erased has none any more. What is drawn is a second apart, or 300 milliseconds: so each
// person's own milliseconds never make one moment of two, as seconds would.
func (b *business) apart() {
	order := []string{"alice", "bob", "carol", "dave", "erin", "frank", "zoe"}
	later := func(id string) time.Duration { return time.Duration(1+slices.Index(order, id)) * time.Millisecond }
	for i := range b.events {
		e := &b.events[i]
		if s := e.SignUp; s != nil && s.Customer != "" {
			moved := *s
			moved.RegisteredAt = s.RegisteredAt.Add(later(s.UserID))
			e.SignUp, e.At = &moved, moved.RegisteredAt
		}
		if tie := e.Tie; tie != nil {
			moved := *tie
			moved.At = tie.At.Add(later(tie.UserID))
			e.Tie = &moved
		}
		if e.Sighting != nil {
			reports := slices.Clone(e.Sighting.Reports)
			for n := range reports {
				if u := &reports[n].Evidence.User; u.UserID != "" {
					u.At = u.At.Add(later(u.UserID))
				}
			}
			e.Sighting = &payment.Sighting{Reports: reports}
		}
	}
}

// name gives an event its key, which is its alone.
func (b *business) add(e fact.Event, what string) {
	e.Name = fmt.Sprintf("%s-%d", what, len(b.events))
	e.Key = "ce:" + e.Name
	b.events = append(b.events, e)
}

// times are those of what people do. They have twins, so that the event's key decides, and fractions of a second.
var times = []time.Duration{0, 0, 300 * time.Millisecond, -time.Second, time.Hour, -time.Hour, -time.Hour, 30 * day, -2 * day}

func drawTime(t *rapid.T, label string) time.Time {
	return noon.Add(rapid.SampledFrom(times).Draw(t, label))
}

// codes are those that people come with: some of which get their owner late, or never.
func (b *business) codes() []string {
	codes := []string{"C-ALICE", "C-ALICE", "C-ALICE", "C-BOB", "C-CAROL", "C-NOBODY"}
	if !b.some.has(erasure) { // whoever comes back under the same id is given another code, and which depends on arrival
		codes = append(codes, "C-ERIN")
	}
	if b.some.has(vanity) {
		codes = append(codes, "V-BOB", "A-DAVE", "A-ZOE")
	}
	return codes
}

func (b *business) drawSignUp(t *rapid.T) {
	user := rapid.SampledFrom(people).Draw(t, "user")
	code := rapid.SampledFrom(append(b.codes(), "", "")).Draw(t, "code")
	e := registered(user, code, drawTime(t, "signedUpAt"))
	s := e.SignUp
	s.Email = rapid.SampledFrom([]string{user + "@example.com", user + "@mailinator.com", "shared@example.com", "S.hared+x@Example.com", ""}).Draw(t, "email")
	if rapid.IntRange(0, 3).Draw(t, "namesCustomer") == 0 {
		s.Customer = rapid.SampledFrom([]string{"cus_1", "cus_2"}).Draw(t, "customer")
	}
	if b.some.has(signals) {
		s.IP = rapid.SampledFrom([]string{"10.0.0.1", "10.0.0.2", ""}).Draw(t, "ip")
		s.DeviceID = rapid.SampledFrom([]string{"", "device-1", "device-2"}).Draw(t, "device")
	}
	if b.some.has(verified) {
		s.EmailVerified = rapid.Bool().Draw(t, "emailVerified")
	}
	s.Source = rapid.SampledFrom([]string{"", "x", "newsletter"}).Draw(t, "source")
	if b.some.has(vanity) && user == "bob" {
		s.OwnCode = "V-BOB"
	}
	if b.some.has(programs) && (user == "bob" || user == "carol") {
		s.Program = secondProgram // each time: a code's program is that of the sign-up that made it, which depends on arrival
	}
	b.add(e, "reg")
}

// drawTie says who a customer is, by word of the customer alone.
func (b *business) drawTie(t *rapid.T) {
	customer := rapid.SampledFrom([]string{"cus_1", "cus_2", "cus_3"}).Draw(t, "customer")
	b.add(tie(customer, rapid.SampledFrom(people).Draw(t, "user"), drawTime(t, "tiedAt")), "tie")
}

// drawWords draws what the business and its people say beside the sign-ups.
func (b *business) drawWords(t *rapid.T) {
	repeat := func(f feature, most int, draw func(user string, at time.Time)) {
		if !b.some.has(f) {
			return
		}
		for range rapid.IntRange(0, most).Draw(t, string(f)+" times") {
			draw(rapid.SampledFrom(people).Draw(t, string(f)+" of"), drawTime(t, string(f)+" at").Add(time.Minute))
		}
	}
	code := func() string { return rapid.SampledFrom(b.codes()).Draw(t, "of code") }
	repeat(verified, 3, func(user string, at time.Time) {
		b.add(fact.Event{At: at, Verified: &fact.Verified{UserID: user, At: at}}, "verified")
	})
	repeat(decisions, 3, func(user string, at time.Time) {
		what := rapid.SampledFrom([]fact.DecisionVerdict{fact.Approved, fact.Approved, fact.Rejected, fact.Reopened}).Draw(t, "decision")
		user, code := b.drawPair(t, user, code())
		b.add(decided(user, code, what, at), "decided")
	})
	repeat(attribution, 2, func(user string, at time.Time) { b.add(attributed(user, code(), at), "attributed") })
	if b.some.has(vanity) {
		b.add(assigned("dave", "A-DAVE", "", noon.Add(-10*day)), "assigned")
		b.add(assigned("zoe", "A-ZOE", b.drawProgram(t), noon), "assigned")
	}
	repeat(erasure, 2, func(_ string, at time.Time) {
		user := rapid.SampledFrom([]string{"dave", "erin"}).Draw(t, "erased") // nobody comes with the code that they were drawn
		b.add(erased(user, at), "erased")
	})
}

// drawVisit says that somebody followed a link.
func (b *business) drawVisit(t *rapid.T) {
	code := rapid.SampledFrom(b.codes()).Draw(t, "visited")
	b.add(visited(code, rapid.SampledFrom([]string{"", "x", "leaflet"}).Draw(t, "via"), drawTime(t, "visitedAt")), "visit")
}

// drawPair is mostly somebody and the code that they came with.
func (b *business) drawPair(t *rapid.T, user, code string) (string, string) {
	var pairs [][2]string
	for _, e := range b.events {
		if e.SignUp != nil && e.SignUp.Code != "" {
			pairs = append(pairs, [2]string{e.SignUp.UserID, e.SignUp.Code})
		}
	}
	pair := rapid.SampledFrom(append(pairs, [2]string{user, code})).Draw(t, "pair")
	return pair[0], pair[1]
}

func (b *business) drawProgram(t *rapid.T) string {
	if !b.some.has(programs) {
		return ""
	}
	return rapid.SampledFrom([]string{"", secondProgram}).Draw(t, "program")
}

func decided(user, code string, what fact.DecisionVerdict, at time.Time) fact.Event {
	name := fmt.Sprintf("decided-%s-%s-%s-%d", user, code, what, at.Unix())
	return fact.Event{
		Key: "ce:" + name, Name: name, At: at,
		Decision: &fact.Decision{UserID: user, Code: code, Verdict: what, By: "ann@example.org", Why: "looked at it", At: at},
	}
}

func attributed(user, code string, at time.Time) fact.Event {
	name := fmt.Sprintf("attributed-%s-%s-%d", user, code, at.Unix())
	return fact.Event{
		Key: "ce:" + name, Name: name, At: at,
		Attribution: &fact.Attribution{UserID: user, Code: code, By: "ann@example.org", Why: "they wrote in", At: at},
	}
}

func assigned(user, code, of string, at time.Time) fact.Event {
	name := fmt.Sprintf("assigned-%s-%s", user, code)
	return fact.Event{Key: "ce:" + name, Name: name, At: at, Assignment: &fact.Assignment{UserID: user, Code: code, Program: of, At: at}}
}

func erased(user string, at time.Time) fact.Event {
	name := fmt.Sprintf("erased-%s-%d", user, at.Unix())
	return fact.Event{Key: "ce:" + name, Name: name, At: at, Erased: &fact.Erased{UserID: user, At: at}}
}

func visited(code, via string, at time.Time) fact.Event {
	name := fmt.Sprintf("visited-%s-%s-%d", code, via, at.UnixNano())
	return fact.Event{Key: "ce:" + name, Name: name, At: at, Visit: &fact.Visit{Code: code, Via: via, At: at}}
}

// soFar is the business as far as it was told, for the model.
func (b *business) soFar(told []fact.Event, now time.Time) model.Business {
	return model.Business{
		Programs: b.programs, Events: slices.Clone(told), Now: now, Scope: live,
		Drawn:  func(user string) string { return codeOf(user, 0) },
		Hashed: (&Store{opts: Options{HashKey: testKey}}).cardKey,
	}
}

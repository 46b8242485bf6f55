package store

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/model"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/payment"
)

// usual are the terms of the default program, as they are changed.
func usual(change func(t *model.Terms)) model.Terms {
	ten := func() map[money.Currency]int64 { return map[money.Currency]int64{"usd": 1000, "eur": 1000} }
	t := model.Terms{
		MaxUses: 10, Minimum: ten(), Within: 90 * day, Grace: time.Hour, Refunds: "below_minimum",
		Rewards: []model.Promise{{To: "referrer", Fixed: ten()}, {To: "referee", Fixed: ten()}},
	}
	if change != nil {
		change(&t)
	}
	return t
}

// story is the sequence as a business of its own.
func (s sequence) story() *business {
	versions := append([]model.Version{{From: longAgo, Terms: usual(s.terms)}}, s.then...)
	return &business{
		programs: map[string][]model.Version{model.DefaultProgram: versions},
		events:   append([]fact.Event{registered("alice", "", noon)}, s.events...),
	}
}

// world is one in which the sequence can be told, by and by.
func (s sequence) world(t *testing.T) (*world, *business) {
	b := s.story()
	w := b.world(t, t)
	w.strictly(t)
	w.now = cmp.Or(s.now, noon.Add(day))
	return w, b
}

// known are the sequences that the store can live through.
func known() (all []sequence) {
	for _, s := range slices.Concat(sequences, laterSequences) {
		if has(s.needs) {
			all = append(all, s)
		}
	}
	return all
}

// The outcomes that were written by hand are what the model comes to as well: also of what the store has still to learn.
func TestTheModelKnowsTheSequences(t *testing.T) {
	for _, s := range slices.Concat(sequences, laterSequences) {
		got := s.story().soFar(s.story().events, cmp.Or(s.now, noon.Add(day))).Outcome()
		if diff := gocmp.Diff(s.want, shown(got)); diff != "" {
			t.Errorf("%s: -by hand +the model\n%s", s.name, diff)
		}
	}
}

// mostOrders bounds the orders of a long sequence.
const mostOrders = 720

// Every order is lived through by people of its own, in one database, step by step side by side.
func TestSequencesInEveryOrder(t *testing.T) {
	for _, s := range known() {
		t.Run(s.name, func(t *testing.T) {
			w, b := s.world(t)
			orders := permutations(len(b.events))
			for len(orders) > mostOrders { // every so manieth, and they are in no order
				few := orders[:0]
				for n := 0; n < len(orders); n += 7 {
					few = append(few, orders[n])
				}
				orders = few
			}
			for step := range b.events {
				var batch []fact.Event
				for n, order := range orders {
					batch = append(batch, relabel(b.events[order[step]], tag(n)))
				}
				for part := range slices.Chunk(batch, 240) {
					w.apply(part...)
				}
				w.tick()
			}
			w.expectEach(s.want, len(orders))
		})
	}
}

func TestSequencesWithTwoWorkers(t *testing.T) {
	const rounds = 12
	for _, s := range known() {
		t.Run(s.name, func(t *testing.T) {
			w, b := s.world(t)
			var batches [][]fact.Event
			for n := range rounds {
				for i := range b.events {
					first, last := b.events[(i+n)%len(b.events)], b.events[len(b.events)-1-i]
					batches = append(batches, []fact.Event{relabel(first, tag(n))}, []fact.Event{relabel(last, tag(n))})
				}
			}
			w.deliver(batches, 2)
			w.expectEach(s.want, rounds)
		})
	}
}

// tag marks the people of one run.
func tag(n int) string { return fmt.Sprintf("~%d~", n) }

// relabel makes an event that of other people, customers, codes, cards, addresses, devices and payments.
func relabel(e fact.Event, tag string) fact.Event {
	e.Key, e.Name = e.Key+tag, e.Name+tag
	if e.SignUp != nil {
		s := *e.SignUp
		s.UserID += tag
		s.Code, s.OwnCode, s.Customer, s.DeviceID = tagged(s.Code, tag), tagged(s.OwnCode, tag), tagged(s.Customer, tag), tagged(s.DeviceID, tag)
		s.IP = taggedIP(s.IP, tag)
		if s.Email != "" {
			s.Email = tag + s.Email
		}
		e.SignUp = &s
	}
	if e.Tie != nil {
		e.Tie = &fact.Tie{Customer: e.Tie.Customer + tag, UserID: e.Tie.UserID + tag, At: e.Tie.At}
	}
	if e.Sighting != nil {
		e.Sighting = &payment.Sighting{Reports: slices.Clone(e.Sighting.Reports)}
		for i := range e.Sighting.Reports {
			r := &e.Sighting.Reports[i]
			r.Key += tag
			r.Evidence.Customer, r.Evidence.Card = tagged(r.Evidence.Customer, tag), tagged(r.Evidence.Card, tag)
			r.Evidence.User.UserID = tagged(r.Evidence.User.UserID, tag)
		}
	}
	return relabelWords(e, tag)
}

// relabelWords does the same with what the business and its people say beside the sign-ups.
func relabelWords(e fact.Event, tag string) fact.Event {
	if e.Verified != nil {
		e.Verified = &fact.Verified{UserID: e.Verified.UserID + tag, At: e.Verified.At}
	}
	if e.Erased != nil {
		e.Erased = &fact.Erased{UserID: e.Erased.UserID + tag, At: e.Erased.At}
	}
	if e.Decision != nil {
		d := *e.Decision
		d.UserID, d.Code = d.UserID+tag, d.Code+tag
		e.Decision = &d
	}
	if e.Attribution != nil {
		a := *e.Attribution
		a.UserID, a.Code = a.UserID+tag, a.Code+tag
		e.Attribution = &a
	}
	if e.Assignment != nil {
		a := *e.Assignment
		a.UserID, a.Code = a.UserID+tag, a.Code+tag
		e.Assignment = &a
	}
	return e
}

func tagged(text, tag string) string {
	if text == "" {
		return ""
	}
	return text + tag
}

// taggedIP is the address in a network of the tag's own.
func taggedIP(ip, tag string) string {
	last := strings.LastIndex(ip, ".")
	if last < 0 {
		return ip
	}
	n, _ := strconv.Atoi(strings.Trim(tag, "~"))
	return fmt.Sprintf("10.%d.%d%s", n/250, n%250, ip[last:])
}

// expectEach holds each run's outcome against what is wanted.
func (w *world) expectEach(want string, runs int) {
	w.t.Helper()
	w.tick()
	for n, got := range w.outcomes(runs) {
		if diff := gocmp.Diff(want, got); diff != "" {
			w.t.Fatalf("run %d:\n%s", n, diff)
		}
	}
	w.lawful()
}

// outcomes are those of each run, without its tag.
func (w *world) outcomes(runs int) (each []string) {
	of := make(map[string][]string)
	for line := range strings.SplitSeq(w.outcome(), "\n") {
		if _, after, ok := strings.Cut(line, "~"); ok {
			n, _, _ := strings.Cut(after, "~")
			of["~"+n+"~"] = append(of["~"+n+"~"], strings.ReplaceAll(line, "~"+n+"~", ""))
		}
	}
	for n := range runs {
		slices.Sort(of[tag(n)])
		each = append(each, strings.Join(of[tag(n)], "\n"))
	}
	return each
}

// permutations are all orders of n things.
func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{nil}
	}
	var all [][]int
	for _, rest := range permutations(n - 1) {
		for at := range n {
			p := append(append(append([]int{}, rest[:at]...), n-1), rest[at:]...)
			all = append(all, p)
		}
	}
	return all
}

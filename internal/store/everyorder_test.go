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

// crowdOfStories are sequences that go by the same terms and the same time, and so can be told side by side in one world.
type crowdOfStories struct {
	*world
	all []sequence
}

// crowds are all sequences that the store can live through, each crowd in a world of its own.
func crowds(t *testing.T, tell func(t *testing.T, c crowdOfStories)) {
	of := make(map[string][]sequence)
	for _, s := range known() {
		var alike strings.Builder
		for _, v := range s.story().programs[model.DefaultProgram] {
			fmt.Fprintln(&alike, v.From, yamlOf("", v.Terms))
		}
		of[fmt.Sprint(s.now, alike.String())] = append(of[fmt.Sprint(s.now, alike.String())], s)
	}
	for _, all := range of {
		t.Run(all[0].name, func(t *testing.T) {
			c := crowdOfStories{all[0].story().world(t, t), all}
			c.strictly(t)
			c.now = cmp.Or(all[0].now, noon.Add(day))
			tell(t, c)
		})
	}
}

// known are all sequences.
func known() []sequence { return slices.Concat(sequences, laterSequences) }

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
const mostOrders = 120

// orders are those in which a sequence is told.
func (s sequence) orders() [][]int {
	all := permutations(len(s.events) + 1)
	for len(all) > mostOrders {
		few := all[:0]
		for n := 0; n < len(all); n += 7 {
			few = append(few, all[n])
		}
		all = few
	}
	return all
}

// Every order is lived through by people of its own, step by step side by side.
func TestSequencesInEveryOrder(t *testing.T) {
	crowds(t, func(_ *testing.T, c crowdOfStories) {
		var steps [][]fact.Event // by the place in the order
		var wants, runs []string
		for _, s := range c.all {
			events := s.story().events
			for _, order := range s.orders() {
				for place, i := range order {
					if place == len(steps) {
						steps = append(steps, nil)
					}
					steps[place] = append(steps[place], relabel(events[i], tag(len(wants))))
				}
				wants, runs = append(wants, s.want), append(runs, fmt.Sprint(s.name, " in the order ", order))
			}
		}
		for _, step := range steps {
			for batch := range slices.Chunk(step, 240) {
				c.apply(batch...)
			}
			c.tick()
			c.fold(5)
		}
		c.expectEach(wants, runs)
		c.addsUp()
	})
}

func TestSequencesWithTwoWorkers(t *testing.T) {
	const rounds = 6
	crowds(t, func(_ *testing.T, c crowdOfStories) {
		var batches [][]fact.Event
		var wants, runs []string
		for _, s := range c.all {
			events := s.story().events
			for n := range rounds {
				for i := range events {
					first, last := events[(i+n)%len(events)], events[len(events)-1-i]
					mine := tag(len(wants))
					batches = append(batches, []fact.Event{relabel(first, mine)}, []fact.Event{relabel(last, mine)})
				}
				wants, runs = append(wants, s.want), append(runs, fmt.Sprint(s.name, ", round ", n))
			}
		}
		c.deliver(batches, 2)
		c.expectEach(wants, runs)
		c.addsUp()
	})
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

// expectEach holds each run's outcome against what is wanted of it.
func (w *world) expectEach(wants, runs []string) {
	w.t.Helper()
	w.tick()
	for n, got := range w.outcomes(len(wants)) {
		if diff := gocmp.Diff(wants[n], got); diff != "" {
			w.t.Errorf("%s: -wanted +stored\n%s", runs[n], diff)
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

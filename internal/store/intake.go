package store

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/payment"
)

// intake is a batch, folded: what its events say together, so that two events about one thing are written once.
type intake struct {
	events  []fact.Event
	objects map[string]*sighted // by key
	ties    map[string]namedTie // by the customer's key
	signUps map[string][]signUp // by the user's own id

	verified     map[string][]verification // by the user's own id
	decisions    []saidDecision
	attributions []saidAttribution
	assignments  []saidAssignment
	visits       []fact.Visit

	cardKey func(fingerprint string) string
	name    func(id string, at time.Time) string // whom an id means at a time
}

// verification says when an e-mail address was verified.
type verification struct {
	at    time.Time
	cause string
}

// saidDecision, saidAttribution and saidAssignment are what a person said, and the event that told of it.
type saidDecision struct {
	fact.Decision
	event, cause string
}

type saidAttribution struct {
	fact.Attribution
	event, cause string
}

type saidAssignment struct {
	fact.Assignment
	event, cause string
}

// sighted is an object that the batch says something of.
type sighted struct {
	evidence payment.Evidence
	group    *group
	cause    string // the last event that spoke of it
}

// group is a set of objects that the batch ties together. Groups that turn out to be one point at each other's root.
type group struct {
	into    *group
	payment int64
}

func (g *group) root() *group {
	for g.into != nil {
		g = g.into
	}
	return g
}

// namedTie says whom a customer is claimed to be.
type namedTie struct {
	payment.Claim
	cause string
}

// signUp is a sign-up and the event that told of it.
type signUp struct {
	fact.SignUp         // whose UserID is what the user is called within the transaction
	said         string // what the event calls them
	event, cause string
}

// precedes says which of two sign-ups of one user stands: the earlier, then that of the smaller event key.
func (s signUp) precedes(o standing) bool {
	if o.none() {
		return true
	}
	if c := s.RegisteredAt.Compare(o.at); c != 0 {
		return c < 0
	}
	return s.event < o.event
}

func newIntake(events []fact.Event, cardKey func(fingerprint string) string, name func(id string, at time.Time) string) *intake {
	in := &intake{
		events:   events,
		objects:  make(map[string]*sighted),
		ties:     make(map[string]namedTie),
		signUps:  make(map[string][]signUp),
		verified: make(map[string][]verification),
		cardKey:  cardKey,
		name:     name,
	}
	for _, e := range events {
		in.add(e)
	}
	return in
}

func (in *intake) add(e fact.Event) {
	if e.Sighting != nil {
		in.sight(e)
	}
	if e.SignUp != nil {
		s := signUp{SignUp: *e.SignUp, said: e.SignUp.UserID, event: e.Key, cause: e.Name}
		s.UserID = in.name(s.UserID, s.RegisteredAt)
		in.signUps[s.UserID] = append(in.signUps[s.UserID], s)
		if s.OwnCode != "" {
			in.assign(fact.Assignment{UserID: e.SignUp.UserID, Code: s.OwnCode, Program: s.Program, At: s.RegisteredAt}, e)
		}
	}
	if e.Tie != nil {
		old := in.ties[e.Tie.Customer]
		said := payment.Claim{UserID: in.name(e.Tie.UserID, e.Tie.At), At: e.Tie.At}
		if payment.FirstClaim(old.Claim, said) == said {
			in.ties[e.Tie.Customer] = namedTie{said, e.Name}
		}
	}
	if e.Visit != nil {
		in.visits = append(in.visits, *e.Visit)
	}
	in.addByHand(e)
}

// assign takes in a code of the business's own choice. Whoever signs up with one gets it beside the one that is drawn: so
// it does not matter which of their sign-ups names it, or comes first.
func (in *intake) assign(a fact.Assignment, e fact.Event) {
	a.UserID = in.name(a.UserID, a.At)
	in.assignments = append(in.assignments, saidAssignment{a, e.Key, e.Name})
}

// addByHand takes in what people say of people.
func (in *intake) addByHand(e fact.Event) {
	if v := e.Verified; v != nil {
		name := in.name(v.UserID, v.At)
		in.verified[name] = append(in.verified[name], verification{v.At, e.Name})
	}
	if e.Decision != nil {
		d := saidDecision{*e.Decision, e.Key, e.Name}
		d.UserID = in.name(d.UserID, d.At)
		in.decisions = append(in.decisions, d)
	}
	if e.Attribution != nil {
		a := saidAttribution{*e.Attribution, e.Key, e.Name}
		a.UserID = in.name(a.UserID, a.At)
		in.attributions = append(in.attributions, a)
	}
	if e.Assignment != nil {
		in.assign(*e.Assignment, e)
	}
}

func (in *intake) sight(e fact.Event) {
	var all *group
	for _, r := range e.Sighting.Reports {
		o := in.objects[r.Key]
		if o == nil {
			o = &sighted{group: &group{}}
			in.objects[r.Key] = o
		}
		if r.Evidence.Card != "" {
			r.Evidence.Card = in.cardKey(r.Evidence.Card)
		}
		if u := &r.Evidence.User; u.UserID != "" {
			u.UserID = in.name(u.UserID, u.At)
		}
		o.evidence = o.evidence.Join(r.Evidence)
		o.cause = e.Name
		if g := o.group.root(); all == nil {
			all = g
		} else if g != all {
			g.into = all
		}
	}
}

// userIDs are the ids of all users the batch speaks of, sorted.
func (in *intake) userIDs() []string {
	set := make(map[string]bool)
	for id := range in.signUps {
		set[id] = true
	}
	for _, o := range in.objects {
		set[o.evidence.User.UserID] = true
	}
	for _, c := range in.ties {
		set[c.UserID] = true
	}
	for id := range in.verified {
		set[id] = true
	}
	for _, d := range in.decisions {
		set[d.UserID] = true
	}
	for _, a := range in.attributions {
		set[a.UserID] = true
	}
	for _, a := range in.assignments {
		set[a.UserID] = true
	}
	delete(set, "")
	return slices.Sorted(maps.Keys(set))
}

// customerKeys are the keys of all Stripe customers the batch speaks of, sorted.
func (in *intake) customerKeys() []string {
	set := make(map[string]bool)
	for _, o := range in.objects {
		set[o.evidence.Customer] = true
	}
	for key := range in.ties {
		set[key] = true
	}
	delete(set, "")
	return slices.Sorted(maps.Keys(set))
}

// codeNames are the codes that the batch names, sorted.
func (in *intake) codeNames() []string {
	set := make(map[string]bool)
	for _, all := range in.signUps {
		for _, s := range all {
			set[s.Code] = true
		}
	}
	for _, d := range in.decisions {
		set[d.Code] = true
	}
	for _, a := range in.attributions {
		set[a.Code] = true
	}
	for _, a := range in.assignments {
		set[a.Code] = true
	}
	delete(set, "")
	return slices.Sorted(maps.Keys(set))
}

// visitedCodes are the codes that were visited, sorted.
func (in *intake) visitedCodes() (codes []string) {
	for _, v := range in.visits {
		codes = append(codes, v.Code)
	}
	return sortedUnique(codes)
}

func sortedKeys(events []fact.Event) []string {
	keys := make([]string, 0, len(events))
	for _, e := range events {
		keys = append(keys, e.Key)
	}
	slices.SortFunc(keys, strings.Compare)
	return slices.Compact(keys)
}

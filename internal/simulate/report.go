package simulate

import (
	"fmt"
	"time"
)

// Report is what came of a run.
type Report struct {
	Run     string   `json:"run"`  // what all its ids have in common
	Seed    uint64   `json:"seed"` // which makes the same plan again, under the same terms
	Users   int      `json:"users"`
	Events  int      `json:"events"`  // of the plan, without duplicates
	Version int      `json:"version"` // of the program's terms; 0: not known, so those of the default program were taken
	Sending Tally    `json:"sending"`
	Settled *Settled `json:"settled,omitempty"`
	Outcome *Outcome `json:"outcome,omitempty"`
	// Problems are what is not as it should be, one sentence each.
	Problems []string `json:"problems"`
}

// NewReport makes one of a run that was told.
func NewReport(run *Run, sent Sent) *Report {
	r := &Report{
		Run: run.ID(), Seed: run.Seed, Users: run.Users, Events: len(run.Facts), Version: run.Rules.Version,
		Sending: sent.Tally, Problems: []string{},
	}
	if sent.Tally.Accepted == 0 {
		r.problem("nothing was accepted, so there is nothing to compare")
	}
	refused := 0
	for _, n := range sent.Tally.Rejected {
		refused += n
	}
	if refused > 0 {
		r.problem("%d events were refused, and every one of them is well formed", refused)
	}
	if n := sent.Tally.Unknown; n > 0 {
		r.problem("%d events were never answered 200, so nobody knows whether they were taken: their people are left out of the comparison", n)
	}
	r.unsent(sent)
	return r
}

// unsent says what was kept back, and why. What nobody was told of comes out as expected whatever plusone does.
func (r *Report) unsent(sent Sent) {
	n := sent.Tally.NotSent
	switch {
	case sent.Gone != "":
		r.problem("sending was given up with %d events not sent, for nothing was taken any more: %s", n, sent.Gone)
	case sent.Ended || n == 0:
	case sent.Waited == 0:
		r.problem("%d sign-ups were not sent, for those whose codes they need did not get in themselves", n)
	default:
		why := "is a worker running?"
		if sent.CodesErr != nil {
			why = sent.CodesErr.Error()
		}
		r.problem("%d sign-ups were not sent, for their referrers' codes did not come: %s", n, why)
	}
}

func (r *Report) problem(format string, args ...any) {
	r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
}

// Settle adds how the database came to rest.
func (r *Report) Settle(s Settled) {
	r.Settled = &s
	if missing := s.Events - s.Recorded; missing > 0 {
		r.problem("%d of the %d events that were accepted are not recorded, such as %s: does a worker run, is the Stripe mode "+
			"that of the ingress, are there dead letters?", missing, s.Events, s.Missing[0])
	}
	if s.Waiting > 0 {
		r.problem("%d rows have waited in the outbox, the oldest since %s: does a worker run, and does the stream PLUSONE_OUT take "+
			"what it is told?", s.Waiting, s.WaitingSince.UTC().Format(time.RFC3339))
	}
}

// Compare adds what must be beside what is.
func (r *Report) Compare(o Outcome) {
	r.Outcome = &o
	if o.Differences > 0 {
		r.problem("%d things are not as they should be", o.Differences)
	}
}

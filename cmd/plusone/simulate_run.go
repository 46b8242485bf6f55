package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/plusone-dev/plusone/internal/audit"
	"github.com/plusone-dev/plusone/internal/ingress"
	"github.com/plusone-dev/plusone/internal/simulate"
)

// simulation is a running `plusone simulate`.
type simulation struct {
	cmd   *simulateCommand
	std   streams
	began time.Time
	db    *simulatedDatabase // nil: none
	story *simulate.Run
	sent  simulate.Sent
}

// simulated is what is said of one, to people and machines.
type simulated struct {
	*simulate.Report

	Audit *audit.Report `json:"audit,omitempty"`
	Note  string        `json:"note,omitempty"`
	Held  bool          `json:"held"` // nothing that was looked at is otherwise than expected
}

func (s *simulation) run(ctx context.Context) error {
	rules, err := s.rules(ctx)
	if err != nil {
		return err
	}
	name := s.cmd.Label
	if name == "" {
		name = simulate.NewLabel(s.began)
	}
	plan := simulate.New(s.cmd.config(rules))
	s.story = simulate.NewRun(plan, name, s.began, s.cmd.StripeMode == ingress.ModeLive)
	fmt.Fprintf(s.std.err, "run %s: %d people, %d events, %d of them twice, from seed %d\n",
		s.story.ID(), plan.Users, len(plan.Facts), len(plan.Order)-len(plan.Facts), plan.Seed)
	if err := s.send(ctx); err != nil {
		return err
	}
	return s.conclude(ctx, rules)
}

// conclude looks at what came of it, and says so. The run has failed when anything is otherwise than it should be.
func (s *simulation) conclude(ctx context.Context, rules simulate.Rules) (err error) {
	out := simulated{Report: simulate.NewReport(s.story, s.sent)}
	switch {
	case ctx.Err() != nil:
		err = errInterrupted
	case s.db == nil:
		out.Note = "What came of it, and whether it left the outbox, was not looked at: that takes the database (--database-url)."
	default:
		err = s.look(ctx, rules, &out)
	}
	out.Held = err == nil && len(out.Problems) == 0
	switch said := s.say(out); {
	case said != nil || err != nil:
		return errors.Join(said, err)
	case !out.Held:
		return errBroken
	}
	return nil
}

func (s *simulation) send(ctx context.Context) error {
	codes, err := s.codes(ctx)
	if err != nil {
		return err
	}
	note, closed, err := s.cmd.openAccepted()
	if err != nil {
		return err
	}
	watch, stop := watchSending(s.std.err)
	pace := simulate.Pace{Rate: s.cmd.Rate, For: s.cmd.For, Patience: s.cmd.Timeout}
	s.sent, err = simulate.Send(ctx, s.story, s.cmd.door(), codes, pace, func(fact int32) {
		key, _ := s.story.Key(fact) // also of what nobody reads: it is on the stream like all others
		note(key)
	}, watch)
	stop()
	return errors.Join(err, closed())
}

// codes are asked of the database, or else of the API.
func (s *simulation) codes(ctx context.Context) (simulate.Codes, error) {
	if s.db != nil {
		return s.db, nil
	}
	a := s.api()
	return a, a.check(ctx)
}

// look waits until all is settled, and looks at what came of it.
func (s *simulation) look(ctx context.Context, rules simulate.Rules, out *simulated) error {
	show, hide := progress(s.std.err, "recorded")
	settled, err := simulate.Settle(ctx, s.story, s.sent, s.db, s.cmd.Timeout, func(recorded, _ int) { show(recorded) })
	hide()
	if err != nil {
		return err
	}
	out.Settle(settled)
	if err := rules.Check(s.began, time.Since(s.began)); err != nil {
		return fmt.Errorf("it took so long that the outcome is not to be foreseen any more: %w", err)
	}
	outcome, err := simulate.Compare(ctx, s.story, simulate.Expect(s.story.Plan, s.sent.Statuses), s.db)
	if err != nil {
		return err
	}
	out.Compare(outcome)
	show, hide = progress(s.std.err, "deciding anew")
	report, err := audit.Run(ctx, s.db.Database, show)
	hide()
	if err != nil {
		return err
	}
	out.Audit = &report
	if !report.Held {
		out.Problems = append(out.Problems, "the audit found a law broken")
	}
	return nil
}

func (s *simulation) say(out simulated) error {
	if s.cmd.JSON {
		e := json.NewEncoder(s.std.out)
		e.SetIndent("", "  ")
		return e.Encode(out)
	}
	printSimulated(s.std.out, out)
	return nil
}

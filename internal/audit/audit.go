// Package audit asks a live database whether the laws hold. It writes nothing. What the laws are stands here once, in
// words; which of them a database can show, and how, is the store's to answer.
package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/plusone-dev/plusone/internal/store"
)

// Law is one of the nine.
type Law struct {
	Number int
	Name   string
	Text   string
}

// Laws are what is true of every plusone, always. "Outcome" is each referral's status, reason and live rewards, and every
// balance; not the transitions, times, ids and transfers on the way there.
var Laws = []Law{
	{1, "Convergence", "One set of facts gives one outcome: any order, any duplication, any batching, any number of workers, any crash and restart between."},
	{2, "No undue reward", "Every live reward for a purchase rests on a paid, unreversed, qualifying purchase by another person than the referrer, inside the window."},
	{3, "Full settlement", "What is posted for a referral, or for a payment, is exactly what its facts say it is worth: nothing owed, nothing over."},
	{4, "Double entry", "Every transfer moves an amount between two accounts of one currency; all balances of a currency sum to zero; a balance is the sum of its transfers; transfers and transitions are append-only."},
	{5, "The cap holds", "Never more slots granted on a code than its maximum, however many workers race; none refused while one is free."},
	{6, "One live referral", "One live referral per referee and program."},
	{7, "Nothing lost", "Nothing acknowledged is lost: an answer only after the stream has it, an acknowledgement only after the commit, a message given up only after its dead letter is stored."},
	{8, "The log replays", "Every logged transition is legal, and together they lead to the present status."},
	{9, "Told once each", "One outbound event per transition and per transfer of a reward, committed with it, delivered at least once under a stable id."},
}

// checks says which law each check of the store is about, and what it looks at.
var checks = []struct {
	name string
	law  int
	text string
}{
	{"sign_ups", 1, "each sign-up with a code made its referral, and the earliest stands"},
	{"cards", 1, "the cards of each user are those of their payments"},
	{"erased", 1, "whoever was erased is known by nothing, and has a tombstone"},
	{store.CheckPayments, 1, "each payment is what its Stripe objects amount to"},
	{store.CheckVerdicts, 1, "each status and reason is what all the facts amount to"},
	{store.CheckRewards, 2, "each live reward rests on a purchase that qualifies and stands"},
	{store.CheckPosted, 3, "what is posted is what is owed"},
	{"balances", 4, "each balance is the sum of its transfers"},
	{"zero_sum", 4, "all balances of a currency sum to zero"},
	{"accounts", 4, "each transfer is between accounts that there are"},
	{"append_only", 4, "the database refuses to change the ledger and the log"},
	{"cap", 5, "no code is used more often than it may be, none refused too early"},
	{"one_live", 6, "no referee has two live referrals"},
	{"references", 7, "whatever a row refers to is there"},
	{store.CheckLog, 8, "each log leads, by legal moves, to the present status"},
	{"tallies", 3, "the tallies are what the referrals, sign-ups and transfers add up to"},
	{"outbox", 9, "what waits to be told is what was logged and posted"},
}

// Line is the verdict of one check.
type Line struct {
	Law     int    `json:"law"`
	Check   string `json:"check"`
	Text    string `json:"text"`
	Broken  int64  `json:"broken"`
	Example string `json:"example,omitempty"`
}

// Report is the verdict on a database.
type Report struct {
	Lines []Line `json:"checks"`
	Rows  int    `json:"rows"` // payments and referrals that were decided anew
	Held  bool   `json:"held"`
}

// pageSize is how many rows are decided anew at a time: enough to keep the database busy, few enough to hold in memory.
const pageSize = 1000

// Run asks every check. progress is told how many rows have been decided anew, as it goes.
func Run(ctx context.Context, db *store.Database, progress func(rows int)) (Report, error) {
	r := newReport()
	counts, err := db.Counts(ctx)
	if err != nil {
		return r.Report, err
	}
	for _, c := range counts {
		r.note(c.Check, c.Broken, c.Example)
	}
	err = db.Verify(ctx, pageSize, func(f store.Finding) {
		r.note(f.Check, 1, f.Subject+": "+f.Detail)
	}, func(rows int) {
		r.Rows += rows
		progress(r.Rows)
	})
	for _, check := range decidedAnew {
		r.note(check, 0, "")
	}
	return r.Report, errors.Join(err, r.conclude())
}

// decidedAnew are the checks that report only what they find wrong.
var decidedAnew = []string{store.CheckPayments, store.CheckVerdicts, store.CheckRewards, store.CheckPosted, store.CheckLog}

// report is a Report in the making.
type report struct {
	Report

	asked   map[string]*Line // nil until the check was asked
	unknown []string
}

func newReport() *report {
	r := &report{asked: make(map[string]*Line, len(checks))}
	for _, c := range checks {
		r.Lines = append(r.Lines, Line{Law: c.law, Check: c.name, Text: c.text})
		r.asked[c.name] = nil
	}
	return r
}

// note adds what a check found, and keeps the first example.
func (r *report) note(check string, broken int64, example string) {
	line, known := r.asked[check]
	if !known {
		r.unknown = append(r.unknown, check)
		return
	}
	if line == nil {
		line = &r.Lines[slices.IndexFunc(r.Lines, func(l Line) bool { return l.Check == check })]
		r.asked[check] = line
	}
	if line.Broken += broken; line.Example == "" && broken > 0 {
		line.Example = example
	}
}

// conclude says whether the laws hold. A check that was not asked, or belongs to no law, must not pass for one that holds.
func (r *report) conclude() error {
	for _, l := range r.Lines {
		if r.asked[l.Check] == nil {
			return fmt.Errorf("audit: the check %s was not asked", l.Check)
		}
	}
	if len(r.unknown) > 0 {
		return fmt.Errorf("audit: the check %s belongs to no law", r.unknown[0])
	}
	r.Held = !slices.ContainsFunc(r.Lines, func(l Line) bool { return l.Broken > 0 })
	return nil
}

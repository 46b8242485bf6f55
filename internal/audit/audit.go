// Package audit asks a live database whether the laws hold. It writes nothing. What the laws are stands here once, in
// words; which of them a database can show, and how, is the store's to answer.
package audit

import (
	"context"
	"errors"

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
	{3, "Full settlement", "What is posted for a referral is exactly what its facts say it is worth: nothing owed, nothing over."},
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
func Run(ctx context.Context, db *store.Reader, progress func(rows int)) (Report, error) {
	found := make(map[string]*Line, len(checks))
	var r Report
	for _, c := range checks {
		r.Lines = append(r.Lines, Line{Law: c.law, Check: c.name, Text: c.text})
	}
	for i := range r.Lines {
		found[r.Lines[i].Check] = &r.Lines[i]
	}
	counts, err := db.Counts(ctx)
	if err != nil {
		return r, err
	}
	for _, c := range counts {
		line, ok := found[c.Check]
		if !ok {
			return r, errors.New("audit: the check " + c.Check + " belongs to no law")
		}
		line.Broken, line.Example = c.Broken, c.Example
	}
	err = db.Verify(ctx, pageSize, func(f store.Finding) {
		line := found[f.Check]
		if line.Broken++; line.Example == "" {
			line.Example = f.Subject + ": " + f.Detail
		}
	}, func(rows int) {
		r.Rows += rows
		progress(r.Rows)
	})
	r.Held = true
	for _, l := range r.Lines {
		r.Held = r.Held && l.Broken == 0
	}
	return r, err
}

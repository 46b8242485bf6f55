package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/schollz/progressbar/v3"

	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/program"
	"github.com/plusone-dev/plusone/internal/referral"
	"github.com/plusone-dev/plusone/internal/store"
)

// programPreviewCommand says what other terms would have come to.
type programPreviewCommand struct {
	databaseFlags
	dataFlag
	File    string `short:"f" required:"" placeholder:"FILE" type:"existingfile" help:"The program's YAML."`
	Workers int    `default:"4" help:"How many connections to read with (default ${default})."`
	JSON    bool   `help:"Print JSON."`
}

// previewPage is how many referrals are read at a time, on each connection.
const previewPage = 1024

// mostWorkers bounds the connections of a preview: the database is at work as well.
const mostWorkers = 32

// Run assesses every referral of the program again, over connections that can not write, and prints the difference.
func (c *programPreviewCommand) Run(ctx context.Context, std streams) error {
	if c.Workers < 1 || c.Workers > mostWorkers {
		return refuse([]string{fmt.Sprintf("--workers must be from 1 to %d", mostWorkers)})
	}
	source, err := readProgram(c.File)
	if err != nil {
		return err
	}
	terms, err := program.Parse(c.File, source)
	if err != nil {
		return err
	}
	return c.withDatabase(ctx, c.databaseFlags, func(db *store.Database) error {
		show, hide := progressOf(std.err, "assessing again")
		p, err := db.Preview(ctx, terms, store.PreviewOptions{Workers: c.Workers, Page: previewPage, Progress: show})
		hide()
		if errors.Is(err, store.ErrUnknownProgram) {
			return fmt.Errorf("there is no program named %q yet, so nothing was ever decided by its terms: "+
				"`plusone program apply -f %s` makes it, for sign-ups from then on; to preview other terms of a program that is there, give the file its name", terms.Program, c.File)
		}
		if err != nil {
			return err
		}
		out := previewOf(p, terms)
		if c.JSON {
			e := json.NewEncoder(std.out)
			e.SetIndent("", "  ")
			return e.Encode(out)
		}
		printPreview(std.out, out)
		return nil
	}, store.ReadOnly(), store.WithConnections(c.Workers+1))
}

// progressOf draws a bar whose end is known, on a terminal, and nothing in a pipe.
func progressOf(w io.Writer, what string) (show func(done, total int64), hide func()) {
	if !onTerminal(w) {
		return nil, func() {}
	}
	bar := progressbar.NewOptions64(-1, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionThrottle(100*time.Millisecond))
	return func(done, total int64) {
		bar.ChangeMax64(max(done, total))
		_ = bar.Set64(done)
	}, func() { _ = bar.Clear() }
}

// preview is what is printed as JSON.
type preview struct {
	Program   string           `json:"program"`
	Version   int              `json:"version"` // the newest that is stored
	Referrals int64            `json:"referrals"`
	Qualify   difference       `json:"qualify"` // qualified or rewarded
	Rewarded  difference       `json:"rewarded"`
	Reviewing difference       `json:"reviewing"`
	Amounts   int64            `json:"amounts_changed"` // the same outcome with other rewards
	Outcomes  []outcomeRow     `json:"outcomes"`
	Changes   []changeRow      `json:"changes"`
	Cost      []costRow        `json:"cost"`
	Examples  []previewExample `json:"examples"`
	Notes     []string         `json:"notes"`
}

// difference is how many there are, and would be.
type difference struct {
	Present int64 `json:"present"`
	Under   int64 `json:"under"`
}

type outcomeRow struct {
	Status referral.Status `json:"status"`
	Reason referral.Reason `json:"reason,omitempty"`
	difference
}

type changeRow struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Count int64  `json:"count"`
}

type costRow struct {
	Currency money.Currency `json:"currency"`
	Present  int64          `json:"present_minor"`
	Under    int64          `json:"under_minor"`
}

type previewExample struct {
	ID          int64    `json:"id"`
	From        string   `json:"from"`
	To          string   `json:"to"`
	Why         string   `json:"why"`
	PresentOwed []string `json:"present_owed"`
	UnderOwed   []string `json:"under_owed"`
}

func previewOf(p store.Preview, terms referral.Terms) preview {
	out := preview{
		Program: p.Program, Version: p.Version, Referrals: p.Referrals, Amounts: p.Amounts, Reviewing: difference{p.PresentReviewing, p.UnderReviewing},
		Qualify:  difference(p.Standing(referral.Qualified, referral.Rewarded)),
		Rewarded: difference(p.Standing(referral.Rewarded)),
		Outcomes: []outcomeRow{}, Changes: []changeRow{}, Cost: []costRow{}, Examples: []previewExample{}, Notes: []string{},
	}
	for _, o := range p.Outcomes() {
		out.Outcomes = append(out.Outcomes, outcomeRow{o.Status, o.Reason, difference(o.Difference)})
	}
	for _, c := range p.Changes() {
		out.Changes = append(out.Changes, changeRow{outcomeText(c.From), outcomeText(c.To), p.Changed[c]})
	}
	for _, c := range p.Costs() {
		out.Cost = append(out.Cost, costRow{c.Present.Currency, c.Present.Minor, c.Under.Minor})
	}
	for _, e := range p.Examples {
		out.Examples = append(out.Examples, previewExample{e.ID, outcomeText(e.From), outcomeText(e.To), e.Why, owed(e.PresentOwed), owed(e.UnderOwed)})
	}
	if terms.CreditPurchases {
		out.Notes = append(out.Notes, "credit_purchases: what is credited to buyers is not part of the cost")
	}
	return out
}

func outcomeText(o store.Outcome) string {
	if o.Reason == "" {
		return string(o.Status)
	}
	return string(o.Status) + " (" + string(o.Reason) + ")"
}

func owed(amounts []money.Amount) []string {
	all := make([]string, 0, len(amounts))
	for _, a := range amounts {
		all = append(all, a.String())
	}
	return all
}

func printPreview(w io.Writer, p preview) {
	fmt.Fprintf(w, "%d referrals of the program %q (now at version %d) were assessed again, as if these terms had been in force from the beginning.\n\n",
		p.Referrals, p.Program, p.Version)
	if p.Referrals == 0 {
		return
	}
	t := newTable(w)
	t.AppendHeader(table.Row{"Referrals", "Today", "Under these terms", "Difference"})
	row := func(what string, d difference) {
		t.AppendRow(table.Row{what, d.Present, d.Under, signed(w, d.Under-d.Present, strconv.FormatInt(d.Under-d.Present, 10))})
	}
	for _, o := range p.Outcomes {
		row(outcomeText(store.Outcome{Status: o.Status, Reason: o.Reason}), o.difference)
	}
	t.AppendSeparator()
	row("qualify in all", p.Qualify)
	row("under review", p.Reviewing)
	t.Render()
	printCost(w, p)
	printExamples(w, p)
	for _, n := range p.Notes {
		fmt.Fprintf(w, "\nNote: %s.\n", n)
	}
}

func printCost(w io.Writer, p preview) {
	if len(p.Cost) == 0 {
		return
	}
	fmt.Fprintln(w)
	t := newTable(w)
	t.AppendHeader(table.Row{"Rewards owed", "Today", "Under these terms", "Difference"})
	for _, c := range p.Cost {
		more := c.Under - c.Present // both are sums of what is owed, and so not less than nothing
		said := amount(string(c.Currency), more)
		t.AppendRow(table.Row{c.Currency, amount(string(c.Currency), c.Present), amount(string(c.Currency), c.Under), signed(w, more, said)})
	}
	t.Render()
}

func printExamples(w io.Writer, p preview) {
	var changed int64
	for _, c := range p.Changes {
		changed += c.Count
	}
	fmt.Fprintf(w, "\n%d would stand elsewhere, and %d would only be worth another amount.\n", changed, p.Amounts)
	if len(p.Examples) == 0 {
		return
	}
	fmt.Fprintln(w)
	t := newTable(w)
	t.AppendHeader(table.Row{"Referral", "Today", "", "Under these terms", "", "Because"})
	for _, e := range p.Examples {
		t.AppendRow(table.Row{e.ID, e.From, strings.Join(e.PresentOwed, " + "), e.To, strings.Join(e.UnderOwed, " + "), e.Why})
	}
	t.Render()
}

// signed paints what is more and what is less, and gives what is more its sign.
func signed(w io.Writer, n int64, said string) string {
	switch {
	case n > 0:
		return paint(w, text.FgGreen, "+"+said)
	case n < 0:
		return paint(w, text.FgRed, said)
	}
	return said
}

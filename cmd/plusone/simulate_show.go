package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/schollz/progressbar/v3"

	"github.com/plusone-dev/plusone/internal/audit"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/simulate"
)

// How often it is said how far the sending is: where one line replaces the other, and where they pile up.
const (
	drawEvery = 100 * time.Millisecond
	lineEvery = 5 * time.Second
)

// watchSending says how far it is, until stopped: a bar on a terminal, plain lines in a pipe.
func watchSending(w io.Writer) (watch func(func() simulate.Tally), stop func()) {
	every, show, end := lineEvery, func(t simulate.Tally) { fmt.Fprintln(w, sendingLine(t)) }, func() {}
	if onTerminal(w) {
		var bar *progressbar.ProgressBar
		every, end = drawEvery, func() { _ = bar.Clear() }
		show = func(t simulate.Tally) {
			if bar == nil {
				bar = progressbar.NewOptions(t.Planned, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription("sending"),
					progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionThrottle(drawEvery))
			}
			_ = bar.Set(t.Done)
		}
	}
	done := make(chan struct{})
	var wait sync.WaitGroup
	watch = func(now func() simulate.Tally) {
		wait.Go(func() {
			ticker := time.NewTicker(every)
			defer ticker.Stop()
			for {
				select {
				case <-ticker.C:
					show(now())
				case <-done:
					show(now())
					end()
					return
				}
			}
		})
	}
	return watch, func() { close(done); wait.Wait() }
}

func sendingLine(t simulate.Tally) string {
	return fmt.Sprintf("%s: %d of %d events, %d accepted (%.0f/s), %d refused, sent again %d times",
		t.Took.Round(100*time.Millisecond), t.Done, t.Planned, t.Accepted, t.PerSecond, sum(t.Rejected), sum(t.SentAgain))
}

func sum(counts map[string]int) (all int) {
	for _, n := range counts {
		all += n
	}
	return all
}

// printSimulated says it all to people.
func printSimulated(w io.Writer, out simulated) {
	fmt.Fprintln(w)
	printSending(w, out.Sending)
	if out.Outcome != nil {
		fmt.Fprintln(w)
		printOutcome(w, *out.Outcome)
	}
	fmt.Fprintln(w)
	printVerdict(w, out)
}

func printSending(w io.Writer, s simulate.Tally) {
	t := newTable(w)
	t.AppendHeader(table.Row{"Sending", ""})
	row := func(what string, format string, args ...any) {
		t.AppendRow(table.Row{what, fmt.Sprintf(format, args...)})
	}
	row("events", "%d of %d, in %d requests", s.Done, s.Planned, s.Requests)
	row("accepted", "%d, of which %d duplicates", s.Accepted, s.Duplicates)
	for _, reason := range slices.Sorted(maps.Keys(s.SentAgain)) {
		row("sent again: "+reason, "%d times", s.SentAgain[reason])
	}
	for _, reason := range slices.Sorted(maps.Keys(s.Rejected)) {
		row("refused: "+reason, "%d", s.Rejected[reason])
	}
	if s.Unknown > 0 {
		row("unknown", "%d: sent, and never said to be taken", s.Unknown)
	}
	if s.NotSent > 0 {
		row("not sent", "%d", s.NotSent)
	}
	row("took", "%.1f s, %.0f accepted a second", s.Seconds, s.PerSecond)
	row("answers", "p50 %.1f ms, p90 %.1f ms, p99 %.1f ms, max %.1f ms", s.Latency.P50, s.Latency.P90, s.Latency.P99, s.Latency.Max)
	t.Render()
}

func printOutcome(w io.Writer, o simulate.Outcome) {
	t := newTable(w)
	t.AppendHeader(table.Row{"Outcome", "Expected", "Actual", ""})
	row := func(what string, expected, actual any) {
		verdict := paint(w, text.FgGreen, "as expected")
		if expected != actual {
			verdict = paint(w, text.FgRed, "DIFFERENT")
		}
		t.AppendRow(table.Row{what, expected, actual, verdict})
	}
	for _, c := range o.Referrals {
		row("referrals "+c.Of, c.Expected, c.Actual)
	}
	for _, c := range o.Rewards {
		row("rewards that stand", amount(c.Of, c.Expected), amount(c.Of, c.Actual))
		t.AppendRow(table.Row{"rewards ever granted", "", amount(c.Of, c.Granted), ""})
	}
	for _, c := range o.Balances {
		row("balances", amount(c.Of, c.Expected), amount(c.Of, c.Actual))
	}
	t.Render()
	fmt.Fprintf(w, "\n%d people were compared one by one: %d differences.", o.People, o.Differences)
	if o.LeftOut > 0 {
		fmt.Fprintf(w, " %d were left out, for not every event of theirs is known to be taken or not.", o.LeftOut)
	}
	fmt.Fprintln(w)
	for _, e := range o.Examples {
		fmt.Fprintln(w, "  "+e)
	}
}

func amount(currency string, minor int64) string {
	return money.New(money.Currency(currency), minor).String()
}

func printVerdict(w io.Writer, out simulated) {
	if out.Note != "" {
		fmt.Fprintln(w, out.Note)
	}
	if out.Settled != nil {
		fmt.Fprintf(w, "%d of %d events were recorded at most %.2f s after the last was accepted.\n",
			out.Settled.Recorded, out.Settled.Events, out.Settled.Seconds)
		if out.Settled.Relayed > 0 {
			fmt.Fprintf(w, "What they had to tell had left the outbox at most %.2f s later.\n", out.Settled.Relayed)
		}
	}
	if out.Audit != nil {
		var broken []audit.Line
		for _, l := range out.Audit.Lines {
			if l.Broken > 0 {
				broken = append(broken, l)
			}
		}
		printBroken(w, *out.Audit, broken)
	}
	for _, p := range out.Problems {
		fmt.Fprintln(w, paint(w, text.FgRed, "NOT AS EXPECTED: ")+p)
	}
	if out.Held && out.Outcome != nil {
		fmt.Fprintln(w, "Everything is as expected.")
	}
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/plusone-dev/plusone/internal/audit"
	"github.com/plusone-dev/plusone/internal/store"
)

// auditCommand asks a database whether the laws hold.
type auditCommand struct {
	databaseFlags
	dataFlag
	auditWatch
	JSON bool `help:"Print JSON."`
}

// Run prints the verdict of every check, and fails when a law is broken. With --every it does not end.
func (c *auditCommand) Run(ctx context.Context, std streams) error {
	if c.Every != 0 {
		return c.watch(ctx, std)
	}
	return c.withDatabase(ctx, c.databaseFlags, func(db *store.Database) error {
		show, hide := progress(std.err, "deciding anew")
		report, err := audit.Run(ctx, db, show)
		hide()
		if err != nil {
			return err
		}
		if c.JSON {
			out := json.NewEncoder(std.out)
			out.SetIndent("", "  ")
			err = out.Encode(report)
		} else {
			printAudit(std.out, report)
		}
		if err == nil && !report.Held {
			err = errBroken
		}
		return err
	})
}

// progress draws a bar on a terminal, and nothing in a pipe.
func progress(w io.Writer, what string) (show func(rows int), hide func()) {
	if !onTerminal(w) {
		return func(int) {}, func() {}
	}
	bar := progressbar.NewOptions(-1, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionThrottle(100*time.Millisecond))
	return func(rows int) { _ = bar.Set(rows) }, func() { _ = bar.Clear() }
}

func onTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func printAudit(w io.Writer, r audit.Report) {
	t := newTable(w)
	t.AppendHeader(table.Row{"Law", "", "What was looked at", "Verdict"})
	var broken []audit.Line
	for _, l := range r.Lines {
		verdict := paint(w, text.FgGreen, "holds")
		if l.Broken > 0 {
			broken = append(broken, l)
			verdict = paint(w, text.FgRed, fmt.Sprintf("BROKEN (%d)", l.Broken))
		}
		t.AppendRow(table.Row{l.Law, audit.Laws[l.Law-1].Name, l.Text, verdict})
	}
	t.Render()
	printBroken(w, r, broken)
}

// printBroken says what the verdict is, and gives an example of all that is wrong.
func printBroken(w io.Writer, r audit.Report, broken []audit.Line) {
	say := func(format string, args ...any) { fmt.Fprintf(w, format, args...) }
	say("\n%d payments and referrals were decided anew. ", r.Rows)
	if len(broken) == 0 {
		say("Every law holds.\n")
		return
	}
	say("%d of %d checks found a law broken:\n\n", len(broken), len(r.Lines))
	for _, l := range broken {
		law := audit.Laws[l.Law-1]
		say("%s %s\n", paint(w, text.FgRed, fmt.Sprintf("Law %d, %s.", l.Law, law.Name)), law.Text)
		say("  It must be that %s. Not so %d times, such as:\n  %s\n\n", l.Text, l.Broken, l.Example)
	}
}

// newTable is a table with lines on a terminal, and plain columns in a pipe.
func newTable(w io.Writer) table.Writer {
	t := table.NewWriter()
	t.SetOutputMirror(w)
	style := table.StyleRounded
	if !onTerminal(w) {
		style = table.StyleDefault
		style.Options = table.OptionsNoBordersAndSeparators
	}
	style.Format.Header = text.FormatDefault
	t.SetStyle(style)
	return t
}

func paint(w io.Writer, c text.Color, s string) string {
	if !onTerminal(w) {
		return s
	}
	return c.Sprint(s)
}

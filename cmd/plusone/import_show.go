package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/schollz/progressbar/v3"
)

// importProgress says how many rows are done, of as many as there are; 0: that is not known yet. It is a bar on a
// terminal, and a line now and then in a pipe.
func importProgress(w io.Writer, what string, of int) (show func(rows int), hide func()) {
	if !onTerminal(w) {
		told := time.Now()
		return func(rows int) {
			if time.Since(told) < lineEvery {
				return
			}
			told = time.Now()
			fmt.Fprintln(w, progressLine(what, rows, of))
		}, func() {}
	}
	all := -1
	if of > 0 {
		all = of
	}
	bar := progressbar.NewOptions(all, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionThrottle(drawEvery),
		progressbar.OptionSetSpinnerChangeInterval(0)) // else it would go on turning by itself, under the next
	return func(rows int) { _ = bar.Set(rows) }, func() { _ = bar.Clear() }
}

func progressLine(what string, rows, of int) string {
	if of == 0 {
		return fmt.Sprintf("%s: %d rows", what, rows)
	}
	return fmt.Sprintf("%s: %d of %d rows", what, rows, of)
}

// conclude says what came of it.
func (i *importer) conclude(err error) error {
	i.out.Seconds = time.Since(i.began).Seconds()
	i.printProblems()
	if i.JSON {
		out := json.NewEncoder(i.std.out)
		out.SetIndent("", "  ")
		out.SetEscapeHTML(false)
		return errors.Join(err, out.Encode(i.out))
	}
	if err != nil {
		return err
	}
	if i.DryRun {
		_, err = fmt.Fprintf(i.std.out, "%s: %d rows are as they should be; nothing was sent\n", i.File, i.out.Rows)
		return err
	}
	_, err = fmt.Fprintf(i.std.out, "%s: the stream has all %d rows as %s%s; the worker applies them in a moment\n",
		i.File, i.out.Rows, i.kind.Type, i.resumed())
	return err
}

func (i *importer) resumed() string {
	if i.out.Resumed == 0 {
		return ""
	}
	return fmt.Sprintf(", %d of them from before", i.out.Resumed)
}

// printProblems has a line for each, which editors and terminals make a link of.
func (i *importer) printProblems() {
	w := i.std.err
	for _, p := range i.out.Problems {
		fmt.Fprintln(w, p.In(i.File))
	}
	if i.out.More > 0 {
		fmt.Fprintf(w, "… and %d problems more\n", i.out.More)
	}
	if len(i.out.Problems) > 0 {
		fmt.Fprintln(w, paint(w, text.FgRed, "nothing was sent"))
	}
}

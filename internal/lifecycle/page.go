package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/plusone-dev/plusone/internal/referral"
)

const head = `<!-- Written by "go run ./internal/lifecycle" from the table in internal/referral/lifecycle.go. Do not edit. -->

# The life of a referral

A referral is never moved by hand or by an event. All the facts of it are looked at together and say where it stands; the
way there is made of the moves below, and each is logged with the event that caused it. A move that is not below is
refused. Facts that come late may lead back: that is what most of the arrows against the stream are for. A person's decision
is such a fact as well.

`

// group is the moves between two statuses, with all the reasons they may have.
type group struct {
	step
	reasons []referral.Reason
}

// page writes the whole page. Error: a status, a move or a reason that nobody found words for, or words for none.
func page(moves []referral.Move) ([]byte, error) {
	groups := grouped(moves)
	if err := checkWords(moves, groups); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString(head)
	writeDiagram(&b, groups)
	writeStatuses(&b)
	writeMoves(&b, groups)
	writeReasons(&b)
	return b.Bytes(), nil
}

// grouped puts the moves between the same two statuses together, in the order of the table.
func grouped(moves []referral.Move) []group {
	var all []group
	for _, m := range moves {
		s := step{m.From, m.To}
		i := slices.IndexFunc(all, func(g group) bool { return g.step == s })
		if i < 0 {
			i = len(all)
			all = append(all, group{step: s})
		}
		if m.Reason != "" {
			all[i].reasons = append(all[i].reasons, m.Reason)
		}
	}
	return all
}

func checkWords(moves []referral.Move, groups []group) error {
	for _, g := range groups {
		if steps[g.step] == "" {
			return fmt.Errorf("words.go does not say what leads from %q to %q", g.from, g.to)
		}
	}
	if len(groups) != len(steps) {
		return fmt.Errorf("words.go speaks of %d moves, the table has %d", len(steps), len(groups))
	}
	said := make(map[string]bool)
	for _, s := range statuses {
		said[string(s.status)] = true
	}
	for _, r := range reasons {
		said[string(r.reason)] = true
	}
	for _, m := range moves {
		for _, name := range []string{string(m.To), string(m.Reason)} {
			if name != "" && !said[name] {
				return fmt.Errorf("words.go does not say what %q means", name)
			}
		}
	}
	return nil
}

func writeDiagram(b *bytes.Buffer, groups []group) {
	b.WriteString("```mermaid\nstateDiagram-v2\n    direction LR\n")
	for _, g := range groups {
		from := string(g.from)
		if from == "" {
			from = "[*]"
		}
		fmt.Fprintf(b, "    %s --> %s", from, g.to)
		if len(g.reasons) > 0 {
			fmt.Fprintf(b, " : %s", list(g.reasons, "", "<br/>"))
		}
		b.WriteByte('\n')
	}
	b.WriteString("```\n\n")
}

func writeStatuses(b *bytes.Buffer) {
	b.WriteString("## Where it can stand\n\n| status | what it means |\n|---|---|\n")
	for _, s := range statuses {
		fmt.Fprintf(b, "| `%s` | %s |\n", s.status, s.words)
	}
}

func writeMoves(b *bytes.Buffer, groups []group) {
	b.WriteString("\n## How it gets there\n\n| from | to | when | reasons |\n|---|---|---|---|\n")
	for _, g := range groups {
		from := "`" + string(g.from) + "`"
		if g.from == "" {
			from = "nothing"
		}
		fmt.Fprintf(b, "| %s | `%s` | %s | %s |\n", from, g.to, steps[g.step], list(g.reasons, "`", ", "))
	}
}

func writeReasons(b *bytes.Buffer) {
	b.WriteString("\n## Why it was cancelled\n\nThe first of these that holds is the one that is given; `erased` comes a second time, before `expired`.\n\n" +
		"| reason | what it means | what leads out of it |\n|---|---|---|\n")
	for _, r := range reasons {
		out := "facts that come late"
		switch {
		case r.reason.Final():
			out = "a person's decision"
		case r.reason == referral.Fraud:
			out = "a person's approval, or facts that come late"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", r.reason, r.words, out)
	}
}

func list(reasons []referral.Reason, quote, between string) string {
	words := make([]string, 0, len(reasons))
	for _, r := range reasons {
		words = append(words, quote+string(r)+quote)
	}
	return strings.Join(words, between)
}

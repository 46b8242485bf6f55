package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/plusone-dev/plusone/internal/referral"
)

func TestPageShowsEveryMove(t *testing.T) {
	t.Parallel()
	b, err := page(referral.Moves())
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for _, m := range referral.Moves() {
		from := string(m.From)
		if from == "" {
			from = "[*]"
		}
		arrow := "    " + from + " --> " + string(m.To)
		lines := strings.Split(text, "\n")
		at := slices.IndexFunc(lines, func(l string) bool { return l == arrow || strings.HasPrefix(l, arrow+" : ") })
		if at < 0 || !strings.Contains(lines[at], string(m.Reason)) {
			t.Errorf("the diagram has no arrow %s with %q", arrow, m.Reason)
		}
		if m.Reason != "" && !strings.Contains(text, "\n| `"+string(m.Reason)+"` | ") {
			t.Errorf("no row says what %s means", m.Reason)
		}
	}
}

func TestPageRefusesWhatItHasNoWordsFor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		moves []referral.Move
		want  string
	}{
		"a move": {
			append(referral.Moves(), referral.Move{From: referral.Pending, To: referral.Rewarded}),
			`words.go does not say what leads from "pending" to "rewarded"`,
		},
		"a reason": {
			append(referral.Moves(), referral.Move{From: referral.Pending, To: referral.Cancelled, Reason: "mood"}),
			`words.go does not say what "mood" means`,
		},
		"a move that is gone": {referral.Moves()[1:], "words.go speaks of 12 moves, the table has 11"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if b, err := page(c.moves); err == nil || err.Error() != c.want || b != nil {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

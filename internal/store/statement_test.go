package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plusone-dev/plusone/internal/ledger"
	"github.com/plusone-dev/plusone/internal/money"
)

// said is a statement as a person reads it, the newest line first.
func (w *world) said(user string, page int) (lines []string, all []Line) {
	w.t.Helper()
	for after := Newest; ; {
		some, err := w.api.Statement(w.ctx, user, after, page)
		if err != nil {
			w.t.Fatalf("%s: %v", user, err)
		}
		for _, l := range some {
			lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s %s%s", l.Kind, l.Amount, l.Side, l.Payment, l.Note)))
		}
		all = append(all, some...)
		if len(some) < page {
			return lines, all
		}
		after = some[len(some)-1].Place
	}
}

// busy is a world in which there is something of every kind in the books.
func busy(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, uncapped+"credit_purchases: true\n")
	w.now = noon.Add(time.Hour)
	step := func() { w.now = w.now.Add(time.Minute) }
	w.apply(registered("alice", "", noon), registered("bob", "C-ALICE", noon), registered("carol", "C-BOB", noon))
	step()
	w.apply(session(1, "bob", usd(1000), noon.Add(time.Minute)), charge(1, 0, noon.Add(time.Minute)))
	step()
	w.apply(session(2, "carol", usd(2000), noon.Add(time.Minute)), charge(2, 0, noon.Add(time.Minute)))
	step()
	spent := w.redeem(Spending{Key: "k1", UserID: "bob", Amount: usd(800), Note: "order 1", By: "checkout"})
	step()
	w.redeem(Spending{Key: "k2", UserID: "bob", Amount: usd(100), Note: "order 2", By: "checkout"})
	step()
	if _, _, err := w.api.Reverse(w.ctx, spent.ID, "came back", "desk"); err != nil {
		t.Fatal(err)
	}
	step()
	w.apply(charge(1, 1000, noon.Add(2*time.Minute)))
	return w
}

func TestAStatementHasEveryLineOfTheBooks(t *testing.T) {
	w := busy(t)
	lines, all := w.said("bob", 50)
	want := []string{
		"debited -10.00 usd  ch_1", "revoked -5.00 usd referee", // by number, of one moment
		"reversed 8.00 usd  came back", "redeemed -1.00 usd  order 2", "redeemed -8.00 usd  order 1",
		"granted 10.00 usd referrer",
		"credited 10.00 usd  ch_1", "granted 5.00 usd referee",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("bob's: %s", diff)
	}
	for i, l := range all[1:] {
		if l.At.After(all[i].At) {
			t.Errorf("%+v comes after %+v", l, all[i])
		}
	}
	for _, page := range []int{1, 2, 3, 8} {
		if _, paged := w.said("bob", page); !slices.Equal(paged, all) {
			t.Errorf("in pages of %d it is %+v", page, paged)
		}
	}
	w.lawful()
}

// TestAStatementAddsUpToTheBalances: whoever adds it up comes to what they have.
func TestAStatementAddsUpToTheBalances(t *testing.T) {
	w := busy(t)
	for _, user := range []string{"alice", "bob", "carol"} {
		sum := map[money.Currency]int64{}
		_, all := w.said(user, 3)
		for _, l := range all {
			sum[l.Amount.Currency] += l.Amount.Minor
			if l.UserID != user {
				t.Errorf("%+v is in the statement of %s", l, user)
			}
		}
		if len(all) == 0 || sum["usd"] != w.minorOf(user, "usd") {
			t.Errorf("%s: the %d lines come to %v, the balance is %d", user, len(all), sum, w.minorOf(user, "usd"))
		}
	}
}

func TestAStatementOfNobody(t *testing.T) {
	w := busy(t)
	w.apply(session(9, "stranger", usd(1000), noon), registered("dave", "", noon))
	for _, nobody := range []string{"", "nobody", "stranger", "bob' or 'a'='a"} {
		if lines, err := w.api.Statement(w.ctx, nobody, Newest, 50); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v, %v", nobody, lines, err)
		}
	}
	if lines, err := w.api.Statement(w.ctx, "dave", Newest, 50); err != nil || len(lines) != 0 {
		t.Errorf("dave: %v, %v", lines, err)
	}
}

// TestTheBooksByNumber reads every line once, in pages.
func TestTheBooksByNumber(t *testing.T) {
	w := busy(t)
	got := map[ledger.Kind]int{}
	for _, book := range []Book{Rewards, Credits, Redemptions} {
		for after := (Place{Book: book}); ; {
			lines, err := w.api.LinesAfter(w.ctx, after, 2)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range lines {
				got[l.Kind]++
				if l.UserID == "" || l.Book != book {
					t.Errorf("%+v", l)
				}
			}
			if len(lines) == 0 {
				break
			}
			after = lines[len(lines)-1].Place
		}
	}
	want := map[ledger.Kind]int{"granted": 4, "revoked": 2, "credited": 2, "debited": 1, "redeemed": 2, "reversed": 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

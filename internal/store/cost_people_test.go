package store

import (
	"strings"
	"testing"

	"github.com/plusone-dev/plusone/internal/fact"
)

// TestWhatPeopleSayOfABuyerCostsNothing: what people say of a buyer with a hundred thousand payments costs what it does of
// one with ten, as the events of Stripe do.
func TestWhatPeopleSayOfABuyerCostsNothing(t *testing.T) {
	w := newWorld(t, "")
	w.now = noon.Add(120 * day)
	l := w.listenToOne(t)
	buyers := map[string]int{"few": 10, "many": manyPayments}
	w.apply(registered("alice", "", noon), registered("carol", "", noon), registered("few", "C-ALICE", noon), registered("many", "C-ALICE", noon))
	for buyer, n := range buyers {
		if _, err := w.pool.Exec(w.ctx, pastOf, buyer, n, "usd", 1000, noon, 0); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.pool.Exec(w.ctx, "analyze"); err != nil {
		t.Fatal(err)
	}
	said := func(buyer string) []step {
		return []step{
			{"a verified address", []fact.Event{verifiedBy(buyer, hour)}},
			{"a rejection", []fact.Event{decided(buyer, "C-ALICE", fact.Rejected, hour)}},
			{"a reopening", []fact.Event{decided(buyer, "C-ALICE", fact.Reopened, minutes(1))}},
			{"an attribution", []fact.Event{attributed(buyer, "C-CAROL", minutes(2))}},
			{"a code", []fact.Event{assigned(buyer, "V-"+buyer, "", minutes(3))}},
			{"an erasure that nothing is dated after", []fact.Event{erased(buyer, noon.Add(119*day))}},
		}
	}
	cost := func(s step) (statements int, rows int64) {
		before, heard := w.looked(t), 0
		heard = len(l.heard)
		w.apply(s.events...)
		return len(l.heard) - heard, w.looked(t) - before
	}
	few, many := said("few"), said("many")
	for i := range few {
		fewStatements, fewRows := cost(few[i])
		manyStatements, manyRows := cost(many[i])
		t.Logf("%s: %d statements look at %d rows, or %d at %d", few[i].name, fewStatements, fewRows, manyStatements, manyRows)
		if strings.Contains(few[i].name, "erasure") {
			manyStatements, manyRows = fewStatements, fewRows // what is known of whoever is erased is looked through, once
		}
		if fewStatements != manyStatements || manyRows > fewRows+50 {
			t.Errorf("%s: %d statements look at %d rows for a buyer with ten payments, and %d at %d for one with %d",
				few[i].name, fewStatements, fewRows, manyStatements, manyRows, manyPayments)
		}
		if fewRows > 1000 {
			t.Errorf("%s: %d rows are looked at for a buyer with ten payments", few[i].name, fewRows)
		}
	}
}

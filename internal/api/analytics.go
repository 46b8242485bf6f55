package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/plusone-dev/plusone/internal/problem"
	"github.com/plusone-dev/plusone/internal/store"
)

const routeAnalytics = "GET /v1/analytics"

const (
	defaultDays = 90
	mostDays    = 400
)

type analyticsJSON struct {
	Program                    string            `json:"program"`
	From                       string            `json:"from"`
	To                         string            `json:"to"`
	Totals                     daySumsJSON       `json:"totals"`
	Conversion                 *string           `json:"conversion"` // null: nobody was referred
	FirstPurchases             int64             `json:"first_purchases"`
	MeanSecondsToFirstPurchase *int64            `json:"mean_seconds_to_first_purchase"` // null: there was none
	CostPerCustomer            []amountJSON      `json:"cost_per_customer"`
	SignUpsBySource            []countedJSON     `json:"sign_ups_by_source"`
	TopReferrers               []topReferrerJSON `json:"top_referrers"`
	Months                     []monthJSON       `json:"months"`
	Days                       []dayJSON         `json:"days"`
}

type dayJSON struct {
	Date string `json:"date"`
	daySumsJSON
}

type daySumsJSON struct {
	Visits    int64        `json:"visits"`
	SignUps   int64        `json:"sign_ups"`
	Referred  int64        `json:"referred"`
	Qualified int64        `json:"qualified"` // or rewarded
	Rewarded  int64        `json:"rewarded"`
	Cancelled int64        `json:"cancelled"`
	Granted   []amountJSON `json:"granted"`
	Revoked   []amountJSON `json:"revoked"`
}

type countedJSON struct {
	Source string `json:"source"`
	Count  int64  `json:"count"`
}

type topReferrerJSON struct {
	Rank      int     `json:"rank"`
	UserID    *string `json:"user_id"`
	Username  *string `json:"username"`
	Referrals int64   `json:"referrals"` // rewarded now
}

type monthJSON struct {
	Month    string  `json:"month"`
	SignUps  int64   `json:"sign_ups"`
	Referred int64   `json:"referred"`
	Viral    *string `json:"viral_coefficient"` // null: nobody had signed up before the month
}

// analytics serves GET /v1/analytics.
func (a *API) analytics(w http.ResponseWriter, r *http.Request) {
	q, err := readQuery(r.URL.RawQuery, []string{"program", "from", "to"})
	var from, to time.Time
	if err == nil {
		from, to, err = readDays(q, time.Now().UTC())
	}
	name := q.Get("program")
	if name == "" {
		name = "default"
	}
	if err == nil && !programName.MatchString(name) {
		err = store.ErrNotFound
	}
	var found store.Analytics
	if err == nil {
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		found, err = a.lists.Analytics(ctx, name, from, to)
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		problem.Write(w, problem.Problem{
			Status: http.StatusNotFound, Reason: "not-found", Title: "There is no such thing",
			Detail: "No program has that name. GET /v1/programs lists them.",
		})
	case err != nil:
		a.fail(w, r, err)
	default:
		a.answer(w, r, analyticsOf(found))
	}
}

// readDays reads from when to when, both included: without either the last 90 days, without one of them 90 days before or after
// the other, but not beyond today.
func readDays(q url.Values, now time.Time) (from, to time.Time, err error) {
	if from, err = readDate(q, "from"); err != nil {
		return from, to, err
	}
	if to, err = readDate(q, "to"); err != nil {
		return from, to, err
	}
	today := now.Truncate(24 * time.Hour)
	if to.IsZero() {
		to = today
		if !from.IsZero() && from.AddDate(0, 0, defaultDays-1).Before(to) {
			to = from.AddDate(0, 0, defaultDays-1)
		}
	}
	if from.IsZero() {
		from = to.AddDate(0, 0, 1-defaultDays)
	}
	switch days := int(to.Sub(from)/(24*time.Hour)) + 1; {
	case days < 1:
		err = wrongParameter("from", "must not be after `to`, which is today when it is left out.")
	case days > mostDays:
		err = wrongParameter("from", fmt.Sprintf("must be at most %d days before `to`, that day included.", mostDays))
	}
	return from, to, err
}

func readDate(q url.Values, name string) (time.Time, error) {
	s := q.Get(name)
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1970 || t.Year() > 9000 {
		return t, wrongParameter(name, "must be a day such as 2026-11-20, of UTC.")
	}
	return t, nil
}

func analyticsOf(a store.Analytics) analyticsJSON {
	j := analyticsJSON{
		Program: a.Program, From: a.From, To: a.To, Totals: sumsOf(a.Totals), Conversion: orNull(a.Conversion), FirstPurchases: a.FirstPurchases,
		CostPerCustomer: amountsOf(a.CostPerCustomer), SignUpsBySource: make([]countedJSON, 0, len(a.SignUpsBySource)),
		TopReferrers: make([]topReferrerJSON, 0, len(a.TopReferrers)), Months: make([]monthJSON, 0, len(a.Months)), Days: make([]dayJSON, 0, len(a.Days)),
	}
	if a.FirstPurchases > 0 {
		j.MeanSecondsToFirstPurchase = &a.MeanSecondsToFirstPurchase
	}
	for _, c := range a.SignUpsBySource {
		j.SignUpsBySource = append(j.SignUpsBySource, countedJSON{c.Name, c.Count})
	}
	for _, l := range a.TopReferrers {
		j.TopReferrers = append(j.TopReferrers, topReferrerJSON{l.Rank, orNull(l.UserID), orNull(l.Username), l.Referrals})
	}
	for _, m := range a.Months {
		j.Months = append(j.Months, monthJSON{m.Month, m.SignUps, m.Referred, orNull(m.Viral)})
	}
	for _, d := range a.Days {
		j.Days = append(j.Days, dayJSON{d.Date, sumsOf(d)})
	}
	return j
}

func sumsOf(d store.Day) daySumsJSON {
	return daySumsJSON{
		Visits: d.Visits, SignUps: d.SignUps, Referred: d.Referred, Qualified: d.Qualified, Rewarded: d.Rewarded, Cancelled: d.Cancelled,
		Granted: amountsOf(d.Granted), Revoked: amountsOf(d.Revoked),
	}
}

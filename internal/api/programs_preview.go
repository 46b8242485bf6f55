package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/plusone-dev/plusone/internal/problem"
	"github.com/plusone-dev/plusone/internal/program"
	"github.com/plusone-dev/plusone/internal/referral"
	"github.com/plusone-dev/plusone/internal/store"
)

// The limits of a preview. It looks at the referrals of the newest referrers first, and says how many it looked at.
const (
	previewTime     = 8 * time.Second // after which no further page is begun
	previewPage     = 512             // referrals
	previewPatience = previewTime + 20*time.Second
)

type previewJSON struct {
	Program   string         `json:"program"`
	Version   int            `json:"version"`   // the newest that is stored
	Referrals int64          `json:"referrals"` // how many were looked at
	Of        int64          `json:"of"`        // of so many
	Complete  bool           `json:"complete"`
	Qualify   differenceJSON `json:"qualify"` // qualified or rewarded
	Reviewing differenceJSON `json:"reviewing"`
	Amounts   int64          `json:"amounts_changed"` // the same outcome with other rewards
	Outcomes  []outcomeJSON  `json:"outcomes"`
	Changes   []changeJSON   `json:"changes"`
	Cost      []costJSON     `json:"cost"`
	Examples  []exampleJSON  `json:"examples"`
}

// differenceJSON is how many there are, and would be.
type differenceJSON struct {
	Present int64 `json:"present"`
	Under   int64 `json:"under"`
}

// standJSON is where a referral stands.
type standJSON struct {
	Status referral.Status `json:"status"`
	Reason *string         `json:"reason"` // of a cancelled one
}

type outcomeJSON struct {
	standJSON
	differenceJSON
}

type changeJSON struct {
	From  standJSON `json:"from"`
	To    standJSON `json:"to"`
	Count int64     `json:"count"`
}

// costJSON is what is owed in a currency, and would be.
type costJSON struct {
	Present amountJSON `json:"present"`
	Under   amountJSON `json:"under"`
}

type exampleJSON struct {
	ID          string       `json:"id"`
	From        standJSON    `json:"from"`
	To          standJSON    `json:"to"`
	Why         *string      `json:"why"`
	PresentOwed []amountJSON `json:"present_owed"`
	UnderOwed   []amountJSON `json:"under_owed"`
}

// preview serves POST /v1/programs/preview. It changes nothing, and one runs at a time: it keeps the database busy.
func (a *API) preview(w http.ResponseWriter, r *http.Request) {
	source, err := readProgram(w, r)
	var terms referral.Terms
	if err == nil {
		terms, err = program.Parse("program", source)
	}
	if err != nil {
		a.failProgram(w, r, err)
		return
	}
	select {
	case a.previews <- struct{}{}:
		defer func() { <-a.previews }()
	default:
		w.Header().Set("Retry-After", strconv.Itoa(int(previewTime/time.Second)))
		problem.Write(w, problem.Problem{
			Status: http.StatusTooManyRequests, Reason: "too-many-previews", Title: "Another preview runs",
			Detail: "One runs at a time. Ask again when it is done.",
		})
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), previewPatience)
	defer cancel()
	p, err := a.lists.Preview(ctx, terms, store.PreviewOptions{Workers: 1, Page: previewPage, Until: time.Now().Add(previewTime)})
	if err != nil {
		a.failProgram(w, r, err)
		return
	}
	a.answer(w, r, previewOf(p))
}

func previewOf(p store.Preview) previewJSON {
	j := previewJSON{
		Program: p.Program, Version: p.Version, Referrals: p.Referrals, Of: p.Of, Complete: p.Referrals >= p.Of, Amounts: p.Amounts,
		Qualify: differenceJSON(p.Standing(referral.Qualified, referral.Rewarded)), Reviewing: differenceJSON{p.PresentReviewing, p.UnderReviewing},
		Outcomes: []outcomeJSON{}, Changes: []changeJSON{}, Cost: []costJSON{}, Examples: []exampleJSON{},
	}
	for _, o := range p.Outcomes() {
		j.Outcomes = append(j.Outcomes, outcomeJSON{standOf(o.Outcome), differenceJSON(o.Difference)})
	}
	for _, c := range p.Changes() {
		j.Changes = append(j.Changes, changeJSON{standOf(c.From), standOf(c.To), p.Changed[c]})
	}
	for _, c := range p.Costs() {
		j.Cost = append(j.Cost, costJSON{amountOf(c.Present), amountOf(c.Under)})
	}
	for _, e := range p.Examples {
		j.Examples = append(j.Examples, exampleJSON{
			ID: strconv.FormatInt(e.ID, 10), From: standOf(e.From), To: standOf(e.To), Why: orNull(e.Why),
			PresentOwed: amountsOf(e.PresentOwed), UnderOwed: amountsOf(e.UnderOwed),
		})
	}
	return j
}

func standOf(o store.Outcome) standJSON { return standJSON{o.Status, orNull(string(o.Reason))} }

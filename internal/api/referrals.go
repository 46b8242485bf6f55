package api

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/plusone-dev/plusone/internal/referral"
	"github.com/plusone-dev/plusone/internal/store"
)

// The page of a list: so many when nobody says, and at most.
const (
	defaultLimit = 50
	maxLimit     = 200
)

type referralList struct {
	Referrals []referralJSON `json:"referrals"`
	Next      *string        `json:"next"` // the cursor of the next page
}

type referralJSON struct {
	ID           string           `json:"id"`
	Program      string           `json:"program"`
	Referrer     string           `json:"referrer"`
	Referee      string           `json:"referee"`
	Code         string           `json:"code"`
	Status       referral.Status  `json:"status"`
	Reason       *string          `json:"reason"`
	AttributedAt string           `json:"attributed_at"`
	QualifiedAt  *string          `json:"qualified_at"`
	RewardedAt   *string          `json:"rewarded_at"`
	CancelledAt  *string          `json:"cancelled_at"`
	Rewards      []rewardJSON     `json:"rewards"`
	Checks       []referral.Check `json:"checks"`
	Transitions  []transitionJSON `json:"transitions"`
}

type rewardJSON struct {
	To     string `json:"to"`
	UserID string `json:"user_id"`
	amountJSON
}

type transitionJSON struct {
	From   string  `json:"from"`
	To     string  `json:"to"`
	Reason *string `json:"reason"`
	At     string  `json:"at"`
	Event  string  `json:"event"`
}

// referrals serves GET /v1/referrals.
func (a *API) referrals(w http.ResponseWriter, r *http.Request) {
	f, err := readFilter(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	limit := f.Limit
	f.Limit++ // one more tells whether there is a next page
	page, err := a.store.Referrals(r.Context(), f)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	list := referralList{Referrals: make([]referralJSON, 0, len(page))}
	if len(page) > limit {
		page = page[:limit]
		next := strconv.FormatInt(page[limit-1].ID, 10)
		list.Next = &next
	}
	for _, v := range page {
		list.Referrals = append(list.Referrals, referralOf(v))
	}
	a.answer(w, r, list)
}

// filters are the parameters of the list. An unknown one is a mistake: a misspelt filter must not show everything.
var filters = []string{"referrer", "referee", "status", "limit", "cursor"}

func readFilter(r *http.Request) (store.Filter, error) {
	q := r.URL.Query()
	for name, values := range q {
		if !slices.Contains(filters, name) || len(values) > 1 {
			return store.Filter{}, &badRequestError{"The parameters are " + strings.Join(filters, ", ") + ", each once at most."}
		}
		if len(values[0]) > 1024 || strings.ContainsRune(values[0], 0) {
			return store.Filter{}, &badRequestError{"The parameter " + name + " is too long or has a NUL in it."}
		}
	}
	f := store.Filter{Referrer: q.Get("referrer"), Referee: q.Get("referee"), Status: q.Get("status"), Limit: defaultLimit}
	switch referral.Status(f.Status) {
	case "", referral.Pending, referral.Qualified, referral.Rewarded, referral.Cancelled:
	default:
		return f, &badRequestError{"status must be pending, qualified, rewarded or cancelled."}
	}
	if s := q.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > maxLimit {
			return f, &badRequestError{"limit must be a number from 1 to " + strconv.Itoa(maxLimit) + "."}
		}
		f.Limit = n
	}
	if s := q.Get("cursor"); s != "" {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n < 0 {
			return f, &badRequestError{"cursor must be the `next` of the page before."}
		}
		f.After = n
	}
	return f, nil
}

func referralOf(v store.Referral) referralJSON {
	j := referralJSON{
		ID: strconv.FormatInt(v.ID, 10), Program: v.Program, Referrer: v.Referrer, Referee: v.Referee, Code: v.Code,
		Status: v.Status, Reason: orNull(string(v.Reason)),
		AttributedAt: stamp(v.AttributedAt), QualifiedAt: stampOrNull(v.QualifiedAt),
		RewardedAt: stampOrNull(v.RewardedAt), CancelledAt: stampOrNull(v.CancelledAt),
		Rewards: make([]rewardJSON, 0, len(v.Rewards)), Checks: v.Checks, Transitions: make([]transitionJSON, 0, len(v.Transitions)),
	}
	for _, r := range v.Rewards {
		j.Rewards = append(j.Rewards, rewardJSON{To: r.To, UserID: r.UserID, amountJSON: amountOf(r.Amount)})
	}
	for _, t := range v.Transitions {
		j.Transitions = append(j.Transitions, transitionJSON{
			From: string(t.Move.From), To: string(t.Move.To), Reason: orNull(string(t.Move.Reason)), At: stamp(t.At), Event: t.Cause,
		})
	}
	return j
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

func stampOrNull(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := stamp(t)
	return &s
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

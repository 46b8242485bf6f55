package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/referral"
	"github.com/plusone-dev/plusone/internal/store"
)

// The page of a list: so many when nobody says, and at most.
const (
	defaultLimit = 50
	maxLimit     = 200
)

// maxValue is how many bytes a parameter may have: a user's id of 255 characters, whichever they are.
const maxValue = 1024

type referralList struct {
	Referrals []referralJSON `json:"referrals"`
	Next      *string        `json:"next"` // the cursor of the next page
}

type referralJSON struct {
	ID           string           `json:"id"`
	Program      string           `json:"program"`
	Referrer     *string          `json:"referrer"` // null: they were erased
	Referee      *string          `json:"referee"`
	Code         string           `json:"code"`
	Status       referral.Status  `json:"status"`
	Reason       *string          `json:"reason"`
	AttributedAt string           `json:"attributed_at"`
	QualifiedAt  *string          `json:"qualified_at"`
	RewardedAt   *string          `json:"rewarded_at"`
	CancelledAt  *string          `json:"cancelled_at"`
	Rewards      []rewardJSON     `json:"rewards"`
	Reviewing    []string         `json:"reviewing"`
	Flags        []string         `json:"flags"`
	Tier         *string          `json:"tier"`
	Checks       []referral.Check `json:"checks"`
	Transitions  []transitionJSON `json:"transitions"`
}

type rewardJSON struct {
	To       string         `json:"to"`
	On       string         `json:"on"`
	UserID   *string        `json:"user_id"`
	Currency money.Currency `json:"currency"`
	Amount   string         `json:"amount"` // in the major unit
	Minor    int64          `json:"minor"`
}

type transitionJSON struct {
	From   string          `json:"from"`
	To     string          `json:"to"`
	At     string          `json:"at"`
	Event  string          `json:"event"`
	Reason referral.Reason `json:"reason,omitempty"` // of a move to cancelled
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
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	page, err := a.store.Referrals(ctx, f)
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
var filters = []string{"referrer", "referee", "status", "reviewing", "limit", "cursor"}

// readQuery holds a query to what the list knows. net/http's own reading would leave out what it can not decode.
func readQuery(raw string) (url.Values, error) {
	q, err := url.ParseQuery(raw)
	if err != nil {
		return nil, &badRequestError{"The query is not of the form name=value&name=value, percent-encoded."}
	}
	for name, values := range q {
		if !slices.Contains(filters, name) || len(values) > 1 {
			return nil, &badRequestError{"The parameters are " + strings.Join(filters, ", ") + ", each once at most."}
		}
		if v := values[0]; len(v) > maxValue || !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
			return nil, &badRequestError{"The parameter " + name + " must be UTF-8 without U+0000, of at most " + strconv.Itoa(maxValue) + " bytes."}
		}
	}
	return q, nil
}

func readFilter(r *http.Request) (store.Filter, error) {
	q, err := readQuery(r.URL.RawQuery)
	if err != nil {
		return store.Filter{}, err
	}
	f := store.Filter{Referrer: q.Get("referrer"), Referee: q.Get("referee"), Status: q.Get("status"), Limit: defaultLimit}
	switch referral.Status(f.Status) {
	case "", referral.Pending, referral.Qualified, referral.Rewarded, referral.Cancelled:
	default:
		return f, &badRequestError{"status must be pending, qualified, rewarded or cancelled."}
	}
	switch q.Get("reviewing") {
	case "":
	case "true":
		f.Reviewing = true
	default:
		return f, &badRequestError{"reviewing must be true, or be left out."}
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
		ID: strconv.FormatInt(v.ID, 10), Program: v.Program, Referrer: orNull(v.Referrer), Referee: orNull(v.Referee), Code: v.Code,
		Status: v.Status, Reason: orNull(string(v.Reason)),
		AttributedAt: stamp(v.AttributedAt), QualifiedAt: stampOrNull(v.QualifiedAt),
		RewardedAt: stampOrNull(v.RewardedAt), CancelledAt: stampOrNull(v.CancelledAt),
		Rewards: make([]rewardJSON, 0, len(v.Rewards)), Tier: orNull(v.Tier),
		Reviewing: append([]string{}, v.Reviewing...), Flags: make([]string, 0, len(v.Flags)), Checks: v.Checks, Transitions: make([]transitionJSON, 0, len(v.Transitions)),
	}
	for _, kind := range v.Flags {
		j.Flags = append(j.Flags, string(kind))
	}
	for _, r := range v.Rewards {
		j.Rewards = append(j.Rewards, rewardJSON{
			To: r.To, On: string(r.On), UserID: orNull(r.UserID), Currency: r.Amount.Currency, Amount: r.Amount.Major(), Minor: r.Amount.Minor,
		})
	}
	for _, t := range v.Transitions {
		j.Transitions = append(j.Transitions, transitionJSON{
			From: string(t.Move.From), To: string(t.Move.To), At: stamp(t.At), Event: t.Cause, Reason: t.Move.Reason,
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

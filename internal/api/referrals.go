package api

import (
	"context"
	"maps"
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
	page, err := a.lists.Referrals(ctx, f)
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
var filters = []string{"referrer", "referee", "program", "code", "status", "reviewing", "attributed_after", "attributed_before", "order", "limit", "cursor"}

// readQuery holds a query to the parameters that are known. net/http's own reading would leave out what it can not decode.
func readQuery(raw string, known []string) (url.Values, error) {
	all := " The parameters are " + strings.Join(known, ", ") + ", each once at most."
	if len(known) == 0 {
		all = " There are no parameters here."
	}
	q, err := url.ParseQuery(raw)
	if err != nil {
		return nil, &badRequestError{detail: "The query is not of the form name=value&name=value, percent-encoded."}
	}
	for _, name := range slices.Sorted(maps.Keys(q)) {
		switch v := q[name]; {
		case !slices.Contains(known, name) && plain.MatchString(name):
			return nil, wrongParameter(name, "is not a parameter that is known here."+all)
		case !slices.Contains(known, name):
			return nil, &badRequestError{detail: "A parameter is not known." + all}
		case len(v) > 1:
			return nil, wrongParameter(name, "stands there more than once."+all)
		case len(v[0]) > maxValue || !utf8.ValidString(v[0]) || strings.ContainsRune(v[0], 0):
			return nil, wrongParameter(name, "must be UTF-8 without U+0000, of at most "+strconv.Itoa(maxValue)+" bytes.")
		}
	}
	return q, nil
}

func readFilter(r *http.Request) (store.Filter, error) {
	q, err := readQuery(r.URL.RawQuery, filters)
	if err != nil {
		return store.Filter{}, err
	}
	f := store.Filter{
		Referrer: q.Get("referrer"), Referee: q.Get("referee"), Status: q.Get("status"), Program: q.Get("program"),
		Code: strings.ToUpper(q.Get("code")), // as codes are kept
	}
	switch referral.Status(f.Status) {
	case "", referral.Pending, referral.Qualified, referral.Rewarded, referral.Cancelled:
	default:
		return f, wrongParameter("status", "must be pending, qualified, rewarded or cancelled.")
	}
	switch q.Get("reviewing") {
	case "":
	case "true":
		f.Reviewing = true
	default:
		return f, wrongParameter("reviewing", "must be true, or be left out.")
	}
	if f.AttributedAfter, err = readTime(q, "attributed_after"); err != nil {
		return f, err
	}
	if f.AttributedBefore, err = readTime(q, "attributed_before"); err != nil {
		return f, err
	}
	if f.Newest, err = readOrder(q); err != nil {
		return f, err
	}
	if err := readable(q, f); err != nil {
		return f, err
	}
	if f.Limit, err = readLimit(q); err != nil {
		return f, err
	}
	f.After, err = readCursor(q)
	return f, err
}

// readable refuses what only a walk through all referrals could answer.
func readable(q url.Values, f store.Filter) error {
	if f.Referrer != "" || f.Referee != "" || f.Code != "" || f.Reviewing {
		return nil
	}
	for _, name := range []string{"program", "attributed_after", "attributed_before"} {
		if q.Get(name) != "" {
			return wrongParameter(name, "needs one of referrer, referee, code and reviewing beside it: it looks among their referrals.")
		}
	}
	return nil
}

// readOrder says whether the newest come first. They do so of all referrals: of those that a filter lets pass they would have to
// be looked for.
func readOrder(q url.Values) (newest bool, err error) {
	switch q.Get("order") {
	case "":
		return false, nil
	case "newest":
	default:
		return false, wrongParameter("order", "must be newest, or be left out.")
	}
	for name := range q {
		if name != "order" && name != "limit" && name != "cursor" {
			return false, wrongParameter("order", "goes with limit and cursor alone.")
		}
	}
	return true, nil
}

// readTime reads a moment; the zero time when there is none.
func readTime(q url.Values, name string) (t time.Time, err error) {
	s := q.Get(name)
	if s == "" {
		return t, nil
	}
	if t, err = time.Parse(time.RFC3339Nano, s); err != nil || t.Year() < 1 || t.Year() > 9998 {
		return t, wrongParameter(name, "must be a time such as 2026-11-20T12:00:00Z (RFC 3339).")
	}
	return t.UTC(), nil
}

func readLimit(q url.Values) (int, error) {
	s := q.Get("limit")
	if s == "" {
		return defaultLimit, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > maxLimit {
		return 0, wrongParameter("limit", "must be a number from 1 to "+strconv.Itoa(maxLimit)+".")
	}
	return n, nil
}

const notACursor = "must be the `next` of the page before."

// readCursor reads one that is a number.
func readCursor(q url.Values) (int64, error) {
	s := q.Get("cursor")
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0, wrongParameter("cursor", notACursor)
	}
	return n, nil
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

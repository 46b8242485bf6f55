package console

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/plusone-dev/plusone/internal/referral"
	"github.com/plusone-dev/plusone/internal/store"
)

// perPage is how many rows a list has.
const perPage = 50

// statuses are those that a list can be narrowed to.
var statuses = []referral.Status{referral.Pending, referral.Qualified, referral.Rewarded, referral.Cancelled}

// referralsPage is the list of referrals and what it is narrowed to.
type referralsPage struct {
	Lines    []store.Browsed
	Filter   store.Browse
	Programs []store.AppliedVersion // one for each program
	Statuses []referral.Status
	Reasons  []referral.Reason
	Narrowed bool
	Whose    string // what is said of the person or the code that the list is narrowed to; empty for none
	Older    string // the address of the next page
	Newest   string // and of the first, from a later one
	Looked   int    // how many were looked at, when the page is not full for that
}

// filters are what the list can be narrowed by, all of them numbers and words of plusone's own.
var filters = []string{"status", "reason", "review", "program", "referrer", "referee", "code", "before"}

func (c *Console) referrals(w http.ResponseWriter, r *http.Request) error {
	q, err := readQuery(r, filters...)
	if err != nil {
		return err
	}
	f, err := readBrowse(q)
	if err != nil {
		return err
	}
	f, whose, err := c.ownerOf(r, f)
	if err != nil {
		return err
	}
	content := referralsPage{Filter: f, Statuses: statuses, Reasons: reasons, Whose: whose, Narrowed: f.Status != "" || f.Reason != "" || f.Reviewing || f.Program != 0}
	var next int64
	if f.Code == 0 || f.Referrer != 0 { // a code that nobody has was used by nobody
		if content.Lines, next, err = c.Store.Browse(r.Context(), f); err != nil {
			return err
		}
	}
	if next != 0 {
		content.Older = address(q, next)
		if len(content.Lines) < f.Limit {
			content.Looked = store.BrowseMost
		}
	}
	if f.Before != 0 {
		content.Newest = address(q, 0)
	}
	if content.Programs, err = c.newest(r); err != nil {
		return err
	}
	return c.show(w, r, "referrals", c.page(r, "Referrals", hereReferrals, content))
}

// readBrowse reads what the list is narrowed to.
func readBrowse(q url.Values) (f store.Browse, err error) {
	f = store.Browse{Limit: perPage, Status: referral.Status(q.Get("status")), Reason: referral.Reason(q.Get("reason"))}
	if f.Status != "" && !slices.Contains(statuses, f.Status) {
		return f, &badRequestError{"There is no such status."}
	}
	if f.Reason != "" && !slices.Contains(reasons, f.Reason) {
		return f, &badRequestError{"There is no such reason."}
	}
	switch q.Get("review") {
	case "":
	case "open":
		f.Reviewing = true
	default:
		return f, &badRequestError{"review must be open, or be left out."}
	}
	for name, into := range map[string]*int64{
		"program": &f.Program, "referrer": &f.Referrer, "referee": &f.Referee, "code": &f.Code, "before": &f.Before,
	} {
		if *into, err = numberIn(q, name); err != nil {
			return f, err
		}
	}
	if f.Referee != 0 && (f.Referrer != 0 || f.Code != 0) || f.Referrer != 0 && f.Code != 0 {
		return f, &badRequestError{"Only one of referrer, referee and code can be asked for."}
	}
	return f, nil
}

// ownerOf finds whose a code is, for its referrals are among its owner's, and says what the list is narrowed to.
func (c *Console) ownerOf(r *http.Request, f store.Browse) (store.Browse, string, error) {
	switch {
	case f.Code != 0:
		code, err := c.Store.CodeOf(r.Context(), f.Code)
		f.Referrer = code.Owner
		return f, "with the code " + code.Text, err
	case f.Referrer != 0:
		return f, "by user " + strconv.FormatInt(f.Referrer, 10), nil
	case f.Referee != 0:
		return f, "of user " + strconv.FormatInt(f.Referee, 10), nil
	}
	return f, "", nil
}

// address is that of another page of the same list; before 0 is the first.
func address(q url.Values, before int64) string {
	to := url.Values{}
	for name := range q {
		if v := q.Get(name); v != "" && name != "before" {
			to.Set(name, v)
		}
	}
	if before != 0 {
		to.Set("before", strconv.FormatInt(before, 10))
	}
	if len(to) == 0 {
		return hereReferrals
	}
	return hereReferrals + "?" + to.Encode()
}

// newest is the newest version of each program.
func (c *Console) newest(r *http.Request) (all []store.AppliedVersion, err error) {
	versions, err := c.Store.AppliedTerms(r.Context())
	for _, v := range versions {
		if len(all) == 0 || all[len(all)-1].Program != v.Program {
			all = append(all, v)
		}
	}
	return all, err
}

// searchPage is what a search came upon, where it is not one thing.
type searchPage struct {
	Text  string
	Found store.Found
}

// search looks for an exact number of a referral, id of a user or code. It is posted, so that no id of anybody's stands in an
// address; where one thing is found, it leads there.
func (c *Console) search(w http.ResponseWriter, r *http.Request) error {
	form, err := readForm(r, "text")
	if err != nil {
		return err
	}
	text := form.Get("text")
	if len(text) > maxValue {
		return &badRequestError{"What is looked for is too long."}
	}
	number, _ := strconv.ParseInt(text, 10, 64)
	found, err := c.Store.Search(r.Context(), text, number)
	if err != nil {
		return err
	}
	switch {
	case found.Referral != 0 && found.User == 0 && found.Code == 0:
		return go303(w, r, hereReferrals+"/"+strconv.FormatInt(found.Referral, 10))
	case found.User != 0 && found.Referral == 0 && found.Code == 0:
		return go303(w, r, hereUsers+"/"+strconv.FormatInt(found.User, 10))
	case found.Code != 0 && found.User == 0 && found.Referral == 0:
		return go303(w, r, hereReferrals+"?code="+strconv.FormatInt(found.Code, 10))
	}
	return c.show(w, r, "search", c.page(r, "Search", "", searchPage{Text: text, Found: found}))
}

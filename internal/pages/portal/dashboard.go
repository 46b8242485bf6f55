package portal

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/plusone-dev/plusone/internal/pages"
	"github.com/plusone-dev/plusone/internal/referral"
	"github.com/plusone-dev/plusone/internal/store"
)

const (
	perPage = 10 // referrals
	leaders = 10
)

// facts are what the dashboard shows, as it is read.
type facts struct {
	me     store.Referrer
	terms  referral.Terms
	page   []store.Brought // one more than is shown, when there is an older one
	before int64           // the number that the page begins before; 0: the newest
	top    []store.Leader
	rank   int
}

// dashboard shows somebody what came of their link.
func (p *portal) dashboard(w http.ResponseWriter, r *http.Request, userID string) {
	before, ok := pageOf(r.URL)
	if !ok {
		p.nothing(w, r)
		return
	}
	f, err := p.read(r.Context(), userID, before)
	if err == nil && f.me.Code == "" && p.Make != nil && p.Make(r.Context(), tokenOf(r)) {
		f, err = p.read(r.Context(), userID, before)
	}
	if err != nil {
		p.unavailable(w, r, err)
		return
	}
	if f.me.Code == "" {
		p.stranger(w, r)
		return
	}
	v, err := show(f, p.Share(f.me.Code))
	if err != nil {
		p.unavailable(w, r, err)
		return
	}
	page := p.frame(r)
	page.Title, page.SignOut, page.Content = v.Offer.Headline, Path+"/leave", v
	p.set.Render(w, r, http.StatusOK, "dashboard", page)
}

// pageOf is the number that a page of referrals begins before. Nothing else is asked for in the address.
func pageOf(u *url.URL) (before int64, ok bool) {
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return 0, false
	}
	for name, values := range q {
		if name != "before" || len(values) != 1 {
			return 0, false
		}
		if before, err = strconv.ParseInt(values[0], 10, 64); err != nil || before < 1 {
			return 0, false
		}
	}
	return before, true
}

func (p *portal) read(ctx context.Context, userID string, before int64) (f facts, err error) {
	f.before = before
	if f.me, f.page, err = p.Store.ReferrerWith(ctx, userID, store.Bringing{Before: before, Limit: perPage + 1}); err != nil {
		return f, err
	}
	if f.terms, err = p.Store.NewestTerms(ctx, f.me.Program); err != nil {
		return f, err
	}
	if f.top, err = p.Store.Leaderboard(ctx, f.me.Program, store.LeaderCursor{}, leaders); err != nil {
		return f, err
	}
	if f.me.Number != 0 {
		f.rank, _, err = p.Store.RankOf(ctx, userID)
	}
	return f, err
}

// stranger answers somebody who has no code: their sign-up has not come here yet.
func (p *portal) stranger(w http.ResponseWriter, r *http.Request) {
	p.tell(w, r, http.StatusNotFound, pages.Message{
		Title: "Your link is being made", Text: "This takes a moment after you have signed up.", Action: "Look again", Href: Path,
	})
}

// qr is the code of somebody's link as a picture to be kept.
func (p *portal) qr(w http.ResponseWriter, r *http.Request, userID string) {
	me, err := p.Store.Referrer(r.Context(), userID)
	if err != nil {
		p.unavailable(w, r, err)
		return
	}
	if me.Code == "" {
		p.stranger(w, r)
		return
	}
	code, err := drawQR(withChannel(p.Share(me.Code), "qr"))
	if err != nil {
		p.unavailable(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "image/svg+xml")
	h.Set("Content-Disposition", `attachment; filename="referral-link.svg"`)
	_, _ = w.Write([]byte(code.image()))
}

// listing puts somebody on the leaderboard, or takes them off it.
func (p *portal) listing(w http.ResponseWriter, r *http.Request, userID string) {
	r.Body = http.MaxBytesReader(w, r.Body, mostForm)
	var listed bool
	switch r.PostFormValue("listed") {
	case "yes":
		listed = true
	case "no":
	default:
		p.tell(w, r, http.StatusBadRequest, pages.Message{
			Title: "That was not understood", Text: "Nothing was changed.", Action: "To your referrals", Href: Path,
		})
		return
	}
	if err := p.Store.SetListed(r.Context(), userID, listed); err != nil {
		p.unavailable(w, r, err)
		return
	}
	http.Redirect(w, r, Path+"#leaderboard", http.StatusSeeOther)
}

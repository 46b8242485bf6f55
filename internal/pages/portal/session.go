package portal

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/plusone-dev/plusone/internal/pages"
)

// cookieName is the cookie that holds the user's token. It is the token itself, and verified anew each time: so it lasts no
// longer than the business said, ends when its key is withdrawn, and needs no key of ours.
const cookieName = "plusone_dashboard"

const (
	mostForm   = 16 << 10 // bytes of a form
	mostCookie = 3800     // bytes of a token: browsers drop cookies of more than 4096 with all that belongs to them
)

// enter takes a user's token from the business's page, keeps it in a cookie, and leads to the dashboard. It comes from
// another site by design; whoever posts somebody else's token only ever gets to see that one's dashboard.
func (p *portal) enter(w http.ResponseWriter, r *http.Request) {
	if !p.mayPost(r) {
		p.Log.WarnContext(r.Context(), "a token was posted from an origin that is not among --embed-origins (PLUSONE_EMBED_ORIGINS)")
		p.tell(w, r, http.StatusForbidden, pages.Message{
			Title: "This page can not be opened from there", Text: "The site you came from is not one that may open it. Open it from your account.",
		})
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, mostForm)
	token := r.PostFormValue("token")
	if _, err := p.Tokens.Verify(token); err != nil || len(token) > mostCookie {
		p.Log.InfoContext(r.Context(), "a token for the dashboard was refused", "error", err, "bytes", len(token))
		p.signedOut(w, r)
		return
	}
	http.SetCookie(w, p.cookie(token))
	http.Redirect(w, r, Path, http.StatusSeeOther)
}

// mayPost says whether a token may come from where it comes from: the embedders' pages, our own, or no page at all.
func (p *portal) mayPost(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || len(p.Embedders) == 0 || slices.Contains(p.Embedders, origin) {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}

// cookie holds a token until the browser is closed. In a frame on another site it is sent only as a third party's, which
// browsers take over HTTPS alone, and keep apart for each site that it is embedded in.
func (p *portal) cookie(token string) *http.Cookie {
	c := &http.Cookie{
		Name: cookieName, Value: token, Path: Path, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	if p.Secure {
		c.Secure, c.SameSite, c.Partitioned = true, http.SameSiteNoneMode, true
	}
	return c
}

func (p *portal) leave(w http.ResponseWriter, r *http.Request) {
	gone := p.cookie("") //nolint:gosec // as the one that it takes away: Secure where the dashboard is reached over HTTPS
	gone.MaxAge = -1
	http.SetCookie(w, gone)
	p.tell(w, r, http.StatusOK, pages.Message{Title: "You are signed out", Text: "Open this page from your account to come back."})
}

// signedIn lets somebody through whose token still counts, and tells next who they are.
func (p *portal) signedIn(next func(w http.ResponseWriter, r *http.Request, userID string)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		userID, err := p.Tokens.Verify(tokenOf(r))
		if err != nil {
			p.signedOut(w, r)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		next(w, r.WithContext(ctx), userID)
	})
}

// tokenOf is the token that a request's cookie holds; empty for none.
func tokenOf(r *http.Request) string {
	c, err := r.Cookie(cookieName)
	if err != nil {
		return ""
	}
	return c.Value
}

// signedOut answers whoever has no token that counts. Why it does not is for the business, and in its own log.
func (p *portal) signedOut(w http.ResponseWriter, r *http.Request) {
	p.tell(w, r, http.StatusForbidden, pages.Message{
		Title: "Please open this page again", Text: "For your safety this page stays open for a limited time only. Go back to your account and open your referrals from there.",
	})
}

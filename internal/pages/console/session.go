package console

import (
	"context"
	"crypto/sha256"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/alexedwards/scs/v2"

	"github.com/plusone-dev/plusone/internal/pages"
)

// What a session keeps: the hash of the token that opened it, by which it is asked again whether that still opens anything; who
// said to be there; and what is to be told on the next page.
const (
	keyHash   = "hash"
	keyName   = "name"
	keyNotice = "notice"
)

const cookieName = "plusone_console"

// sessionManager makes what reads and keeps the sessions. The cookie is for the console alone, goes with the browser, and is
// shown to no script; other sites can lead to the console, and not send its forms.
func (c *Console) sessionManager() *scs.SessionManager {
	m := scs.New()
	m.IdleTimeout, m.Lifetime = idleFor, lastFor
	m.Store, m.HashTokenInStore = c.Sessions, true
	m.Cookie = scs.SessionCookie{
		Name: cookieName, Path: Path, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(c.Origin, "https:"),
	}
	m.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) { c.fail(w, r, err) }
	return m
}

// signedIn lets those through whose session was opened with a token that is an admin's still, and leads others to sign in.
func (c *Console) signedIn(next handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		hash := c.sessions.GetBytes(r.Context(), keyHash)
		if len(hash) == 0 {
			return go303(w, r, signInPath(r))
		}
		ok, err := c.Admins.IsAdminHash(r.Context(), hash)
		if err != nil {
			return err
		}
		if !ok {
			c.Log.InfoContext(r.Context(), "a session of the console ended, for its token is valid no more", "by", c.by(r))
			if err := c.sessions.Destroy(r.Context()); err != nil {
				return err
			}
			return go303(w, r, signInPath(r))
		}
		return next(w, r)
	}
}

// by is who is signed in, as they said.
func (c *Console) by(r *http.Request) string { return c.sessions.GetString(r.Context(), keyName) }

// tell has the next page say something at its top.
func (c *Console) tell(ctx context.Context, what string) { c.sessions.Put(ctx, keyNotice, what) }

// signInPath is where to sign in, and to come back from: to a page, not to what a form was sent to.
func signInPath(r *http.Request) string {
	to := r.URL.RequestURI()
	if r.Method != http.MethodGet || to == Path || !ours(to) {
		return Path + "/sign-in"
	}
	return Path + "/sign-in?to=" + url.QueryEscape(to)
}

// ours says whether an address leads to a page of the console, and nowhere else whatever a browser makes of it.
func ours(to string) bool {
	u, err := url.Parse(to)
	return err == nil && len(to) <= 500 && u.Scheme == "" && u.Host == "" && u.User == nil && !strings.ContainsAny(to, "\\\r\n\t") &&
		(u.Path == Path || strings.HasPrefix(u.Path, Path+"/")) && strings.HasPrefix(to, Path) && !strings.Contains(u.Path, "..")
}

// signInForm is what the page shows.
type signInForm struct{ Name, To, Error string }

func (c *Console) showSignIn(w http.ResponseWriter, r *http.Request) error {
	q, err := readQuery(r, "to")
	if err != nil {
		return err
	}
	return c.renderSignIn(w, r, http.StatusOK, signInForm{To: q.Get("to")})
}

func (c *Console) renderSignIn(w http.ResponseWriter, r *http.Request, status int, f signInForm) error {
	if !ours(f.To) {
		f.To = ""
	}
	c.set.Render(w, r, status, "sign-in", pages.Page{Title: "Sign in", Site: "Console", Content: f})
	return nil
}

// maxName is how long the name may be that decisions bear.
const maxName = 100

// signIn opens a session for whoever has an admin token. What was wrong is not told apart.
func (c *Console) signIn(w http.ResponseWriter, r *http.Request) error {
	if wait, ok := c.Attempts.Take(c.Client(r)); !ok {
		c.Metrics.signIn(outcomeLimited)
		seconds := max(1, int(math.Ceil(wait.Seconds())))
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
		return c.renderSignIn(w, r, http.StatusTooManyRequests, signInForm{
			Error: "That was tried too often. Try again in " + plural(seconds, "second") + ".",
		})
	}
	form, err := readForm(r, "name", "token", "to")
	if err != nil {
		return err
	}
	f := signInForm{Name: strings.TrimSpace(form.Get("name")), To: form.Get("to")}
	if f.Name == "" || len([]rune(f.Name)) > maxName || !printable(f.Name) {
		f.Error = "Give your name, of at most 100 characters: what you decide will bear it."
		return c.renderSignIn(w, r, http.StatusBadRequest, f)
	}
	hash := sha256.Sum256([]byte(strings.TrimSpace(form.Get("token"))))
	ok, err := c.Admins.IsAdminHash(r.Context(), hash[:])
	if err != nil {
		c.Metrics.signIn(outcomeUnavailable)
		return err
	}
	if !ok {
		c.Metrics.signIn(outcomeWrong)
		c.Log.WarnContext(r.Context(), "somebody could not sign in to the console", "client", c.Client(r))
		f.Error = "That is no admin token, or it is valid no more."
		return c.renderSignIn(w, r, http.StatusUnauthorized, f)
	}
	if err := c.begin(r.Context(), hash[:], f.Name); err != nil {
		c.Metrics.signIn(outcomeUnavailable)
		return err
	}
	c.Metrics.signIn(outcomeOK)
	c.Log.InfoContext(r.Context(), "somebody signed in to the console", "by", f.Name)
	if !ours(f.To) {
		f.To = Path
	}
	return go303(w, r, f.To)
}

// begin opens a session under a new key, whatever the browser had before: nobody can have prepared it.
func (c *Console) begin(ctx context.Context, hash []byte, name string) error {
	if err := c.sessions.Clear(ctx); err != nil {
		return err
	}
	if err := c.sessions.RenewToken(ctx); err != nil {
		return err
	}
	c.sessions.Put(ctx, keyHash, hash)
	c.sessions.Put(ctx, keyName, name)
	return nil
}

func (c *Console) signOut(w http.ResponseWriter, r *http.Request) error {
	c.Log.InfoContext(r.Context(), "somebody signed out of the console", "by", c.by(r))
	if err := c.sessions.Destroy(r.Context()); err != nil {
		return err
	}
	return go303(w, r, Path+"/sign-in")
}

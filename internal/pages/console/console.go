// Package console is where whoever runs a program sees what goes on, and decides: pages for those who have an admin token. It
// reads the store, hands what is decided to a desk that publishes it, and reads dead letters. It never writes a verdict, and
// nothing of it answers without a session.
package console

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/plusone-dev/plusone/internal/decide"
	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/pages"
	"github.com/plusone-dev/plusone/internal/referral"
	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/stream"
)

// Store is what the console reads, and the one thing it writes beside sessions: terms.
type Store interface {
	Referrals
	People
	Programs
	Troubles
}

// Referrals are what the pages about referrals ask for.
type Referrals interface {
	Browse(ctx context.Context, b store.Browse) (page []store.Browsed, next int64, err error)
	Referrals(ctx context.Context, f store.Filter) ([]store.Referral, error)
	Why(ctx context.Context, id int64) (store.Why, error)
	PeopleOf(ctx context.Context, id int64) (store.People, error)
	NameReferral(ctx context.Context, id int64) (referee, code string, err error)
	DecisionApplied(ctx context.Context, key string) (bool, error)
}

// People are what the pages about users ask for.
type People interface {
	Search(ctx context.Context, text string, number int64) (store.Found, error)
	CodeOf(ctx context.Context, number int64) (store.OwnedCode, error)
	Person(ctx context.Context, number int64) (store.Person, error)
	Statement(ctx context.Context, userID string, after store.Place, limit int) ([]store.Line, error)
	Newcomers(ctx context.Context, before int64, limit int) (page []store.PersonLine, next int64, err error)
}

// Programs are what the pages about programs, and how they do, ask for.
type Programs interface {
	Analytics(ctx context.Context, program string, from, to time.Time) (store.Analytics, error)
	AppliedTerms(ctx context.Context) ([]store.AppliedVersion, error)
	Terms(ctx context.Context, program int64, version int) (string, error)
	Preview(ctx context.Context, terms referral.Terms, o store.PreviewOptions) (store.Preview, error)
	ApplyProgram(ctx context.Context, source []byte) (store.Applied, error)
}

// Troubles are what the pages about the whole ask for.
type Troubles interface {
	Unplaced(ctx context.Context, p store.UnplacedPage) (list []store.Unplaced, next string, err error)
	CountUnplaced(ctx context.Context) (map[store.UnplacedKind]int, error)
	CountWaiting(ctx context.Context) (store.Waiting, error)
	Backlog(ctx context.Context) (store.Backlog, error)
}

// Admins knows whose token opens the console.
type Admins interface {
	// IsAdminHash says whether a SHA-256 is that of a token that is an admin's now.
	IsAdminHash(ctx context.Context, hash []byte) (bool, error)
}

// Desk publishes what is decided.
type Desk interface {
	Decide(ctx context.Context, f fact.Decision) (decide.Published, error)
	Verify(ctx context.Context, f fact.Verified) (decide.Published, error)
	Erase(ctx context.Context, f fact.Erased) (decide.Published, error)
}

// Letters are the dead letters, and how the stream stands.
type Letters interface {
	Page(ctx context.Context, before uint64, limit int) (page []stream.Letter, total, next uint64, err error)
	Standing(ctx context.Context) (stream.Standing, error)
}

// Limiter says whether a client may try once more, and if not, how long it has to wait.
type Limiter interface {
	Take(client string) (wait time.Duration, ok bool)
}

// Config is what a console needs.
type Config struct {
	Store    Store
	Sessions scs.CtxStore
	Admins   Admins
	Desk     Desk
	Letters  Letters
	Attempts Limiter                      // at signing in
	Client   func(r *http.Request) string // who asks, for Attempts
	Origin   string                       // under which browsers know the console: https://plusone.example; empty: whatever they call it
	Version  string                       // of plusone
	Metrics  *Metrics                     // nil: none
	Log      *slog.Logger
}

// Console answers people.
type Console struct {
	Config

	sessions *scs.SessionManager
	origins  *http.CrossOriginProtection
	set      *pages.Set
	guard    pages.Guard
	now      func() time.Time
}

//go:embed all:templates
var templates embed.FS

// Path is where the console is served, with all that is below it.
const Path = "/console"

// How long a session lasts without a page being asked for, and at most.
const (
	idleFor = 30 * time.Minute
	lastFor = 12 * time.Hour
)

// New makes the console's handler, for Path and all below it.
func New(cfg Config) (http.Handler, error) {
	folder, err := fs.Sub(templates, "templates")
	if err != nil {
		return nil, err
	}
	if cfg.Metrics == nil {
		cfg.Metrics = NewMetrics(nil)
	}
	c := &Console{Config: cfg, origins: http.NewCrossOriginProtection(), now: time.Now}
	if cfg.Origin != "" {
		if err := c.origins.AddTrustedOrigin(cfg.Origin); err != nil {
			return nil, err
		}
	}
	c.origins.SetDenyHandler(http.HandlerFunc(c.foreign))
	if c.set, err = pages.Parse(folder, words, cfg.Log); err != nil {
		return nil, err
	}
	c.sessions = c.sessionManager()
	mux := http.NewServeMux()
	for pattern, h := range c.open() {
		mux.Handle(pattern, c.guarded(h))
	}
	for pattern, h := range c.closed() {
		mux.Handle(pattern, c.guarded(c.signedIn(h)))
	}
	return mux, nil
}

// handler answers, or says why it did not.
type handler func(w http.ResponseWriter, r *http.Request) error

// open are the pages for those who have not signed in yet.
func (c *Console) open() map[string]handler {
	return map[string]handler{
		"GET /console/sign-in":  c.showSignIn,
		"POST /console/sign-in": c.signIn,
	}
}

// closed are all others.
func (c *Console) closed() map[string]handler {
	return map[string]handler{
		"GET /console":                                       c.overview,
		"POST /console/sign-out":                             c.signOut,
		"POST /console/search":                               c.search,
		"GET /console/referrals":                             c.referrals,
		"GET /console/referrals/{id}":                        c.referral,
		"GET /console/referrals/{id}/decided":                c.decided,
		"POST /console/referrals/{id}/approve":               c.review(fact.Approved),
		"POST /console/referrals/{id}/reject":                c.review(fact.Rejected),
		"POST /console/referrals/{id}/reopen":                c.review(fact.Reopened),
		"GET /console/reviews":                               c.reviews,
		"GET /console/users":                                 c.users,
		"GET /console/users/{number}":                        c.user,
		"GET /console/users/{number}/erase":                  c.askErase,
		"POST /console/users/{number}/erase":                 c.erase,
		"GET /console/users/{number}/verify":                 c.askVerify,
		"POST /console/users/{number}/verify":                c.verify,
		"GET /console/programs":                              c.programs,
		"GET /console/programs/{program}/versions/{version}": c.terms,
		"GET /console/programs/change":                       c.change,
		"POST /console/programs/preview":                     c.preview,
		routeApply:                                           c.apply,
		"GET /console/dead-letters":                          c.letters,
		"GET /console/unplaced":                              c.unplaced,
		"GET /console/health":                                c.health,
		"/console":                                           c.nowhere,
		"/console/":                                          c.nowhere,
	}
}

// Routes are the patterns of what is answered, for the metrics: those that are read, and those that are posted to.
func Routes() (gets, posts []string) {
	c := new(Console)
	for _, all := range []map[string]handler{c.open(), c.closed()} {
		for pattern := range all {
			switch {
			case len(pattern) > 4 && pattern[:4] == "GET ":
				gets = append(gets, pattern)
			case len(pattern) > 5 && pattern[:5] == "POST ":
				posts = append(posts, pattern)
			}
		}
	}
	return gets, posts
}

// patience is how long the database or the stream may take for a page.
const patience = 15 * time.Second

// applyPatience is how long applying terms may take.
const (
	applyPatience = 10 * time.Minute
	routeApply    = "POST /console/programs/apply"
)

func patienceFor(r *http.Request) time.Duration {
	if r.Pattern == routeApply {
		return applyPatience
	}
	return patience
}

// guarded is around every page: its headers, who may send forms, the session, and what becomes of errors.
func (c *Console) guarded(h handler) http.Handler {
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), patienceFor(r))
		defer cancel()
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		if err := h(w, r.WithContext(ctx)); err != nil {
			c.fail(w, r, err)
		}
	})
	return c.guard.Wrap(c.origins.Handler(c.sessions.LoadAndSave(answer)))
}

// page is what the frame shows of every page of the console.
func (c *Console) page(r *http.Request, title, here string, content any) pages.Page {
	p := pages.Page{
		Title: title, Site: "Console", Home: Path, Class: "side", Here: here, SignOut: Path + "/sign-out", Content: content,
		Notice: c.sessions.PopString(r.Context(), keyNotice),
	}
	waiting, err := c.Store.CountWaiting(r.Context())
	if err != nil {
		c.Log.WarnContext(r.Context(), "what waits could not be counted", "error", err)
	}
	p.Nav = []pages.Link{
		{Name: "Overview", Href: Path},
		{Name: "Referrals", Href: hereReferrals},
		{Name: "Reviews", Href: hereReviews, Count: int64(waiting.Reviews)},
		{Name: "Users", Href: hereUsers},
		{Name: "Program", Href: herePrograms},
		{Name: "Dead letters", Href: hereLetters},
		{Name: "Unplaced facts", Href: hereUnplaced},
		{Name: "Health", Href: hereHealth},
	}
	return p
}

// Where the pages are that the navigation leads to.
const (
	hereReferrals = Path + "/referrals"
	hereReviews   = Path + "/reviews"
	hereUsers     = Path + "/users"
	herePrograms  = Path + "/programs"
	hereLetters   = Path + "/dead-letters"
	hereUnplaced  = Path + "/unplaced"
	hereHealth    = Path + "/health"
)

func (c *Console) show(w http.ResponseWriter, r *http.Request, name string, p pages.Page) error {
	c.set.Render(w, r, http.StatusOK, name, p)
	return nil
}

// go303 sends a browser on after a form, so that loading the page again posts nothing again.
func go303(w http.ResponseWriter, r *http.Request, to string) error {
	http.Redirect(w, r, to, http.StatusSeeOther) //nolint:gosec // to a page of the console: what a form names is held to ours
	return nil
}

func (c *Console) nowhere(http.ResponseWriter, *http.Request) error { return store.ErrNotFound }

// badRequestError says what is wrong with a request, to whoever sent it.
type badRequestError struct{ detail string }

func (e *badRequestError) Error() string { return e.detail }

// bare is the frame of what is said to those who are not known to be signed in.
func bare() pages.Page { return pages.Page{Site: "Console", Home: Path} }

// foreign answers a form that another site sent.
func (c *Console) foreign(w http.ResponseWriter, r *http.Request) {
	c.Log.WarnContext(r.Context(), "a form of another site was refused", "route", r.Pattern)
	c.set.Tell(w, r, http.StatusForbidden, bare(), pages.Message{
		Title: "This did not come from the console", Text: "The form was sent by another site, so nothing was done. Open the console and try it there.",
		Action: "Open the console", Href: Path,
	})
}

// fail answers for an error, and logs those that are ours. What could not be read is said in the frame without the navigation:
// that would ask the same database.
func (c *Console) fail(w http.ResponseWriter, r *http.Request, err error) {
	back := pages.Message{Action: "Back to the overview", Href: Path}
	status := http.StatusServiceUnavailable
	var bad *badRequestError
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &bad):
		status, back.Title, back.Text = http.StatusBadRequest, "That can not be understood", bad.detail
	case errors.As(err, &large):
		status, back.Title, back.Text = http.StatusRequestEntityTooLarge, "That is too much", "The form was larger than the console takes."
	case errors.Is(err, store.ErrErased):
		status, back.Title, back.Text = http.StatusConflict, "The person was erased",
			"What is decided names the person, and whoever was erased has no name any more. What was decided before stays."
	case errors.Is(err, store.ErrNotFound):
		status, back.Title, back.Text = http.StatusNotFound, "There is nothing here", "It may have been there under another number, or the address is wrong."
	case errors.Is(err, store.ErrRights):
		c.Log.ErrorContext(r.Context(), "a page could not be made", "route", r.Pattern, "error", err)
		back.Title, back.Text = "The database does not allow it", "The database user of this process lacks a right that the page needs. The log says which."
	default:
		if r.Context().Err() != nil {
			return // nobody waits any more
		}
		c.Log.ErrorContext(r.Context(), "a page could not be made", "route", r.Pattern, "error", err)
		w.Header().Set("Retry-After", "5")
		back.Title, back.Text = "It does not answer just now", "The database or the stream can not be reached, or takes too long. Nothing is lost. Load the page again in a few seconds."
		back.Action, back.Href = "Try again", Path
	}
	c.set.Tell(w, r, status, bare(), back)
}

package portal

import (
	"context"
	"embed"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"github.com/plusone-dev/plusone/internal/pages"
	"github.com/plusone-dev/plusone/internal/referral"
	"github.com/plusone-dev/plusone/internal/store"
)

// Store is what the dashboard reads, and the one thing it writes.
type Store interface {
	Referrer(ctx context.Context, userID string) (store.Referrer, error)
	ReferrerWith(ctx context.Context, userID string, page store.Bringing) (store.Referrer, []store.Brought, error)
	NewestTerms(ctx context.Context, program string) (referral.Terms, error)
	Leaderboard(ctx context.Context, program string, after store.LeaderCursor, limit int) ([]store.Leader, error)
	RankOf(ctx context.Context, userID string) (rank int, referrals int64, err error)
	SetListed(ctx context.Context, userID string, listed bool) error
}

// Tokens know by a token which user it is for, as *usertoken.Verifier does.
type Tokens interface {
	Verify(token string) (userID string, err error)
}

// Config is what the dashboard is made of.
type Config struct {
	Store  Store
	Tokens Tokens
	// Make gives somebody who has no code one, and says whether they have it by now; nil: nobody is given one here.
	Make func(ctx context.Context, token string) bool
	// Share is the address that a code is handed out under.
	Share func(code string) string
	// Embedders are the origins whose pages may show the dashboard in a frame, and post tokens to it. Without any it is never
	// in a frame, and any page may post one: that only ever shows whoever the token is for.
	Embedders []string
	// Secure says that it is reached over HTTPS: the cookie is then kept inside frames too, and never sent in the clear.
	Secure bool
	Log    *slog.Logger
}

// Path is where the dashboard is; all it has is below.
const Path = "/dashboard"

// Routes are the patterns of what is answered, as its requests carry them.
var (
	Routes = []string{routePage, routeQR}
	Posts  = []string{routeEnter, routeLeave, routeListing}
)

const (
	routePage    = "GET " + Path
	routeQR      = "GET " + Path + "/qr.svg"
	routeEnter   = "POST " + Path + "/enter"
	routeLeave   = "POST " + Path + "/leave"
	routeListing = "POST " + Path + "/listing"
)

//go:embed all:templates
var templates embed.FS

// portal answers.
type portal struct {
	Config
	set *pages.Set
}

// patience is how long the database may take for a page.
const patience = 10 * time.Second

// New makes the dashboard's handler.
func New(c Config) (http.Handler, error) {
	folder, err := fs.Sub(templates, "templates")
	if err != nil {
		return nil, err
	}
	set, err := pages.Parse(folder, template.FuncMap{"day": day, "stamp": stamp}, c.Log)
	if err != nil {
		return nil, err
	}
	p := &portal{Config: c, set: set}
	own := http.NewCrossOriginProtection()
	own.SetDenyHandler(http.HandlerFunc(p.foreign))
	mux := http.NewServeMux()
	mux.Handle(routePage, p.signedIn(p.dashboard))
	mux.Handle(routeQR, p.signedIn(p.qr))
	mux.HandleFunc(routeEnter, p.enter)
	mux.Handle(routeLeave, own.Handler(http.HandlerFunc(p.leave)))
	mux.Handle(routeListing, own.Handler(p.signedIn(p.listing)))
	mux.HandleFunc("/", p.nothing)
	for path, allow := range map[string]string{
		Path: "GET, HEAD", Path + "/qr.svg": "GET, HEAD", Path + "/enter": "POST", Path + "/leave": "POST", Path + "/listing": "POST",
	} {
		mux.HandleFunc(path, p.wrongMethod(allow))
	}
	return pages.Guard{Embedders: c.Embedders}.Wrap(mux), nil
}

// frame is what stands around every page. In a frame on somebody's page there is no head: the page has its own.
func (p *portal) frame(r *http.Request) pages.Page {
	page := pages.Page{Site: "Referrals", Home: Path}
	if r.Header.Get("Sec-Fetch-Dest") == "iframe" {
		page.Class = "framed"
	}
	return page
}

func (p *portal) tell(w http.ResponseWriter, r *http.Request, status int, m pages.Message) {
	page := p.frame(r)
	page.Home = ""
	p.set.Tell(w, r, status, page, m)
}

func (p *portal) nothing(w http.ResponseWriter, r *http.Request) {
	p.tell(w, r, http.StatusNotFound, pages.Message{
		Title: "There is nothing here", Text: "This address leads nowhere.", Action: "To your referrals", Href: Path,
	})
}

func (p *portal) wrongMethod(allow string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", allow)
		p.tell(w, r, http.StatusMethodNotAllowed, pages.Message{
			Title: "Not this way", Text: "This address is not for being opened by itself.", Action: "To your referrals", Href: Path,
		})
	}
}

func (p *portal) foreign(w http.ResponseWriter, r *http.Request) {
	p.tell(w, r, http.StatusForbidden, pages.Message{
		Title: "That came from elsewhere", Text: "Another site tried to change something here in your name. Nothing was changed.",
	})
}

// unavailable answers for an error that is ours.
func (p *portal) unavailable(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		p.Log.DebugContext(r.Context(), "a page was given up by its reader", "route", r.Pattern, "error", err)
		return
	}
	p.Log.ErrorContext(r.Context(), "the dashboard could not be read", "route", r.Pattern, "error", err)
	w.Header().Set("Retry-After", "5")
	p.tell(w, r, http.StatusServiceUnavailable, pages.Message{
		Title: "Just a moment", Text: "Your referrals can not be read right now. Nothing is lost.", Action: "Try again", Href: Path,
	})
}

// day is a date as a person reads it; stamp is the same for a machine.
func day(t time.Time) string   { return t.UTC().Format("2 Jan 2006") }
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

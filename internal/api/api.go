// Package api answers questions over HTTP: who somebody is, what they have, which referrals there are and why each
// stands as it does. It has credit spent, and takes what whoever runs plusone decides, and has that published. But for
// credit that is spent and for programs' terms it writes nothing to the store, and it never consumes the stream.
package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/plusone-dev/plusone/internal/decide"
	"github.com/plusone-dev/plusone/internal/problem"
	"github.com/plusone-dev/plusone/internal/servicetoken"
	"github.com/plusone-dev/plusone/internal/store"
)

// Store is what the API reads.
type Store interface {
	User(ctx context.Context, id string) (store.User, error)
	NameReferral(ctx context.Context, id int64) (referee, code string, err error)
	Why(ctx context.Context, id int64) (store.Why, error)
	Business
	ProgramStore
	Lists
}

// API answers the business's own services.
type API struct {
	store  Store
	lists  Lists
	desk   *decide.Desk
	admins []string
	users  *users
	log    *slog.Logger
	tokens *servicetoken.Keeper
	spent  *Metrics

	export         chan struct{} // a place for each export that runs
	exportPatience time.Duration // for a page of one to be taken
	previews       chan struct{} // a place for the one preview that runs
}

// Option is more than the API does by itself.
type Option func(*API)

// WithDecisions has the API take decisions from those who have one of the admin tokens, and hand them to a desk.
func WithDecisions(desk *decide.Desk, adminTokens []string) Option {
	return func(a *API) { a.desk, a.admins = desk, adminTokens }
}

// Routes are the patterns of what is answered, as its requests carry them.
var Routes = []string{
	routeUser, routeReferrals, routeReferral, routeUsers, routeStatement, routeRedemption, routeExportReferrals, routeExportTransfers,
	routePrograms, routeProgram, routeAnalytics,
}

const (
	routeUser      = "GET /v1/users/{user_id}"
	routeReferrals = "GET /v1/referrals"
	routeReferral  = "GET /v1/referrals/{referral_id}"
)

// New makes the API's handler. Whatever there is but its description needs a token with the scope for it: one of these, which
// may write, one of the admins', or one that the store has by its hash. Where there is nothing, everybody is told so.
func New(s Store, tokens []string, log *slog.Logger, options ...Option) http.Handler {
	a := &API{
		store: s, lists: s, log: log,
		export: make(chan struct{}, exportsAtOnce), exportPatience: exportPatience, previews: make(chan struct{}, 1),
	}
	for _, o := range options {
		o(a)
	}
	if a.spent == nil {
		a.spent = NewMetrics(nil)
	}
	a.tokens = servicetoken.New(tokens, a.admins, s, log)
	mux := http.NewServeMux()
	for pattern, handler := range map[string]http.HandlerFunc{
		routeUser:      a.user,
		routeReferrals: a.referrals,
		routeReferral:  a.referral,
		routeAnalytics: a.analytics,
	} {
		mux.Handle(pattern, a.need(servicetoken.Read, handler))
	}
	a.business(mux)
	a.programRoutes(mux)
	for pattern, handler := range a.decisions() {
		mux.Handle(pattern, a.forAdmins(handler))
	}
	mux.HandleFunc(routeDocument, a.document)
	mux.HandleFunc("/openapi.json", methodNotAllowed("GET, HEAD"))
	for path, allow := range allowed {
		mux.Handle(path, a.need(servicetoken.Read, methodNotAllowed(allow)))
	}
	if a.users != nil {
		a.forUsers(mux)
	}
	mux.HandleFunc("/", problem.NotFound)
	return mux
}

// allowed are the methods of each path.
var allowed = map[string]string{
	"/v1/users/{user_id}":                     "GET, HEAD, DELETE",
	"/v1/users/{user_id}/verify":              "POST",
	"/v1/referrals":                           "GET, HEAD, POST",
	"/v1/referrals/{referral_id}":             "GET, HEAD",
	"/v1/referrals/{referral_id}/approve":     "POST",
	"/v1/referrals/{referral_id}/reject":      "POST",
	"/v1/referrals/{referral_id}/reopen":      "POST",
	"/v1/codes":                               "POST",
	"/v1/users":                               "GET, HEAD",
	"/v1/users/{user_id}/transfers":           "GET, HEAD",
	"/v1/redemptions":                         "POST",
	"/v1/redemptions/{redemption_id}":         "GET, HEAD",
	"/v1/redemptions/{redemption_id}/reverse": "POST",
	"/v1/export/referrals":                    "GET, HEAD",
	"/v1/export/transfers":                    "GET, HEAD",
	"/v1/analytics":                           "GET, HEAD",
	"/v1/programs":                            "GET, HEAD, POST",
}

func methodNotAllowed(allow string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { problem.MethodNotAllowed(w, allow) }
}

// patience is how long the database may take for an answer, so that the one who asked hears of it before they give up.
const patience = 10 * time.Second

// fail answers for an error, and logs those that are ours.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	var bad *badRequestError
	switch {
	case errors.As(err, &bad):
		problem.Write(w, bad.problem())
	case errors.Is(err, errNoReferral):
		problem.Write(w, problem.Problem{
			Status: http.StatusNotFound, Reason: "not-found", Title: "There is no such thing",
			Detail: "No referral has that id. GET /v1/referrals lists them.",
		})
	case errors.Is(err, errNoRedemption):
		problem.Write(w, problem.Problem{
			Status: http.StatusNotFound, Reason: "not-found", Title: "There is no such thing", Detail: "No redemption has that id.",
		})
	case errors.Is(err, store.ErrErased):
		problem.Write(w, problem.Problem{
			Status: http.StatusConflict, Reason: "erased", Title: "The referee was erased",
			Detail: "Decisions name the referee, and whoever was erased has no name any more. What was decided before stays.",
		})
	case errors.Is(err, store.ErrNotFound):
		problem.Write(w, problem.Problem{
			Status: http.StatusNotFound, Reason: "not-found", Title: "There is no such thing",
			Detail: "No user of that id has signed up. A sign-up takes a moment to be applied.",
		})
	case r.Context().Err() != nil:
		a.log.DebugContext(r.Context(), "a request was given up by its sender", "route", r.Pattern, "error", err)
	default:
		a.log.ErrorContext(r.Context(), "a request could not be answered", "route", r.Pattern, "error", err)
		w.Header().Set("Retry-After", "5")
		problem.Write(w, problem.Problem{
			Status: http.StatusServiceUnavailable, Reason: "unavailable", Title: "The database can not be asked just now",
			Detail: "Nothing is lost. Ask again in a few seconds.",
		})
	}
}

// Package api answers questions over HTTP: who somebody is, what they have, which referrals there are and why each
// stands as it does. It reads the store and never consumes the stream.
package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/plusone-dev/plusone/internal/ops"
	"github.com/plusone-dev/plusone/internal/problem"
	"github.com/plusone-dev/plusone/internal/store"
)

// Store is what the API reads.
type Store interface {
	User(ctx context.Context, id string) (store.User, error)
	Referrals(ctx context.Context, f store.Filter) ([]store.Referral, error)
	Why(ctx context.Context, id int64) (store.Why, error)
}

// API answers the business's own services.
type API struct {
	store Store
	log   *slog.Logger
}

// Routes are the patterns of what is answered, as its requests carry them.
var Routes = []string{routeUser, routeReferrals, routeReferral}

const (
	routeUser      = "GET /v1/users/{user_id}"
	routeReferrals = "GET /v1/referrals"
	routeReferral  = "GET /v1/referrals/{referral_id}"
)

// New makes the API's handler. Whatever there is needs one of the tokens; without any, nobody comes through. Where there
// is nothing, everybody is told so.
func New(s Store, tokens []string, log *slog.Logger) http.Handler {
	a := &API{store: s, log: log}
	mux := http.NewServeMux()
	for pattern, handler := range map[string]http.HandlerFunc{
		routeUser:                     a.user,
		routeReferrals:                a.referrals,
		routeReferral:                 a.referral,
		"/v1/users/{user_id}":         methodNotAllowed,
		"/v1/referrals":               methodNotAllowed,
		"/v1/referrals/{referral_id}": methodNotAllowed,
	} {
		mux.Handle(pattern, ops.RequireBearer(tokens, handler, unauthorized))
	}
	mux.HandleFunc("/", problem.NotFound)
	return mux
}

func unauthorized(w http.ResponseWriter, _ *http.Request) {
	problem.Write(w, problem.Problem{
		Status: http.StatusUnauthorized, Reason: "unauthorized", Title: "A service token is needed",
		Detail: "Send the header `Authorization: Bearer <token>` with a service token (PLUSONE_API_TOKEN).",
	})
}

func methodNotAllowed(w http.ResponseWriter, _ *http.Request) {
	problem.MethodNotAllowed(w, "GET, HEAD")
}

// patience is how long the database may take for an answer, so that the one who asked hears of it before they give up.
const patience = 10 * time.Second

// fail answers for an error, and logs those that are ours.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	var bad *badRequestError
	switch {
	case errors.As(err, &bad):
		problem.Write(w, problem.Problem{
			Status: http.StatusBadRequest, Reason: "bad-request", Title: "The request can not be understood", Detail: bad.detail,
		})
	case errors.Is(err, errNoReferral):
		problem.Write(w, problem.Problem{
			Status: http.StatusNotFound, Reason: "not-found", Title: "There is no such thing",
			Detail: "No referral has that id. GET /v1/referrals lists them.",
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

// badRequestError says what is wrong with a request and what to do.
type badRequestError struct{ detail string }

func (e *badRequestError) Error() string { return e.detail }

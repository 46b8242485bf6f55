package api

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/plusone-dev/plusone/internal/decide"
	"github.com/plusone-dev/plusone/internal/limit"
	"github.com/plusone-dev/plusone/internal/problem"
	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/usertoken"
)

// UserStore is what the API reads for users, and the little that it writes. It must be the primary: whoever has just done
// something reads what they did.
type UserStore interface {
	Referrer(ctx context.Context, userID string) (store.Referrer, error)
	ReferrerWith(ctx context.Context, userID string, page store.Bringing) (store.Referrer, []store.Brought, error)
	OwnCode(ctx context.Context, userID string, events []string) (store.OwnCode, error)
	DrawCode(ctx context.Context, program string) (string, error)
	Validate(ctx context.Context, code string) (store.Validation, error)
	Leaderboard(ctx context.Context, program string, after store.LeaderCursor, limit int) ([]store.Leader, error)
	RankOf(ctx context.Context, userID string) (rank int, referrals int64, err error)
	SetListed(ctx context.Context, userID string, listed bool) error
}

// Users is what the API needs to answer the business's users, each for themselves.
type Users struct {
	Store     UserStore
	Tokens    *usertoken.Verifier // whose tokens count; nil: nobody's
	Clients   limit.Clients       // tells those apart who have none
	Desk      *decide.Desk        // publishes the codes of those who have none; nil: none can be made
	Progress  Progress            // of the worker, which is waited for before that; nil: it is not
	PublicURL string              // what share links begin with, without a slash at the end
	LinkPath  string              // what stands between that and the code; empty: links.DefaultPath
	PerMinute int                 // how often a minute an address, and a user, may have a code validated; 0: DefaultPerMinute
	Metrics   *UserMetrics        // nil: counted nowhere
	Now       func() time.Time    // the clock of the limits; nil: time.Now
}

// DefaultPerMinute is how often a minute codes may be validated when nobody says.
const DefaultPerMinute = 30

// WithUsers has the API answer users.
func WithUsers(u Users) Option { return func(a *API) { a.users = newUsers(u) } }

// users are Users with the limits that they are held to.
type users struct {
	Users
	validations, creations *limit.Buckets
}

// Each user may ask for a code that has to be made first so many times at once, and then once in a while.
const (
	creationBurst = 5
	creationEvery = 12 * time.Second
)

func newUsers(u Users) *users {
	if u.PerMinute == 0 {
		u.PerMinute = DefaultPerMinute
	}
	if u.Now == nil {
		u.Now = time.Now
	}
	if u.Metrics == nil {
		u.Metrics = NewUserMetrics(nil)
	}
	if u.Progress != nil {
		u.Progress = &glance{Progress: u.Progress}
	}
	return &users{
		Users:       u,
		validations: limit.NewBuckets(u.PerMinute, time.Minute/time.Duration(u.PerMinute), u.Now),
		creations:   limit.NewBuckets(creationBurst, creationEvery, u.Now),
	}
}

// The patterns of what users are answered, by method, as their requests carry them.
var (
	UserRoutes  = []string{routeOwnCode, routeStats, routeBalance, routeLeaderboard}
	UserPosts   = []string{routeValidate}
	UserPuts    = []string{routeRelist}
	UserDeletes = []string{routeUnlist}
)

const (
	routeOwnCode     = "GET /referral/code"
	routeValidate    = "POST /referral/validate"
	routeStats       = "GET /referral/stats"
	routeLeaderboard = "GET /referral/leaderboard"
	routeRelist      = "PUT /referral/leaderboard/me"
	routeUnlist      = "DELETE /referral/leaderboard/me"
	routeBalance     = "GET /user/balance"
)

// userHandler answers a user, and returns an error where it could not.
type userHandler func(w http.ResponseWriter, r *http.Request) error

// forUsers puts on a mux what users are answered.
func (a *API) forUsers(mux *http.ServeMux) {
	for pattern, handler := range map[string]userHandler{
		routeOwnCode:     a.ownCode,
		routeStats:       a.stats,
		routeLeaderboard: a.leaderboard,
		routeRelist:      a.setListed(true),
		routeUnlist:      a.setListed(false),
		routeBalance:     a.balance,
	} {
		mux.Handle(pattern, a.users.Tokens.Require(a.patiently(handler), a.denyUser))
	}
	mux.Handle(routeValidate, a.patiently(a.validate))
	for path, allow := range map[string]string{
		"/referral/code": "GET, HEAD", "/referral/validate": "POST", "/referral/stats": "GET, HEAD", "/referral/leaderboard": "GET, HEAD",
		"/referral/leaderboard/me": "PUT, DELETE", "/user/balance": "GET, HEAD",
	} {
		mux.HandleFunc(path, methodNotAllowed(allow))
	}
}

// patiently has a handler answer in time, and answers for its errors.
func (a *API) patiently(handler userHandler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		if err := handler(w, r.WithContext(ctx)); err != nil {
			a.failUser(w, r, err)
		}
	})
}

// denyUser answers who has no token that counts.
func (a *API) denyUser(w http.ResponseWriter, r *http.Request, err error) {
	var bad *usertoken.Error
	if !errors.As(err, &bad) {
		problem.Write(w, problem.Problem{
			Status: http.StatusForbidden, Reason: "no-user-keys", Title: "Users are not answered here",
			Detail: "This API has no key to know users' tokens by. Its operator can set PLUSONE_USER_JWT_SECRET or PLUSONE_USER_JWT_KEYS.",
		})
		return
	}
	a.users.Metrics.refused.WithLabelValues(bad.Reason).Inc()
	a.log.DebugContext(r.Context(), "a user's token does not count", "route", r.Pattern, "reason", bad.Reason)
	problem.Write(w, problem.Problem{
		Status: http.StatusUnauthorized, Reason: "unauthorized", Title: "A user's token is needed",
		Detail: "Send the header `Authorization: Bearer <token>` with a JWT that your backend has signed for the user. Of what was sent: " + bad.Detail + ".",
	})
}

// limitedError says that somebody asked too often.
type limitedError struct{ wait time.Duration }

func (*limitedError) Error() string { return "api: too many requests" }

var (
	errNoStream = errors.New("api: there is no stream")
	errOnItsWay = errors.New("api: the code is on its way")
	errBehind   = errors.New("api: the worker is behind, or can not be asked about")
)

// failUser answers for an error of what users asked.
func (a *API) failUser(w http.ResponseWriter, r *http.Request, err error) {
	var limited *limitedError
	switch {
	case errors.As(err, &limited):
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(limited.wait.Seconds()))))
		problem.Write(w, problem.Problem{
			Status: http.StatusTooManyRequests, Reason: "rate-limited", Title: "That was too often",
			Detail: "Ask again in as many seconds as Retry-After says.",
		})
	case errors.Is(err, errNoStream):
		problem.Write(w, problem.Problem{
			Status: http.StatusServiceUnavailable, Reason: "no-stream", Title: "Codes can not be made here",
			Detail: "The user has no code yet, and this API is not connected to the stream that one would be published to. Its operator can set NATS_URL.",
		})
	case errors.Is(err, errOnItsWay):
		w.Header().Set("Retry-After", "1")
		problem.Write(w, problem.Problem{
			Status: http.StatusServiceUnavailable, Reason: "on-its-way", Title: "The code is being made",
			Detail: "It is published, and not applied yet. Ask again: there will be one code, however often you ask.",
		})
	case errors.Is(err, errBehind):
		a.log.WarnContext(r.Context(), "a user's code is not made yet", "error", err)
		w.Header().Set("Retry-After", "1")
		problem.Write(w, problem.Problem{
			Status: http.StatusServiceUnavailable, Reason: "on-its-way", Title: "The sign-up may be on its way",
			Detail: "Not all that plusone was told is applied yet, and the user's sign-up, which brings a code, may be among it. Ask again.",
		})
	case errors.Is(err, store.ErrNotFound):
		problem.Write(w, problem.Problem{
			Status: http.StatusNotFound, Reason: "not-found", Title: "There is no such thing",
			Detail: "plusone has not heard of this user yet. A sign-up takes a moment to be applied.",
		})
	default:
		a.failDecision(w, r, err)
	}
}

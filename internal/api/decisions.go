package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/plusone-dev/plusone/internal/decide"
	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/problem"
	"github.com/plusone-dev/plusone/internal/servicetoken"
	"github.com/plusone-dev/plusone/internal/store"
)

// Posts and Deletes are the patterns of the decisions that are taken, as their requests carry them.
var (
	Posts   = []string{routeApprove, routeReject, routeReopen, routeAttribute, routeVerify, routeAssign}
	Deletes = []string{routeErase}
)

const (
	routeApprove   = "POST /v1/referrals/{referral_id}/approve"
	routeReject    = "POST /v1/referrals/{referral_id}/reject"
	routeReopen    = "POST /v1/referrals/{referral_id}/reopen"
	routeAttribute = "POST /v1/referrals"
	routeVerify    = "POST /v1/users/{user_id}/verify"
	routeErase     = "DELETE /v1/users/{user_id}"
	routeAssign    = "POST /v1/codes"
)

// decision takes what somebody decides and has it published.
type decision func(w http.ResponseWriter, r *http.Request) (decide.Published, error)

func (a *API) decisions() map[string]decision {
	return map[string]decision{
		routeApprove:   a.review(fact.Approved),
		routeReject:    a.review(fact.Rejected),
		routeReopen:    a.review(fact.Reopened),
		routeAttribute: a.attribute,
		routeVerify:    a.verify,
		routeErase:     a.erase,
		routeAssign:    a.assign,
	}
}

// forAdmins lets those decide who have an admin token. Where nothing can be published, that is said instead.
func (a *API) forAdmins(take decision) http.Handler {
	if a.desk == nil {
		return http.HandlerFunc(noAdmins)
	}
	return a.need(servicetoken.Admin, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		published, err := take(w, r)
		if err != nil {
			a.failDecision(w, r, err)
			return
		}
		a.answerAs(w, r, http.StatusAccepted, publishedJSON{
			EventID: published.ID, Source: published.Source, Type: published.Type, At: stamp(published.At),
		})
	}))
}

func noAdmins(w http.ResponseWriter, _ *http.Request) {
	problem.Write(w, problem.Problem{
		Status: http.StatusForbidden, Reason: "no-admin-token", Title: "Decisions are not taken here",
		Detail: "This API is not connected to the stream, so it only answers questions. Its operator can set NATS_URL, and PLUSONE_ADMIN_TOKEN.",
	})
}

// publishedJSON is an event that the stream has, and that the worker applies a moment later.
type publishedJSON struct {
	EventID string `json:"event_id"`
	Source  string `json:"source"`
	Type    string `json:"type"`
	At      string `json:"at"`
}

// review serves POST /v1/referrals/{referral_id}/approve, /reject and /reopen.
func (a *API) review(verdict fact.DecisionVerdict) decision {
	return func(w http.ResponseWriter, r *http.Request) (decide.Published, error) {
		body, err := readBody(w, r, fact.ReferralReviewed, "by", "why")
		if err != nil {
			return decide.Published{}, err
		}
		id, err := strconv.ParseInt(r.PathValue("referral_id"), 10, 64)
		if err != nil || id < 1 {
			return decide.Published{}, errNoReferral
		}
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		referee, code, err := a.store.NameReferral(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			err = errNoReferral
		}
		if err != nil { // also store.ErrErased
			return decide.Published{}, err
		}
		return a.published(a.desk.With("referral", id).Decide(r.Context(), fact.Decision{
			UserID: referee, Code: code, Verdict: verdict, By: body["by"], Why: body["why"],
		}))
	}
}

// attribute serves POST /v1/referrals.
func (a *API) attribute(w http.ResponseWriter, r *http.Request) (decide.Published, error) {
	body, err := readBody(w, r, fact.ReferralAttributed, "user_id", "referral_code", "by", "why")
	if err != nil {
		return decide.Published{}, err
	}
	return a.published(a.desk.Attribute(r.Context(), fact.Attribution{
		UserID: body["user_id"], Code: body["referral_code"], By: body["by"], Why: body["why"],
	}))
}

// verify serves POST /v1/users/{user_id}/verify.
func (a *API) verify(_ http.ResponseWriter, r *http.Request) (decide.Published, error) {
	return a.published(a.desk.Verify(r.Context(), fact.Verified{UserID: r.PathValue("user_id")}))
}

// erase serves DELETE /v1/users/{user_id}.
func (a *API) erase(_ http.ResponseWriter, r *http.Request) (decide.Published, error) {
	return a.published(a.desk.Erase(r.Context(), fact.Erased{UserID: r.PathValue("user_id")}))
}

// assign serves POST /v1/codes.
func (a *API) assign(w http.ResponseWriter, r *http.Request) (decide.Published, error) {
	body, err := readBody(w, r, fact.CodeAssigned, "user_id", "code", "program")
	if err != nil {
		return decide.Published{}, err
	}
	return a.published(a.desk.Assign(r.Context(), fact.Assignment{
		UserID: body["user_id"], Code: body["code"], Program: body["program"],
	}))
}

// published tells what the sender did wrong from what the stream could not do.
func (a *API) published(p decide.Published, err error) (decide.Published, error) {
	if why := decide.Refused(err); why != "" {
		return p, &badRequestError{detail: sentence(why), member: memberOf(why)}
	}
	if err != nil {
		return p, &unpublishedError{err}
	}
	return p, nil
}

// sentence speaks of a member by the name that it has in a request.
func sentence(why string) string {
	return strings.ReplaceAll(why, "data.", "") + "."
}

// memberOf is the member of the body that an event's fault is about; empty when it is about none, or about the path.
func memberOf(why string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(why, "data."), " ")
	if !strings.HasPrefix(why, "data.") || !slices.Contains(members, name) {
		return ""
	}
	return name
}

// members are those of the bodies of decisions.
var members = []string{"by", "why", "user_id", "referral_code", "code", "program"}

// unpublishedError says that the stream did not take what was decided.
type unpublishedError struct{ error }

// failDecision answers for an error of a decision. What the stream could not do the desk has logged.
func (a *API) failDecision(w http.ResponseWriter, r *http.Request, err error) {
	var large *tooLargeError
	var away *unpublishedError
	switch {
	case errors.As(err, &large):
		tooLarge(w, maxBody)
	case errors.As(err, &away):
		w.Header().Set("Retry-After", "5")
		problem.Write(w, problem.Problem{
			Status: http.StatusServiceUnavailable, Reason: "stream-unavailable", Title: "The stream can not be reached just now",
			Detail: "It is not certain that the decision was kept. Send it again in a few seconds: deciding the same twice does no harm.",
		})
	default:
		a.fail(w, r, err)
	}
}

// answerAs writes JSON with a status other than 200.
func (a *API) answerAs(w http.ResponseWriter, r *http.Request, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		a.log.DebugContext(r.Context(), "an answer was not taken", "error", err)
	}
}

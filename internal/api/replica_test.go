package api

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/plusone-dev/plusone/internal/store"
)

// route is a way to ask each question, and where it is answered from.
type route struct {
	target, body string
	replica      bool
}

// readFrom are all questions of the business. What a service or a user has just changed is read where it was changed.
var readFrom = map[string]route{
	routeUser:            {target: "/v1/users/alice"},
	routeReferral:        {target: "/v1/referrals/1"},
	routeStatement:       {target: "/v1/users/alice/transfers"},
	routeRedemption:      {target: "/v1/redemptions/1"},
	routePrograms:        {target: "/v1/programs"},
	routeProgram:         {target: "/v1/programs/default"},
	routeReferrals:       {target: "/v1/referrals", replica: true},
	routeUsers:           {target: "/v1/users", replica: true},
	routeExportReferrals: {target: "/v1/export/referrals", replica: true},
	routeExportTransfers: {target: "/v1/export/transfers", replica: true},
	routeAnalytics:       {target: "/v1/analytics?from=2026-02-20&to=2026-03-02", replica: true},
	routePreview:         {target: "/v1/programs/preview", body: dearer, replica: true},
}

func (r route) ask(w *world) *httptest.ResponseRecorder {
	if r.body != "" {
		return w.post(r.target, "application/yaml", r.body, token)
	}
	return w.get(r.target)
}

// TestWhatIsReadFromTheReplica asks each question of a database, of another in which more has happened, and of the first with
// the second for a replica.
func TestWhatIsReadFromTheReplica(t *testing.T) {
	first, second := newWorld(t), newWorld(t)
	first.story()
	second.story()
	first.spent(first.spend("k", `{"user_id": "alice", "currency": "usd", "amount": "1.00"}`), http.StatusCreated)
	second.apply(signUp("zoe", "C-ALICE", noon), refund(1, 1000))
	read[appliedJSON](t, second.post("/v1/programs", "application/yaml", dearer, adminToken), http.StatusCreated)
	for _, w := range []*world{first, second} {
		for n := 1; n > 0; {
			var err error
			n, err = w.store.FoldTallies(t.Context(), 100)
			w.must(err)
		}
	}
	both := *first
	both.with(WithReplica(second.as("plusone_api").Database))

	questions := append([]string{routePreview}, Routes...)
	for _, pattern := range questions {
		r, ok := readFrom[pattern]
		if !ok {
			t.Errorf("nobody says where %s is read", pattern)
			continue
		}
		here, there := r.ask(first).Body.String(), r.ask(second).Body.String()
		if here == there {
			t.Errorf("%s is the same in both: %s", pattern, here)
		}
		want, where := here, "the database"
		if r.replica {
			want, where = there, "the replica"
		}
		if got := r.ask(&both).Body.String(); got != want {
			t.Errorf("%s is not of %s: %s", pattern, where, got)
		}
	}
}

// TestTheReplicaIsAway sees that lists are refused then, and everything else is answered.
func TestTheReplicaIsAway(t *testing.T) {
	w := newWorld(t)
	w.story()
	pool := w.open("postgres://nobody@127.0.0.1:1/gone?connect_timeout=1")
	w.with(WithReplica(store.NewDatabase(pool)))
	for pattern, r := range readFrom {
		answer := r.ask(w)
		if r.replica {
			if p := w.problemOf(answer, http.StatusServiceUnavailable); p.Reason != "unavailable" || answer.Header().Get("Retry-After") == "" {
				t.Errorf("%s: %+v", pattern, p)
			}
		} else if answer.Code >= http.StatusInternalServerError {
			t.Errorf("%s: %d", pattern, answer.Code)
		}
	}
}

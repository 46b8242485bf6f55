package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/plusone-dev/plusone/internal/decide"
	"github.com/plusone-dev/plusone/internal/fact"
)

const because = `{"by": " carol ", "why": "a friend of alice's"}`

// referralOf is the number of a referee's referral.
func (w *world) referralOf(referee string) string {
	w.t.Helper()
	page := w.list("?referee=" + referee).Referrals
	if len(page) != 1 {
		w.t.Fatalf("%s has %d referrals", referee, len(page))
	}
	return page[0].ID
}

func (w *world) asAdmin(method, target, body string) *httptest.ResponseRecorder {
	w.t.Helper()
	return w.send(method, target, body, "Bearer "+adminToken)
}

func TestDecisionsArePublished(t *testing.T) {
	w := newWorld(t)
	w.story()
	bob := w.referralOf("bob")
	decision := func(v fact.DecisionVerdict) fact.Event {
		return fact.Event{Decision: &fact.Decision{UserID: "bob", Code: "C-ALICE", Verdict: v, By: "carol", Why: "a friend of alice's"}}
	}
	for _, tt := range []struct {
		method, target, body string
		want                 fact.Event
	}{
		{"POST", "/v1/referrals/" + bob + "/approve", because, decision(fact.Approved)},
		{"POST", "/v1/referrals/" + bob + "/reject", because, decision(fact.Rejected)},
		{"POST", "/v1/referrals/" + bob + "/reopen", because, decision(fact.Reopened)},
		{
			"POST", "/v1/referrals", `{"user_id": " b ob ", "referral_code": " c-alice ", "by": "carol", "why": "late"}`,
			fact.Event{Attribution: &fact.Attribution{UserID: " b ob ", Code: "C-ALICE", By: "carol", Why: "late"}},
		},
		{"POST", "/v1/users/bob/verify", "", fact.Event{Verified: &fact.Verified{UserID: "bob"}}},
		{"DELETE", "/v1/users/bob", "", fact.Event{Erased: &fact.Erased{UserID: "bob"}}},
		{"DELETE", "/v1/users/" + url.PathEscape("who ever?/%/é"), "", fact.Event{Erased: &fact.Erased{UserID: "who ever?/%/é"}}},
		{"POST", "/v1/codes", `{"user_id": "bob", "code": "spring"}`, fact.Event{Assignment: &fact.Assignment{UserID: "bob", Code: "SPRING"}}},
		{
			"POST", "/v1/codes", `{"program": "vip", "user_id": "bob", "code": "SPRING"}`,
			fact.Event{Assignment: &fact.Assignment{UserID: "bob", Code: "SPRING", Program: "vip"}},
		},
		{"POST", "/v1/codes", `{"program": null, "user_id": "bob", "code": "SPRING"}`, fact.Event{Assignment: &fact.Assignment{UserID: "bob", Code: "SPRING"}}},
	} {
		w.stream.events = nil
		answer := w.asAdmin(tt.method, tt.target, tt.body)
		if answer.Code != http.StatusAccepted {
			t.Fatalf("%s %s: %d %s", tt.method, tt.target, answer.Code, answer.Body)
		}
		var got publishedJSON
		w.must(json.Unmarshal(answer.Body.Bytes(), &got))
		if len(w.stream.events) != 1 {
			t.Fatalf("%s %s: %d events", tt.method, tt.target, len(w.stream.events))
		}
		e := w.stream.events[0]
		if want := (publishedJSON{EventID: e.Name, Source: "/plusone/api", Type: e.Type, At: stamp(e.At)}); got != want {
			t.Errorf("%s %s answers %+v for %+v", tt.method, tt.target, got, want)
		}
		if age := time.Since(e.At); age < -time.Second || age > time.Minute {
			t.Errorf("%s %s is dated %s", tt.method, tt.target, e.At)
		}
		if diff := cmp.Diff(tt.want, e, cmpopts.IgnoreFields(fact.Event{}, "Key", "Name", "Type", "At"),
			cmpopts.IgnoreTypes(time.Time{})); diff != "" {
			t.Errorf("%s %s: %s", tt.method, tt.target, diff)
		}
	}
	for _, says := range []string{`"referral":` + bob, `"by":"carol"`, `"why":"a friend of alice's"`, `"verdict":"rejected"`} {
		if !strings.Contains(w.log.String(), says) {
			t.Errorf("the log does not say %s: %s", says, w.log)
		}
	}
	for _, personal := range []string{"bob", "who ever", "C-ALICE", adminToken} {
		if strings.Contains(w.log.String(), personal) {
			t.Errorf("the log says %s: %s", personal, w.log)
		}
	}
}

func TestDecisionsThatCanNotBeMeant(t *testing.T) {
	w := newWorld(t)
	w.story()
	approve := "/v1/referrals/" + w.referralOf("bob") + "/approve"
	long := strings.Repeat("x", 1001)
	for _, tt := range []struct {
		method, target, body string
		status               int
		says                 string
	}{
		{"POST", approve, ``, 400, "members are texts: by, why"},
		{"POST", approve, `null`, 400, "members are texts: by, why"},
		{"POST", approve, `[]`, 400, "members are texts: by, why"},
		{"POST", approve, because + `{}`, 400, "members are texts: by, why"},
		{"POST", approve, `{"by": "carol", "why": 7}`, 400, "members are texts: by, why"},
		{"POST", approve, `{"by": "carol", "why": "x", "reason": "x"}`, 400, "members are texts: by, why"},
		{"POST", approve, `{"By": "carol", "why": "x"}`, 400, "members are texts: by, why"},
		{"POST", approve, "{\"by\": \"carol\", \"why\": \"\xff\"}", 400, "members are texts: by, why"},
		{"POST", approve, `{"by": "carol", "why": "x", "why": "y"}`, 400, "the body has the member why twice."},
		{"POST", approve, `{"by": "carol", "why": "x", "w\u0068y": "y"}`, 400, "the body has the member why twice."},
		{"POST", approve, `{"by": "carol", "why": "\ud800"}`, 400, "half a surrogate pair"},
		{"POST", approve, `{"by": "carol", "why": "\u0000"}`, 400, "U+0000"},
		{"POST", approve, `{}`, 400, "by is missing."},
		{"POST", approve, `{"by": "carol"}`, 400, "why is missing."},
		{"POST", approve, `{"by": "carol", "why": null}`, 400, "why is missing."},
		{"POST", approve, `{"by": "carol", "why": "  "}`, 400, "why is missing."},
		{"POST", approve, `{"by": "carol", "why": "` + long + `"}`, 400, "why is longer than 1000 characters."},
		{"POST", approve, `{"by": "carol", "why": "a\nb"}`, 400, "why must not contain control characters."},
		{"POST", approve, `{"by": "carol", "why": "` + strings.Repeat(" ", maxBody) + `"}`, 413, "at most 16384 bytes"},
		{"POST", "/v1/referrals/0/approve", because, 404, "No referral has that id"},
		{"POST", "/v1/referrals/4711/approve", because, 404, "No referral has that id"},
		{"POST", "/v1/referrals/9223372036854775808/reject", because, 404, "No referral has that id"},
		{"POST", "/v1/referrals/bob/reopen", because, 404, "No referral has that id"},
		{"POST", "/v1/referrals", because, 400, "user_id is missing."},
		{"POST", "/v1/referrals", `{"user_id": "bob", "referral_code": "a b", "by": "c", "why": "d"}`, 400, "referral_code must be 3 to 32"},
		{"POST", "/v1/referrals", `{"user_id": "a", "user_id": "b", "referral_code": "abc", "by": "c", "why": "d"}`, 400, "the member user_id twice"},
		{"POST", "/v1/codes", `{"user_id": "bob"}`, 400, "code is missing."},
		{"POST", "/v1/codes", `{"user_id": "bob", "code": "ab"}`, 400, "code must be 3 to 32"},
		{"POST", "/v1/codes", `{"user_id": "bob", "code": "abc", "program": "V I P"}`, 400, "program must be the name of a program"},
		{"POST", "/v1/users/%FF/verify", "", 400, "user_id is not UTF-8."},
		{"DELETE", "/v1/users/a%0Ab", "", 400, "user_id must not contain control characters."},
		{"DELETE", "/v1/users/" + strings.Repeat("x", 256), "", 400, "user_id is longer than 255 characters."},
	} {
		p := w.problemOf(w.asAdmin(tt.method, tt.target, tt.body), tt.status)
		if !strings.Contains(p.Detail, tt.says) {
			t.Errorf("%s %.60s %.60s: %q, want %q", tt.method, tt.target, tt.body, p.Detail, tt.says)
		}
	}
	if len(w.stream.events) != 0 || w.log.Len() != 0 {
		t.Errorf("published %v, and the log says %s", w.stream.events, w.log)
	}
}

// every is a request for each decision, with nothing wrong in it.
func (w *world) every() map[string][3]string {
	bob := w.referralOf("bob")
	return map[string][3]string{
		routeApprove:   {"POST", "/v1/referrals/" + bob + "/approve", because},
		routeReject:    {"POST", "/v1/referrals/" + bob + "/reject", because},
		routeReopen:    {"POST", "/v1/referrals/" + bob + "/reopen", because},
		routeAttribute: {"POST", "/v1/referrals", `{"user_id": "bob", "referral_code": "abc", "by": "carol", "why": "late"}`},
		routeVerify:    {"POST", "/v1/users/bob/verify", ""},
		routeErase:     {"DELETE", "/v1/users/bob", ""},
		routeAssign:    {"POST", "/v1/codes", `{"user_id": "bob", "code": "abc"}`},
	}
}

func TestDecisionsNeedAnAdminToken(t *testing.T) {
	w := newWorld(t)
	w.story()
	for _, route := range slices.Concat(Posts, Deletes) {
		r, ok := w.every()[route]
		if !ok {
			t.Fatalf("%s has no test", route)
		}
		for name, tt := range map[string]struct {
			send   []string
			status int
		}{
			"none": {nil, 401}, "a service token": {[]string{"Bearer " + token}, 403}, "a part": {[]string{"Bearer " + adminToken[:16]}, 401},
			"more": {[]string{"Bearer " + adminToken + "x"}, 401}, "another scheme": {[]string{"Basic " + adminToken}, 401},
			"two": {[]string{"Bearer " + adminToken, "Bearer " + adminToken}, 401}, "empty": {[]string{"Bearer "}, 401},
		} {
			answer := w.send(r[0], r[1], r[2], tt.send...)
			p := w.problemOf(answer, tt.status)
			if answer.Header().Get("WWW-Authenticate") == "" || !strings.Contains(p.Detail, "PLUSONE_ADMIN_TOKEN") ||
				!strings.Contains(p.Detail, "scope admin") || strings.Contains(p.Detail, adminToken) {
				t.Errorf("%s with %s: %v, %+v", route, name, answer.Header(), p)
			}
		}
		if len(w.stream.events) != 0 {
			t.Fatalf("%s was published", route)
		}
		for _, admin := range []string{adminToken, "another-admin-token"} {
			if answer := w.send(r[0], r[1], r[2], "Bearer "+admin); answer.Code != http.StatusAccepted {
				t.Errorf("%s: %d %s", route, answer.Code, answer.Body)
			}
		}
		w.stream.events = nil
	}
	for _, target := range []string{"/v1/users/bob", "/v1/referrals"} { // and whoever may decide may ask
		if answer := w.do(http.MethodGet, target, "Bearer "+adminToken); answer.Code != http.StatusOK {
			t.Errorf("%s: %d %s", target, answer.Code, answer.Body)
		}
	}
}

func TestWithoutAnAdminTokenNobodyDecides(t *testing.T) {
	w := newWorld(t)
	w.story()
	requests := w.every()
	w.handler = New(w.as("plusone_api").Database, []string{token}, slog.New(slog.DiscardHandler))
	for route, r := range requests {
		for _, send := range []string{"Bearer " + token, "Bearer " + adminToken, "Bearer "} {
			p := w.problemOf(w.send(r[0], r[1], r[2], send), http.StatusForbidden)
			if p.Reason != "no-admin-token" || !strings.Contains(p.Detail, "PLUSONE_ADMIN_TOKEN") {
				t.Errorf("%s: %+v", route, p)
			}
		}
	}
}

func TestStreamAway(t *testing.T) {
	w := newWorld(t)
	w.story()
	w.stream.away = errors.New("nats://secret is away")
	for route, r := range w.every() {
		answer := w.asAdmin(r[0], r[1], r[2])
		p := w.problemOf(answer, http.StatusServiceUnavailable)
		if p.Reason != "stream-unavailable" || answer.Header().Get("Retry-After") == "" || strings.Contains(p.Detail, "secret") {
			t.Errorf("%s: %v, %+v", route, answer.Header(), p)
		}
	}
	if !strings.Contains(w.log.String(), "was not taken by the stream") {
		t.Errorf("the log says %s", w.log)
	}
}

// TestOnlyReviewsAskTheDatabase: only what names a referral by its number needs the database at all.
func TestOnlyReviewsAskTheDatabase(t *testing.T) {
	w := newWorld(t)
	w.story()
	requests := w.every()
	s := slow{deadline: make(chan time.Duration, 1)}
	log := slog.New(slog.NewJSONHandler(w.log, nil))
	w.handler = New(s, []string{token}, log, WithDecisions(decide.New(w.stream, "/plusone/api", log, nil), []string{adminToken}))
	for _, route := range []string{routeAttribute, routeVerify, routeErase, routeAssign} {
		r := requests[route]
		if answer := w.asAdmin(r[0], r[1], r[2]); answer.Code != http.StatusAccepted {
			t.Errorf("%s: %d %s", route, answer.Code, answer.Body)
		}
	}
	w.stream.events = nil
	for _, route := range []string{routeApprove, routeReject, routeReopen} {
		ctx, hangUp := context.WithCancel(t.Context())
		r := httptest.NewRequestWithContext(ctx, requests[route][0], requests[route][1], strings.NewReader(requests[route][2]))
		r.Header.Set("Authorization", "Bearer "+adminToken)
		done := make(chan struct{})
		go func() { w.handler.ServeHTTP(httptest.NewRecorder(), r); close(done) }()
		if left := <-s.deadline; left <= 0 || left > patience {
			t.Errorf("%s: the database has %s", route, left)
		}
		hangUp()
		<-done
	}
	if len(w.stream.events) != 0 {
		t.Errorf("published %v", w.stream.events)
	}
}

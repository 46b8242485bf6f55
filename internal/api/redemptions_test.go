package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// spend sends a body under a key, with a token that may write.
func (w *world) spend(key, body string) *httptest.ResponseRecorder {
	w.t.Helper()
	return w.sendWith(http.MethodPost, "/v1/redemptions", body, http.Header{"Authorization": {"Bearer " + token}, keyHeader: {key}})
}

func (w *world) sendWith(method, target, body string, header http.Header) *httptest.ResponseRecorder {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), method, target, strings.NewReader(body))
	r.Header = header
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	return answer
}

// spent expects credit to be spent, and says how.
func (w *world) spent(answer *httptest.ResponseRecorder, status int) (got redemptionJSON) {
	w.t.Helper()
	if answer.Code != status || answer.Header().Get("Content-Type") != "application/json" || answer.Header().Get("Cache-Control") != "no-store" {
		w.t.Fatalf("%d %v: %s", answer.Code, answer.Header(), answer.Body)
	}
	w.must(json.Unmarshal(answer.Body.Bytes(), &got))
	return got
}

func (w *world) balanceOf(user string) string {
	w.t.Helper()
	var got userJSON
	w.must(json.Unmarshal(w.get("/v1/users/"+user).Body.Bytes(), &got))
	var all []string
	for _, b := range got.Balances {
		if b.Minor != 0 {
			all = append(all, b.Amount+" "+string(b.Currency))
		}
	}
	return strings.Join(all, ", ")
}

func TestRedeeming(t *testing.T) {
	w := newWorld(t)
	w.story() // Alice and Bob have 10.00 usd each
	answer := w.spend("order-1", `{"user_id": "alice", "currency": "usd", "amount": "2.50", "note": " order 1 "}`)
	first := w.spent(answer, http.StatusCreated)
	if answer.Header().Get("Idempotency-Replayed") != "" || answer.Header().Get("Location") != "/v1/redemptions/"+first.ID {
		t.Errorf("headers %v", answer.Header())
	}
	name, note := "alice", "order 1"
	want := redemptionJSON{ID: first.ID, UserID: &name, amountJSON: amountJSON{"usd", "2.50", 250}, Note: &note, At: stamp(noon), By: "PLUSONE_API_TOKEN"}
	if diff := cmp.Diff(want, first, cmp.AllowUnexported(redemptionJSON{})); diff != "" {
		t.Error(diff)
	}
	for _, same := range []string{
		`{"user_id": "alice", "currency": "usd", "amount": "2.50", "note": "order 1"}`,
		`{"note": "order 1", "minor": 250, "currency": "usd", "user_id": "alice"}`, // the same in other words
	} {
		answer := w.spend("order-1", same)
		if got := w.spent(answer, http.StatusOK); got.ID != first.ID || answer.Header().Get("Idempotency-Replayed") != "true" {
			t.Errorf("again: %v %+v", answer.Header(), got)
		}
	}
	if got := w.spent(w.get("/v1/redemptions/"+first.ID), http.StatusOK); !cmp.Equal(got, first, cmp.AllowUnexported(redemptionJSON{})) {
		t.Errorf("read: %+v", got)
	}
	if got := w.balanceOf("alice"); got != "7.50 usd" {
		t.Errorf("alice has %s", got)
	}
	p := w.problemOf(w.spend("order-1", `{"user_id": "bob", "currency": "usd", "amount": "2.50"}`), http.StatusUnprocessableEntity)
	if p.Reason != "idempotency-key-reused" || p.Parameter != keyHeader {
		t.Errorf("%+v", p)
	}
	p = w.problemOf(w.spend("order-2", `{"user_id": "alice", "currency": "usd", "amount": "7.51"}`), http.StatusConflict)
	if p.Reason != "insufficient-credit" || !strings.Contains(p.Detail, "7.50 usd") {
		t.Errorf("%+v", p)
	}
	w.problemOf(w.spend("order-3", `{"user_id": "nobody", "currency": "usd", "amount": "1"}`), http.StatusNotFound)
	w.problemOf(w.spend("order-3", `{"user_id": "stranger", "currency": "usd", "amount": "1"}`), http.StatusNotFound)
	if got := w.balanceOf("alice") + " " + w.balanceOf("bob"); got != "7.50 usd 10.00 usd" {
		t.Errorf("after what was refused they have %s", got)
	}
}

func TestReversing(t *testing.T) {
	w := newWorld(t)
	w.story()
	first := w.spent(w.spend("k", `{"user_id": "alice", "currency": "usd", "minor": 1000}`), http.StatusCreated)
	path := "/v1/redemptions/" + first.ID + "/reverse"
	answer := w.send(http.MethodPost, path, `{"note": "came back"}`, "Bearer "+token)
	if got := w.spent(answer, http.StatusOK); got.ReversedAt == nil || got.ID != first.ID || answer.Header().Get("Idempotency-Replayed") != "" {
		t.Errorf("%v %+v", answer.Header(), got)
	}
	answer = w.send(http.MethodPost, path, "", "Bearer "+token)
	if got := w.spent(answer, http.StatusOK); got.ReversedAt == nil || answer.Header().Get("Idempotency-Replayed") != "true" {
		t.Errorf("%v %+v", answer.Header(), got)
	}
	if got := w.balanceOf("alice"); got != "10.00 usd" {
		t.Errorf("alice has %s", got)
	}
	for _, nothing := range []string{"0", "-1", "4711", "x", "99999999999999999999", "1%27%20or%201=1"} {
		w.problemOf(w.send(http.MethodPost, "/v1/redemptions/"+nothing+"/reverse", "", "Bearer "+token), http.StatusNotFound)
		w.problemOf(w.get("/v1/redemptions/"+nothing), http.StatusNotFound)
	}
	for _, body := range []string{"x", "[]", `{"note": 7}`, `{"amount": "1.00"}`, `{"note": "` + strings.Repeat("x", 501) + `"}`} {
		w.problemOf(w.send(http.MethodPost, path, body, "Bearer "+token), http.StatusBadRequest)
	}
	w.problemOf(w.send(http.MethodPost, path, strings.Repeat(" ", maxBody)+"{}", "Bearer "+token), http.StatusRequestEntityTooLarge)
}

func TestRedemptionsThatCanNotBeMeant(t *testing.T) {
	w := newWorld(t)
	w.story()
	const good = `{"user_id": "alice", "currency": "usd", "amount": "1.00"}`
	for _, tt := range []struct {
		body   string
		status int
		says   string
		at     string // the member
	}{
		{``, 400, "a JSON object in UTF-8", ""}, {`null`, 400, "a JSON object", ""}, {`[]`, 400, "a JSON object", ""}, {good + good, 400, "a JSON object", ""},
		{"{\"user_id\": \"\xff\"}", 400, "a JSON object in UTF-8", ""},
		{`{"currency": "usd", "amount": "1.00"}`, 400, "user_id is missing.", "/user_id"},
		{`{"user_id": "", "currency": "usd", "amount": "1.00"}`, 400, "user_id must be", "/user_id"},
		{`{"user_id": 7, "currency": "usd", "amount": "1.00"}`, 400, "user_id must be", "/user_id"},
		{`{"user_id": "a\nb", "currency": "usd", "amount": "1.00"}`, 400, "user_id must be", "/user_id"},
		{`{"user_id": "a\u0000", "currency": "usd", "amount": "1.00"}`, 400, "U+0000", ""},
		{`{"user_id": "\ud800", "currency": "usd", "amount": "1.00"}`, 400, "surrogate", ""},
		{`{"user_id": "` + strings.Repeat("x", 256) + `", "currency": "usd", "amount": "1.00"}`, 400, "user_id must be", "/user_id"},
		{`{"user_id": "alice", "amount": "1.00"}`, 400, "currency is missing.", "/currency"},
		{`{"user_id": "alice", "currency": "USD", "amount": "1.00"}`, 400, "currency must be", "/currency"},
		{`{"user_id": "alice", "currency": "us'--", "amount": "1.00"}`, 400, "currency must be", "/currency"},
		{`{"user_id": "alice", "currency": "xxx", "amount": "1.00"}`, 422, "currency must be one of Stripe's", "/currency"},
		{`{"user_id": "alice", "currency": "usd"}`, 400, "amount is missing.", "/amount"},
		{`{"user_id": "alice", "currency": "usd", "amount": null}`, 400, "amount is missing.", "/amount"},
		{`{"user_id": "alice", "currency": "usd", "amount": 1.00}`, 400, "amount must be", "/amount"},
		{`{"user_id": "alice", "currency": "usd", "amount": "0.00"}`, 400, "amount must be", "/amount"},
		{`{"user_id": "alice", "currency": "usd", "amount": "-1.00"}`, 400, "amount must be", "/amount"},
		{`{"user_id": "alice", "currency": "usd", "amount": "1.001"}`, 400, "at most 2 decimals", "/amount"},
		{`{"user_id": "alice", "currency": "jpy", "amount": "1.5"}`, 400, "at most 0 decimals", "/amount"},
		{`{"user_id": "alice", "currency": "usd", "amount": "1e3"}`, 400, "amount must be", "/amount"},
		{`{"user_id": "alice", "currency": "usd", "amount": "92233720368547758.08"}`, 400, "amount must be", "/amount"},
		{`{"user_id": "alice", "currency": "usd", "amount": "` + strings.Repeat("0", 31) + `1"}`, 400, "amount must be", "/amount"},
		{`{"user_id": "alice", "currency": "usd", "minor": 0}`, 400, "minor must be", "/minor"},
		{`{"user_id": "alice", "currency": "usd", "minor": -5}`, 400, "minor must be", "/minor"},
		{`{"user_id": "alice", "currency": "usd", "minor": 1.5}`, 400, "minor must be", "/minor"},
		{`{"user_id": "alice", "currency": "usd", "minor": 1e2}`, 400, "minor must be", "/minor"},
		{`{"user_id": "alice", "currency": "usd", "minor": "100"}`, 400, "minor must be", "/minor"},
		{`{"user_id": "alice", "currency": "usd", "minor": 9223372036854775808}`, 400, "minor must be", "/minor"},
		{`{"user_id": "alice", "currency": "usd", "minor": 100, "amount": "1.00"}`, 400, "give one of them", "/minor"},
		{`{"user_id": "alice", "currency": "usd", "minor": 100, "note": "a\nb"}`, 400, "note must be", "/note"},
		{`{"user_id": "alice", "currency": "usd", "minor": 100, "note": "` + strings.Repeat("x", 501) + `"}`, 400, "note must be", "/note"},
		{`{"user_id": "alice", "user_id": "bob", "currency": "usd", "minor": 100}`, 400, "the member user_id twice", "/user_id"},
		{`{"user_id": "alice", "currency": "usd", "minor": 100, "minor": 1}`, 400, "the member minor twice", "/minor"},
		{`{"User_ID": "alice", "currency": "usd", "minor": 100}`, 400, "User_ID is not a member", "/User_ID"},
		{`{"user_id": "alice", "currency": "usd", "minor": 100, "cents": 1}`, 400, "cents is not a member", "/cents"},
		{`{"user_id": "alice", "currency": "usd", "minor": 100, "<script>": 1}`, 400, "A member of the body is not known.", ""},
		{good[:len(good)-1] + `, "note": "` + strings.Repeat(" ", maxBody) + `"}`, 413, "at most 16384 bytes", ""},
	} {
		p := w.problemOf(w.spend("k", tt.body), tt.status)
		at := ""
		if len(p.Errors) == 1 {
			at = p.Errors[0].Pointer
		}
		if !strings.Contains(p.Detail, tt.says) || at != tt.at || strings.Contains(p.Detail, "script") {
			t.Errorf("%.90s: %q at %q", tt.body, p.Detail, at)
		}
	}
	for name, keys := range map[string][]string{
		"none": nil, "two": {"a", "a"}, "empty": {""}, "blank": {"a b"}, "blanks": {" "}, "not ASCII": {"ä"}, "control": {"a\x01"}, "long": {strings.Repeat("k", 256)},
	} {
		p := w.problemOf(w.sendWith(http.MethodPost, "/v1/redemptions", good, http.Header{"Authorization": {"Bearer " + token}, keyHeader: keys}), http.StatusBadRequest)
		if p.Parameter != keyHeader || !strings.Contains(p.Detail, keyHeader) {
			t.Errorf("%s: %+v", name, p)
		}
	}
	for i, key := range []string{strings.Repeat("k", 255), "~!\"'%--;drop", "k"} { // and the last one was used for nothing
		w.spent(w.spend(key, fmt.Sprintf(`{"user_id": "alice", "currency": "usd", "minor": %d}`, i+1)), http.StatusCreated)
	}
	if got := w.balanceOf("alice"); got != "9.94 usd" {
		t.Errorf("alice has %s", got)
	}
}

func TestRedemptionsAreCounted(t *testing.T) {
	w := newWorld(t)
	w.story()
	reg := prometheus.NewRegistry()
	m := NewMetrics(reg)
	w.handler = New(w.as("plusone_api").Database, []string{token}, w.logger(), WithMetrics(m))
	got := w.spent(w.spend("k", `{"user_id": "alice", "currency": "usd", "minor": 600}`), http.StatusCreated)
	w.spend("k", `{"user_id": "alice", "currency": "usd", "minor": 600}`)
	w.spend("k", `{"user_id": "alice", "currency": "usd", "minor": 601}`)
	w.spend("l", `{"user_id": "alice", "currency": "usd", "minor": 600}`)
	w.spend("", "")
	w.send(http.MethodPost, "/v1/redemptions/"+got.ID+"/reverse", "", "Bearer "+token)
	for result, want := range map[string]float64{
		resultRedeemed: 1, resultReplayed: 1, resultRefused: 2, resultInsufficient: 1, resultReversed: 1, resultFailed: 0,
	} {
		if got := testutil.ToFloat64(m.redemptions.WithLabelValues(result)); got != want {
			t.Errorf("%s: %v", result, got)
		}
	}
	for _, kind := range []string{"redeemed", "reversed"} {
		if got := testutil.ToFloat64(m.minor.WithLabelValues(kind, "usd")); got != 600 {
			t.Errorf("%s: %v", kind, got)
		}
	}
	if log := w.log.String(); !strings.Contains(log, "credit was redeemed") || !strings.Contains(log, "6.00 usd") || strings.Contains(log, "alice") {
		t.Errorf("the log says %s", log)
	}
}

// TestAReversalMayComeInPieces: a body of no stated length may be empty, and need not be.
func TestAReversalMayComeInPieces(t *testing.T) {
	w := newWorld(t)
	w.story()
	for body, want := range map[string]int{"": http.StatusNotFound, `{"note":"came back"}`: http.StatusNotFound, "{": http.StatusBadRequest} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/redemptions/4711/reverse", strings.NewReader(body))
		r.ContentLength = -1
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		if w.handler.ServeHTTP(answer, r); answer.Code != want {
			t.Errorf("%q: %d %s", body, answer.Code, answer.Body)
		}
	}
}

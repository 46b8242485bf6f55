package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plusone-dev/plusone/internal/referral"
	"github.com/plusone-dev/plusone/internal/store"
)

const dearer = `name: default
qualify: {minimum: {usd: "20.00"}}
rewards:
  - {to: referrer, fixed: {usd: "5.00"}}
`

// post sends a body of a kind with a token.
func (w *world) post(target, kind, body, bearer string) *httptest.ResponseRecorder {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), http.MethodPost, target, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+bearer)
	r.Header.Set("Content-Type", kind)
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	return answer
}

// read reads an answer that must be of a status.
func read[T any](t *testing.T, answer *httptest.ResponseRecorder, status int) (out T) {
	t.Helper()
	if answer.Code != status {
		t.Fatalf("%d: %s", answer.Code, answer.Body)
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestTermsAreAppliedOnce sends the same terms twice, then others, and asks what stands.
func TestTermsAreAppliedOnce(t *testing.T) {
	w := newWorld(t)
	first := read[appliedJSON](t, w.post("/v1/programs", "application/yaml", dearer, adminToken), http.StatusCreated)
	if first.Name != "default" || first.Version != 2 || !first.Changed {
		t.Errorf("%+v", first)
	}
	if !strings.Contains(w.log.String(), "terms were applied") || !strings.Contains(w.log.String(), `"by":"PLUSONE_ADMIN_TOKEN"`) {
		t.Errorf("the log says %s", w.log)
	}
	again := read[appliedJSON](t, w.post("/v1/programs", "text/yaml; charset=utf-8", "# the same\n"+dearer, adminToken), http.StatusOK)
	if want := (appliedJSON{"default", 2, first.EffectiveFrom, false}); again != want {
		t.Errorf("%+v, want %+v", again, want)
	}
	other := w.post("/v1/programs", "application/yaml", strings.Replace(dearer, "default", "vip", 1), adminToken)
	if vip := read[appliedJSON](t, other, http.StatusCreated); vip.Version != 1 || other.Header().Get("Location") != "/v1/programs/vip" {
		t.Errorf("%+v at %s", vip, other.Header().Get("Location"))
	}
	all := read[programsJSON](t, w.get("/v1/programs"), http.StatusOK)
	if len(all.Programs) != 2 || all.Programs[0].Version != 2 || len(all.Programs[0].Versions) != 2 || all.Programs[1].Name != "vip" || all.Programs[0].Source != "" {
		t.Errorf("%+v", all)
	}
	one := read[programJSON](t, w.get("/v1/programs/default"), http.StatusOK)
	if one.Source != dearer || one.EffectiveFrom != first.EffectiveFrom || one.Versions[0].EffectiveFrom != "2025-01-01T00:00:00Z" {
		t.Errorf("%+v", one)
	}
	for _, name := range []string{"nobodys", "DEFAULT", "%00", strings.Repeat("x", 2000)} {
		w.problemOf(w.get("/v1/programs/"+name), http.StatusNotFound)
	}
}

// TestTermsThatLookTraceEverybody has a user signed up who is not traced, and applies the first terms that look at devices,
// with the rights of the API.
func TestTermsThatLookTraceEverybody(t *testing.T) {
	w := newWorld(t)
	w.apply(signUp("alice", "", noon.Add(-time.Hour)))
	pool := w.open(w.dsn)
	count := func() (untraced int) {
		w.must(pool.QueryRow(t.Context(), "select count(*) from users where not traced").Scan(&untraced))
		return untraced
	}
	if count() != 1 {
		t.Fatal("everybody is traced before any terms look")
	}
	read[appliedJSON](t, w.post("/v1/programs", "application/yaml", dearer+"fraud: {same_device: review}\n", adminToken), http.StatusCreated)
	if n := count(); n != 0 {
		t.Errorf("%d users are not traced", n)
	}
}

// TestApplyingNeedsAnAdmin and nothing less, and changes nothing without.
func TestApplyingNeedsAnAdmin(t *testing.T) {
	w := newWorld(t)
	if p := w.problemOf(w.post("/v1/programs", "application/yaml", dearer, token), http.StatusForbidden); p.Reason != "scope" {
		t.Errorf("%+v", p)
	}
	w.problemOf(w.post("/v1/programs", "application/yaml", dearer, "nobodys"), http.StatusUnauthorized)
	if one := read[programJSON](t, w.get("/v1/programs/default"), http.StatusOK); one.Version != 1 {
		t.Errorf("%+v", one)
	}
}

// TestWrongTermsAreToldByLine sends terms with several mistakes, to both.
func TestWrongTermsAreToldByLine(t *testing.T) {
	w := newWorld(t)
	const wrong = "name: default\nqualify: {minimum: {usd: ten}}\nrewards:\n  - {to: nobody, fixed: {usd: \"5.00\"}}\nnonsense: 1\n"
	for _, target := range []string{"/v1/programs", "/v1/programs/preview"} {
		p := w.problemOf(w.post(target, "application/yaml", wrong, adminToken), http.StatusUnprocessableEntity)
		type at struct {
			pointer      string
			line, column int
		}
		var got []at
		for _, e := range p.Errors {
			got = append(got, at{e.Pointer, e.Line, e.Column})
			if e.Detail == "" {
				t.Errorf("%s: %+v says nothing", target, e)
			}
		}
		want := []at{{"/qualify/minimum/usd", 2, 26}, {"/rewards/0/to", 4, 10}, {"/nonsense", 5, 1}}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(at{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", target, diff)
		}
	}
}

// TestOnlyYAMLOfASizeIsTaken, by both.
func TestOnlyYAMLOfASizeIsTaken(t *testing.T) {
	w := newWorld(t)
	for _, target := range []string{"/v1/programs", "/v1/programs/preview"} {
		for _, kind := range []string{"", "application/json", "text/plain", "yaml", "multipart/form-data; boundary=x"} {
			if p := w.problemOf(w.post(target, kind, dearer, adminToken), http.StatusUnsupportedMediaType); p.Reason != "unsupported-media-type" {
				t.Errorf("%s as %q: %+v", target, kind, p)
			}
		}
		large := dearer + strings.Repeat("#", maxProgram)
		w.problemOf(w.post(target, "application/yaml", large, adminToken), http.StatusRequestEntityTooLarge)
		if p := w.problemOf(w.post(target+"?name=vip", "application/yaml", dearer, adminToken), http.StatusBadRequest); p.Parameter != "name" {
			t.Errorf("%s: %+v", target, p)
		}
		w.problemOf(w.post(target, "application/yaml", "\xff", adminToken), http.StatusUnprocessableEntity)
		w.problemOf(w.post(target, "application/yaml", "", adminToken), http.StatusUnprocessableEntity)
	}
}

// TestPreviewChangesNothing previews dearer terms of the story, with a token that may only ask.
func TestPreviewChangesNothing(t *testing.T) {
	w := newWorld(t)
	w.story()
	p := read[previewJSON](t, w.post("/v1/programs/preview", "application/yaml", dearer, token), http.StatusOK)
	if p.Program != "default" || p.Version != 1 || p.Referrals != 4 || p.Of != 4 || !p.Complete || p.Qualify != (differenceJSON{1, 0}) {
		t.Errorf("%+v", p)
	}
	if want := []costJSON{{amountJSON{"usd", "20.00", 2000}, amountJSON{"usd", "0.00", 0}}}; !cmp.Equal(p.Cost, want) {
		t.Errorf("the cost is %+v", p.Cost)
	}
	if len(p.Changes) != 2 || p.Changes[0].From.Status != referral.Rewarded || p.Changes[0].To.Status != referral.Pending || p.Changes[0].Count != 1 {
		t.Errorf("the changes are %+v", p.Changes)
	}
	if len(p.Examples) != 2 || p.Examples[0].Why == nil || !strings.Contains(*p.Examples[0].Why, "20.00 usd is needed") || len(p.Examples[0].UnderOwed) != 0 {
		t.Errorf("the examples are %+v", p.Examples)
	}
	if one := read[programJSON](t, w.get("/v1/programs/default"), http.StatusOK); one.Version != 1 {
		t.Errorf("%+v", one)
	}
	w.problemOf(w.post("/v1/programs/preview", "application/yaml", strings.Replace(dearer, "default", "vip", 1), token), http.StatusNotFound)
}

// halfway is a preview that had not the time for all, and says what time it was given.
type halfway struct {
	Lists

	err error
}

func (h halfway) Preview(ctx context.Context, _ referral.Terms, o store.PreviewOptions) (store.Preview, error) {
	if deadline, ok := ctx.Deadline(); !ok || o.Until.IsZero() || !o.Until.Before(deadline) {
		return store.Preview{}, errors.New("it has all the time")
	}
	return store.Preview{Program: "default", Version: 1, Referrals: 10, Of: 12}, h.err
}

// TestPreviewSaysHowFarItCame, and that it could not.
func TestPreviewSaysHowFarItCame(t *testing.T) {
	w := newWorld(t)
	w.with(WithReplica(halfway{}))
	if p := read[previewJSON](t, w.post("/v1/programs/preview", "application/yaml", dearer, token), http.StatusOK); p.Complete || p.Referrals != 10 || p.Of != 12 {
		t.Errorf("%+v", p)
	}
	w.with(WithReplica(halfway{err: errors.New("away")}))
	w.problemOf(w.post("/v1/programs/preview", "application/yaml", dearer, token), http.StatusServiceUnavailable)
}

// unhurried remembers until when an answer may take.
type unhurried struct {
	*httptest.ResponseRecorder

	until time.Time
}

func (u *unhurried) SetWriteDeadline(t time.Time) error { u.until = t; return nil }

// TestApplyingOutlastsTheServersLimit for answers, which is less than a minute.
func TestApplyingOutlastsTheServersLimit(t *testing.T) {
	w := newWorld(t)
	handler := New(w.as("plusone_api").Database, nil, w.logger(), WithDecisions(nil, []string{adminToken}))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/programs", strings.NewReader(dearer))
	r.Header.Set("Authorization", "Bearer "+adminToken)
	r.Header.Set("Content-Type", "application/yaml")
	answer := &unhurried{ResponseRecorder: httptest.NewRecorder()}
	handler.ServeHTTP(answer, r)
	if left := time.Until(answer.until); answer.Code != http.StatusCreated || left < applyPatience || left > applyPatience+time.Minute {
		t.Errorf("%d, with %s left", answer.Code, left)
	}
}

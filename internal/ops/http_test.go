package ops_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/plusone-dev/plusone/internal/ops"
)

func TestHTTPMetrics(t *testing.T) {
	reg := ops.NewRegistry("test")
	metrics, err := ops.NewHTTPMetrics(reg)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
	mux.HandleFunc("/busy", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	h := metrics.Wrap(mux)
	for _, give := range []string{"GET /users/alice", "GET /users/bob", "POST /busy", "BREW /busy", "GET /nowhere"} {
		method, path, _ := strings.Cut(give, " ")
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(method, path, nil))
	}
	want := `
# HELP plusone_http_requests_total HTTP requests answered, by route pattern, method and class of status.
# TYPE plusone_http_requests_total counter
plusone_http_requests_total{method="GET",route="GET /users/{id}",status="2xx"} 2
plusone_http_requests_total{method="POST",route="/busy",status="5xx"} 1
plusone_http_requests_total{method="other",route="/busy",status="5xx"} 1
plusone_http_requests_total{method="GET",route="none",status="4xx"} 1
# HELP plusone_http_requests_in_flight HTTP requests being served now.
# TYPE plusone_http_requests_in_flight gauge
plusone_http_requests_in_flight 0
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want),
		"plusone_http_requests_total", "plusone_http_requests_in_flight"); err != nil {
		t.Error(err)
	}
	if n, err := testutil.GatherAndCount(reg, "plusone_http_request_duration_seconds"); err != nil || n != 4 {
		t.Errorf("%d durations, %v", n, err)
	}
	if _, err := ops.NewHTTPMetrics(reg); err == nil {
		t.Error("the same metrics were registered twice")
	}
}

func TestRecover(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, nil))
	fail := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }
	serve := func(h http.HandlerFunc, fail http.HandlerFunc) (status int, thrown any) {
		w := httptest.NewRecorder()
		defer func() { thrown = recover() }()
		ops.Recover(log, fail, h).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		return w.Code, nil
	}
	if status, _ := serve(func(http.ResponseWriter, *http.Request) { panic("bob@example.com") }, fail); status != http.StatusTeapot {
		t.Errorf("status %d", status)
	}
	if status, _ := serve(func(http.ResponseWriter, *http.Request) { panic(errors.New("bob@example.com")) }, nil); status != 500 {
		t.Errorf("status %d", status)
	}
	if s := out.String(); strings.Contains(s, "bob@") || strings.Count(s, "a request handler panicked") != 2 {
		t.Errorf("the log says %s", s)
	}
	out.Reset()
	var none []int
	serve(func(http.ResponseWriter, *http.Request) { none[0]++ }, fail)
	if !strings.Contains(out.String(), "index out of range") {
		t.Errorf("the log says %s", out.String())
	}
	begun := func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "half"); panic("x") }
	if _, thrown := serve(begun, fail); thrown != http.ErrAbortHandler { //nolint:errorlint // net/http looks for this very value
		t.Errorf("an answer that had begun ended with %v, want the connection cut off", thrown)
	}
	abort := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	if _, thrown := serve(abort, fail); thrown != http.ErrAbortHandler { //nolint:errorlint // as above
		t.Errorf("ErrAbortHandler became %v", thrown)
	}
}

package openapi_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/plusone-dev/plusone/internal/api"
	"github.com/plusone-dev/plusone/internal/decide"
	"github.com/plusone-dev/plusone/internal/referral"
	"github.com/plusone-dev/plusone/internal/store"
)

// asker sends a request, and holds the answer to the document.
type asker func(h http.Handler, method, target string, body io.Reader, header ...string)

const (
	terms = "name: default\nqualify: {minimum: {usd: \"20.00\"}}\nrewards:\n  - {to: referrer, fixed: {usd: \"5.00\"}}\n"
	wrong = "name: default\nqualify: {minimum: {usd: ten}}\nrewards:\n  - {to: nobody, fixed: {usd: \"5.00\"}}\n"
)

// programs asks for every answer about terms and what came of them.
func programs(t *testing.T, do asker, handler, away http.Handler) {
	t.Helper()
	bearer := []string{"Authorization", "Bearer " + token}
	admin := []string{"Authorization", "Bearer " + adminToken}
	for _, target := range []string{"/v1/programs", "/v1/programs/default", "/v1/programs/nobodys", "/v1/analytics", "/v1/analytics?program=nobodys"} {
		do(handler, http.MethodGet, target, nil, bearer...)
		do(handler, http.MethodGet, target, nil)
		do(handler, http.MethodPut, target, nil, bearer...)
		do(handler, http.MethodGet, strings.TrimSuffix(target, "?program=nobodys")+"?since=monday", nil, bearer...)
		do(away, http.MethodGet, target, nil, bearer...)
	}
	for _, target := range []string{"/v1/programs/preview", "/v1/programs"} {
		yaml := append(admin, "Content-Type", "application/yaml") //nolint:gocritic // it has no room: each is a copy
		send := func(h http.Handler, query, body string, header ...string) {
			t.Helper()
			do(h, http.MethodPost, target+query, strings.NewReader(body), header...)
		}
		send(handler, "", terms, yaml...)
		send(handler, "", terms, yaml...)
		send(handler, "", wrong, yaml...)
		send(handler, "", terms, admin...)
		send(handler, "?force=yes", terms, yaml...)
		send(handler, "", strings.Repeat("#", 64<<10)+terms, yaml...)
		send(handler, "", terms)
		send(handler, "", terms, bearer...)
		send(away, "", terms, yaml...)
		if target == "/v1/programs/preview" {
			send(handler, "", strings.Replace(terms, "default", "nobodys", 1), yaml...)
			busy, free := previewing(t, yaml)
			send(busy, "", terms, yaml...)
			free()
		}
	}
}

// endlessPreview goes on until it is told to end.
type endlessPreview struct {
	api.Lists

	began, end chan struct{}
}

func (p endlessPreview) Preview(context.Context, referral.Terms, store.PreviewOptions) (store.Preview, error) {
	close(p.began)
	<-p.end
	return store.Preview{}, nil
}

// previewing is an API that is at work on a preview until it is freed.
func previewing(t *testing.T, header []string) (handler http.Handler, free func()) {
	t.Helper()
	p := endlessPreview{began: make(chan struct{}), end: make(chan struct{})}
	log := slog.New(slog.DiscardHandler)
	handler = api.New(gone(t), []string{token}, log, api.WithDecisions(decide.New(&stream{}, "/plusone/api", log, nil), []string{adminToken}), api.WithReplica(p))
	var done sync.WaitGroup
	done.Go(func() {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/programs/preview", strings.NewReader(terms))
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		handler.ServeHTTP(httptest.NewRecorder(), r)
	})
	<-p.began
	return handler, func() { close(p.end); done.Wait() }
}

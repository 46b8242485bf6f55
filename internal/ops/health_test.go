package ops_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/plusone-dev/plusone/internal/ops"
)

func get(h http.Handler, path string) (int, string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w.Code, w.Body.String()
}

func TestHealth(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	health := ops.NewHealth(log)
	admin := ops.Admin(ops.NewRegistry("v1"), health, log)

	if status, body := get(admin, "/readyz"); status != 200 || !strings.Contains(body, `"ready"`) {
		t.Errorf("without checks: %d %s", status, body)
	}
	health.Add("stream", func(context.Context) error { return nil })
	health.Add("database", func(context.Context) error { return errors.New("postgres://plusone:hunter2@db refused") })
	health.Add("cache", func(context.Context) error { return errors.New("gone") })
	status, body := get(admin, "/readyz")
	if status != 503 || strings.TrimSpace(body) != `{"failed":["cache","database"],"status":"not ready"}` {
		t.Errorf("with two that fail: %d %s", status, body)
	}
	if !strings.Contains(out.String(), "check=database") {
		t.Errorf("the log says %s", out.String())
	}
	if status, _ := get(admin, "/healthz"); status != 200 {
		t.Errorf("it is alive all the same, but answers %d", status)
	}
	health.Add("database", func(context.Context) error { return nil })
	health.Add("cache", func(context.Context) error { return nil })
	if status, _ := get(admin, "/readyz"); status != 200 {
		t.Errorf("all is well again, but it answers %d", status)
	}
	status, body = get(admin, "/metrics")
	for _, name := range []string{`plusone_build_info{version="v1"} 1`, "go_goroutines", "go_build_info"} {
		if status != 200 || !strings.Contains(body, name) {
			t.Errorf("/metrics answers %d without %s", status, name)
		}
	}
}

func TestHealthWaitsForNoCheckForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		health := ops.NewHealth(nil)
		release := make(chan struct{})
		health.Add("deaf", func(context.Context) error { <-release; return nil })
		health.Add("slow", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		health.Add("fine", func(context.Context) error { return nil })
		failed := health.Ready(t.Context())
		if strings.Join(failed, " ") != "deaf slow" {
			t.Errorf("failed: %v", failed)
		}
		close(release)
	})
}

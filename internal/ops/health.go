package ops

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"
)

// readyLimit is how long all checks together may take: below the timeout an orchestrator usually has, so that the
// answer names what failed instead of being cut off.
const readyLimit = 2 * time.Second

// Check says whether something the process depends on can really be reached.
type Check func(ctx context.Context) error

// Health answers whether the process lives and whether it is ready. The zero Health is ready.
type Health struct {
	log *slog.Logger

	mu     sync.Mutex
	checks map[string]Check
}

// NewHealth makes a Health that logs why a check failed. The answer itself only names the check: an error may hold an
// address or a password.
func NewHealth(log *slog.Logger) *Health { return &Health{log: log} }

// Add adds a check under a name ("stream", "database"). A later check of the same name takes its place.
func (h *Health) Add(name string, check Check) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.checks == nil {
		h.checks = map[string]Check{}
	}
	h.checks[name] = check
}

// Ready runs all checks at once and returns the names of those that failed, or did not answer in time.
func (h *Health) Ready(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	type result struct {
		name string
		err  error
	}
	checks := h.snapshot()
	results := make(chan result, len(checks)) // buffered: a check that hangs beyond the limit still ends some day
	pending := map[string]bool{}
	for name, check := range checks {
		pending[name] = true
		go func() { results <- result{name, check(ctx)} }()
	}
	var failed []string
	for len(pending) > 0 {
		select {
		case r := <-results:
			delete(pending, r.name)
			if r.err != nil {
				failed = append(failed, r.name)
				h.warn(r.name, r.err)
			}
		case <-ctx.Done():
			for name := range pending {
				failed = append(failed, name)
				h.warn(name, ctx.Err())
			}
			pending = nil
		}
	}
	slices.Sort(failed)
	return failed
}

func (h *Health) snapshot() map[string]Check {
	h.mu.Lock()
	defer h.mu.Unlock()
	checks := make(map[string]Check, len(h.checks))
	for name, check := range h.checks {
		checks[name] = check
	}
	return checks
}

func (h *Health) warn(name string, err error) {
	if h.log != nil {
		h.log.Warn("a readiness check failed", "check", name, "error", err)
	}
}

// Alive serves /healthz: 200 while the process answers at all. It checks nothing, because a restart mends no database.
func (h *Health) Alive(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{"status": "alive"})
}

// ServeReady serves /readyz: 200, or 503 and the names of the checks that failed.
func (h *Health) ServeReady(w http.ResponseWriter, r *http.Request) {
	if failed := h.Ready(r.Context()); len(failed) > 0 {
		answer(w, http.StatusServiceUnavailable, map[string]any{"status": "not ready", "failed": failed})
		return
	}
	answer(w, http.StatusOK, map[string]any{"status": "ready"})
}

func answer(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) //nolint:errchkjson // the status says it all to a client that is gone
}

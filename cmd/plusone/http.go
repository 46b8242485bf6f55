package main

import (
	"net/http"
	"path"
	"strings"

	"github.com/plusone-dev/plusone/internal/ops"
	"github.com/plusone-dev/plusone/internal/problem"
)

// public wraps what strangers talk to.
func (h *host) public(handler http.Handler) http.Handler {
	return h.http.Wrap(ops.Recover(h.log, problem.Internal, exact(handler)))
}

// operators puts on a mux what operators and their machines ask for.
func (h *host) operators(mux *http.ServeMux) {
	admin := ops.Admin(h.reg, h.health, h.log)
	for _, page := range []string{"/metrics", "/healthz", "/readyz"} {
		mux.Handle("GET "+page, admin)
		mux.HandleFunc(page, func(w http.ResponseWriter, _ *http.Request) { problem.MethodNotAllowed(w, "GET, HEAD") })
	}
}

// exact knows no path that only looks like one: http.ServeMux would redirect //webhooks/stripe, and Stripe counts a
// redirect as a failure without saying what is wrong.
func exact(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := r.URL.EscapedPath() // as the mux looks at it
		clean := path.Clean(p)
		if strings.HasSuffix(p, "/") && clean != "/" {
			clean += "/"
		}
		if p != clean {
			problem.NotFound(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

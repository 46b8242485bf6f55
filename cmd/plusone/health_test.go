package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/plusone-dev/plusone/internal/testkit"
)

// TestHealthOfARole asks a role's own pages, before and after it lost what it needs.
func TestHealthOfARole(t *testing.T) {
	h := newTestHost(t)
	var lost error
	h.health.Add("stream", func(context.Context) error { return lost })
	mux := http.NewServeMux()
	h.operators(mux)
	role := httptest.NewServer(mux)
	defer role.Close()
	addr := strings.TrimPrefix(role.URL, "http://")

	for name, c := range map[string]struct {
		args []string
		lost error
		code int
		says string
	}{
		"ready":               {nil, nil, 0, "ready\n"},
		"not ready":           {nil, errors.New("nats://user:secret@host"), exitFailed, "the role on " + addr + " answers 503: not ready (failed: stream)"},
		"lives, though":       {[]string{"--live"}, errors.New("away"), 0, "alive\n"},
		"no time":             {[]string{"--timeout", "0s"}, nil, exitUsage, "--timeout (PLUSONE_HEALTH_TIMEOUT) must be above zero"},
		"too little time":     {[]string{"--timeout", "1ns"}, nil, exitFailed, "no role answers on --admin (PLUSONE_ADMIN) " + addr},
		"no address":          {[]string{"--admin", "9090"}, nil, exitUsage, "it must be host:port"},
		"the last one counts": {[]string{"--admin", addr}, nil, 0, "ready\n"},
	} {
		t.Run(name, func(t *testing.T) {
			lost = c.lost
			code, out, errs := invoke(t, append([]string{"health", "--admin", addr}, c.args...)...)
			if code != c.code {
				t.Errorf("it ended with %d, want %d", code, c.code)
			}
			mustSay(t, out+errs, c.says)
			mustNotSay(t, out+errs, "secret")
		})
	}
}

func TestHealthTakesTheAddressThatTheRoleListensOn(t *testing.T) {
	l, err := net.Listen("tcp", ":0") // every address there is, as in a container
	if err != nil {
		t.Fatal(err)
	}
	h := newTestHost(t)
	mux := http.NewServeMux()
	h.operators(mux)
	role := &httptest.Server{Listener: l, Config: &http.Server{Handler: mux}}
	role.Start()
	defer role.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	for _, host := range []string{"", "0.0.0.0", "[::]", "127.0.0.1"} {
		t.Setenv("PLUSONE_ADMIN", host+":"+port)
		t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
		if code, out, errs := invoke(t, "health"); code != 0 || out != "ready\n" {
			t.Errorf("PLUSONE_ADMIN=%s:%s: it ended with %d and said %s%s", host, port, code, out, errs)
		}
	}
}

func TestHealthOfSomethingElse(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	code, _, errs := invoke(t, "health", "--admin", strings.TrimPrefix(other.URL, "http://"))
	if code != exitFailed {
		t.Errorf("it ended with %d", code)
	}
	mustSay(t, errs, "404", "it is no role's health page")

	code, _, errs = invoke(t, "health", "--admin", testkit.FreeAddr(t))
	if code != exitFailed {
		t.Errorf("where nobody listens it ended with %d", code)
	}
	mustSay(t, errs, "no role answers on --admin", "connection refused")
}

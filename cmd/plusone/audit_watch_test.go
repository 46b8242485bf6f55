package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"github.com/plusone-dev/plusone/internal/testkit"
)

// TestAuditGoesOnAndOn is the real program over a database that is whole, then broken, and whole again.
func TestAuditGoesOnAndOn(t *testing.T) {
	s := newSettled(t)
	p := start(t, nil, "audit", "--every", "1s", "--database-url", s.dsn, "--admin", "127.0.0.1:0")
	page := listensAt(p, "admin")
	p.WaitHealthy(patience, page+"/readyz")
	shows := func(lines ...string) {
		t.Helper()
		testkit.Eventually(t, patience, func() (bool, string) {
			res, err := http.Get(page + "/metrics")
			if err != nil {
				return false, err.Error()
			}
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			if err != nil {
				return false, err.Error()
			}
			for _, line := range lines {
				if !strings.Contains(string(body), line) {
					return false, fmt.Sprintf("the metrics lack %q", line)
				}
			}
			return true, ""
		})
	}
	const balances = `plusone_audit_violations{check="balances",law="4"} `
	shows(balances+"0", `plusone_audit_runs_total{result="broken"} 0`, "plusone_audit_interval_seconds 1", `plusone_ready{check="database"} 1`)
	execute(t, s.dsn, "update balances set minor = minor + 1")
	shows(balances + "2")
	p.WaitLine(patience, `a law is broken`)
	execute(t, s.dsn, "update balances set minor = minor - 1")
	shows(balances + "0")
	p.Signal(syscall.SIGTERM)
	if code := p.Wait(patience); code != 0 {
		t.Errorf("it ended with %d", code)
	}
	mustHideSecrets(t, p.Output())
	mustNotSay(t, p.Output(), passwordIn(t, s.dsn))
}

// TestAuditWaitsForItsDatabase: one that is away is no reason to end.
func TestAuditWaitsForItsDatabase(t *testing.T) {
	p := start(t, nil, "audit", "--every", "1s", "--database-url", "postgres://someone:nobody-may-see-this@127.0.0.1:1/db", "--admin", "127.0.0.1:0")
	p.WaitLine(patience, "the audit came to no verdict")
	mustHideSecrets(t, p.Output())
	p.Signal(syscall.SIGTERM)
	if code := p.Wait(patience); code != 0 {
		t.Errorf("it ended with %d", code)
	}
}

// passwordIn is the password in an address.
func passwordIn(t testing.TB, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	secret, ok := u.User.Password()
	if !ok {
		t.Fatal("the address has no password")
	}
	return secret
}

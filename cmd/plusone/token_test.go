package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/plusone-dev/plusone/internal/testkit"
)

// made is a token that the command made.
func (o *office) made(name, scope string, more ...string) string {
	o.t.Helper()
	code, out, errs := invoke(o.t, append([]string{"token", "create", "--name", name, "--scope", scope, "--database-url", testkit.As(o.t, o.dsn, "plusone_tools")}, more...)...)
	token := strings.TrimSpace(out)
	if code != 0 || !strings.HasPrefix(token, "po_"+scope+"_") || strings.ContainsAny(token, " \n") || strings.Contains(errs, token) {
		o.t.Fatalf("%s: %d, %q, %s", name, code, out, errs)
	}
	mustSay(o.t, errs, name, scope, "shown this once")
	return token
}

// TestTokensByCommand has tokens made, listed, used against the API and revoked. Nothing of them is left behind but a hash.
func TestTokensByCommand(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	tools := testkit.As(t, o.dsn, "plusone_tools")
	code, out, _ := invoke(t, "token", "list", "--database-url", tools)
	if code != 0 {
		t.Fatalf("%d %s", code, out)
	}
	mustSay(t, out, "There are no service tokens")
	reader, writer, admin := o.made("reports", "read"), o.made("checkout", "write", "--expires", "24h"), o.made("desk", "admin")
	p, base := o.api() // with a stream, and without an admin token of its own
	spend := func(token, key string) (int, string) {
		t.Helper()
		return redeem(t, base, token, key, `{"user_id": "bob", "currency": "usd", "amount": "1.00"}`)
	}
	for what, got := range map[string][2]int{
		"a reader asks":     {first(request(t, "GET", base+"/v1/users/bob", "", reader)), http.StatusOK},
		"a reader spends":   {first(spend(reader, "a")), http.StatusForbidden},
		"a writer spends":   {first(spend(writer, "a")), http.StatusCreated},
		"an admin asks":     {first(request(t, "GET", base+"/v1/export/transfers", "", admin)), http.StatusOK},
		"a writer decides":  {first(request(t, "POST", base+"/v1/users/bob/verify", "", writer)), http.StatusForbidden},
		"an admin decides":  {first(request(t, "POST", base+"/v1/users/bob/verify", "", admin)), http.StatusAccepted},
		"somebody else":     {first(request(t, "GET", base+"/v1/users/bob", "", adminToken)), http.StatusUnauthorized},
		"a service's own":   {first(spend(apiToken, "b")), http.StatusCreated},
		"spends once again": {first(spend(writer, "b")), http.StatusOK},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: %d, not %d", what, got[0], got[1])
		}
	}
	if made := query[string](t, o.dsn, "select made_by from redemptions order by id"); strings.Join(made, " ") != "checkout PLUSONE_API_TOKEN" &&
		strings.Join(made, " ") != "PLUSONE_API_TOKEN checkout" {
		t.Errorf("redeemed by %v", made)
	}

	if code, out, errs := invoke(t, "token", "revoke", "reports", "--database-url", tools); code != 0 || !strings.Contains(out, "within 2s") {
		t.Errorf("%d %s %s", code, out, errs)
	}
	testkit.Eventually(t, patience, func() (bool, string) {
		status, answer := request(t, "GET", base+"/v1/users/bob", "", reader)
		return status == http.StatusUnauthorized, fmt.Sprint(status, answer)
	})
	if code, _, errs := invoke(t, "token", "revoke", "reports", "--database-url", tools); code != 1 || !strings.Contains(errs, "token list") {
		t.Errorf("revoked twice: %d %s", code, errs)
	}
	o.made("reports", "read") // a name is free again
	if code, _, errs := invoke(t, "token", "create", "--name", "reports", "--scope", "read", "--database-url", tools); code != 1 || !strings.Contains(errs, "already") {
		t.Errorf("twice: %d %s", code, errs)
	}
	code, out, _ = invoke(t, "token", "list", "--database-url", tools)
	if lines := strings.Count(out, "\n"); code != 0 || lines != 5 {
		t.Errorf("%d: %d lines\n%s", code, lines, out)
	}
	mustSay(t, out, "reports", "revoked", "valid", "checkout", "write", "desk")
	mustNotSay(t, out+p.Output(), reader, writer, admin, "po_")
	code, out, _ = invoke(t, "token", "list", "--json", "--database-url", tools)
	var listed []tokenJSON
	if err := json.Unmarshal([]byte(out), &listed); err != nil || code != 0 || len(listed) != 4 || listed[0].State != "revoked" || listed[0].LastUsedAt == nil {
		t.Errorf("%d %v %s", code, err, out)
	}
	if e := listed[1].ExpiresAt; e == nil || time.Until(*e) < 23*time.Hour || time.Until(*e) > 25*time.Hour {
		t.Errorf("checkout expires %v", e)
	}
}

func first(status int, _ string) int { return status }

// redeem spends credit through the API.
func redeem(t *testing.T, base, token, key, body string) (status int, answer string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/v1/redemptions", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Idempotency-Key", key)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode, res.Header.Get("Location")
}

func TestTokensThatCanNotBeMade(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		says string
	}{
		{[]string{"--name", "x"}, "--scope"},
		{[]string{"--scope", "read"}, "--name"},
		{[]string{"--name", "x", "--scope", "owner"}, "read"},
		{[]string{"--name", "Two Words", "--scope", "read"}, "--name must be"},
		{[]string{"--name", "", "--scope", "read"}, "--name must be"},
		{[]string{"--name", strings.Repeat("x", 64), "--scope", "read"}, "--name must be"},
		{[]string{"--name", "x", "--scope", "read", "--expires=-1h"}, "--expires must be"},
		{[]string{"--name", "x", "--scope", "read", "--expires", "soon"}, "expires"},
		{[]string{"--name", "x", "--scope", "read"}, "which database?"},
	} {
		if code, out, errs := invoke(t, append([]string{"token", "create"}, tt.args...)...); code != 2 || !strings.Contains(errs, tt.says) || out != "" {
			t.Errorf("%v: %d %q %s", tt.args, code, out, errs)
		}
	}
}

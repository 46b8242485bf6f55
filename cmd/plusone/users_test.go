package main

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/plusone-dev/plusone/internal/testkit"
)

// asUser asks as one of the business's users, or as a visitor without a token.
func asUser(t testing.TB, method, url, token, body string) (status int, answer string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, strings.TrimSpace(string(text))
}

// userToken is what `plusone token user` prints.
func userToken(t testing.TB, args ...string) string {
	t.Helper()
	code, out, errs := invoke(t, append([]string{"token", "user"}, args...)...)
	if code != 0 || strings.Count(out, ".") != 2 {
		t.Fatalf("it ended with %d and %q, %s", code, out, errs)
	}
	return strings.TrimSpace(out)
}

// TestUsersOfDev: users are answered by a running plusone dev, with tokens made on the command line, and whoever has no
// code is given one by way of the stream.
func TestUsersOfDev(t *testing.T) {
	dir := t.TempDir()
	d := startDev(t, dir)
	d.WaitLine(patience, "plusone token user USER_ID --data "+dir)
	url := d.state(t).URL
	alice := userToken(t, "alice", "--data", dir)

	status, text := asUser(t, "GET", url+"/referral/code", alice, "")
	var own struct {
		Code     string `json:"referral_code"`
		ShareURL string `json:"share_url"`
	}
	if err := json.Unmarshal([]byte(text), &own); err != nil || status != 200 || own.ShareURL != url+"/r/"+own.Code {
		t.Fatalf("%d %s", status, text)
	}
	status, text = asUser(t, "POST", url+"/referral/validate", "", fmt.Sprintf(`{"referral_code":%q}`, own.Code))
	if status != 200 || !strings.HasPrefix(text, `{"valid":true,"message":"Referral code is valid","referrer":{"username":`) {
		t.Errorf("%d %s", status, text)
	}
	status, text = asUser(t, "POST", url+"/referral/validate", alice, fmt.Sprintf(`{"referral_code":%q}`, own.Code))
	if status != 200 || !strings.Contains(text, "You can not use your own code") {
		t.Errorf("%d %s", status, text)
	}
	testkit.Eventually(t, patience, func() (bool, string) { // the tallies follow a moment later
		_, text = asUser(t, "GET", url+"/referral/stats", alice, "")
		return strings.Contains(text, `"total_earned":10.0,`) && strings.Contains(text, `"by_status":{"pending":1,"qualified":0,"rewarded":1,"cancelled":1}`), text
	})
	if status, text = asUser(t, "GET", url+"/user/balance", alice, ""); status != 200 || !strings.HasPrefix(text, `{"credits":10.0,"currency":"usd",`) {
		t.Errorf("%d %s", status, text)
	}
	if status, text = asUser(t, "GET", url+"/referral/leaderboard", alice, ""); status != 200 || !strings.Contains(text, `{"rank":1,"name":"alice","referrals":1,"you":true}`) {
		t.Errorf("%d %s", status, text)
	}
	if status, text = asUser(t, "DELETE", url+"/referral/leaderboard/me", alice, ""); status != 204 {
		t.Errorf("%d %s", status, text)
	}
	status, text = asUser(t, "GET", url+"/referral/code", userToken(t, "walter", "--data", dir), "")
	if err := json.Unmarshal([]byte(text), &own); err != nil || status != 200 || len(own.Code) != 8 {
		t.Errorf("%d %s", status, text)
	}
	if status, text = asUser(t, "GET", url+"/referral/stats", kept(t, dir, "api-token"), ""); status != 401 {
		t.Errorf("a service token: %d %s", status, text)
	}
	_, metrics := asUser(t, "GET", url+"/metrics", "", "")
	for _, name := range []string{"alice", "walter", own.Code} {
		if strings.Contains(metrics, name) {
			t.Errorf("the metrics name %s", name)
		}
	}
	mustSay(t, metrics, `plusone_code_validations_total{outcome="valid"} 1`, `plusone_code_validations_total{outcome="own"} 1`,
		`plusone_user_tokens_refused_total{reason="malformed"} 1`)
	d.interrupt(t)
}

// TestUsersByPublicKey: a role verifies with a public key, from a file, and shares links where it is told that it is reached.
func TestUsersByPublicKey(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	file := write(t, "users.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})))
	token, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{"sub": "alice", "exp": time.Now().Add(time.Minute).Unix()}).SignedString(private)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []publicFlags{
		{UserJWTKeys: file, PublicURL: "https://refer.example.com/", TrustedProxies: []string{"10.0.0.0/8", "192.0.2.1", "2001:db8::/32"}, Validations: 30},
		{UserJWTKeys: file, Validations: 30},
	} {
		if problems := c.problems(); len(problems) > 0 {
			t.Errorf("%q", problems)
		}
		tokens, err := c.tokens()
		if err != nil {
			t.Fatal(err)
		}
		if id, err := tokens.Verify(token); err != nil || id != "alice" {
			t.Errorf("%q, %v", id, err)
		}
		want := "http://127.0.0.1:8080"
		if c.PublicURL != "" {
			want = "https://refer.example.com"
		}
		if got := c.public("http://127.0.0.1:8080"); got != want {
			t.Errorf("it is reached at %s", got)
		}
	}
}

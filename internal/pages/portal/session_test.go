package portal

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/plusone-dev/plusone/internal/usertoken"
)

func TestATokenBecomesACookie(t *testing.T) {
	for secure, want := range map[bool]string{
		false: "; Path=/dashboard; HttpOnly; SameSite=Lax",
		true:  "; Path=/dashboard; HttpOnly; Secure; SameSite=None; Partitioned",
	} {
		w := newWorld(t, func(c *Config) { c.Secure = secure })
		w.story()
		token := w.token("u-alice")
		answer := w.ask(http.MethodPost, "/dashboard/enter", form("token", token), "Origin", shop)
		if answer.Code != http.StatusSeeOther || answer.Header().Get("Location") != "/dashboard" {
			t.Fatalf("%d %v", answer.Code, answer.Header())
		}
		if got := answer.Header().Get("Set-Cookie"); got != cookie(token)+want {
			t.Errorf("the cookie is %s, want …%s", got, want)
		}
		w.shows(w.see("u-alice", "/dashboard"), "https://refer.example/r/C-U-ALICE")
		if log := w.log.String(); strings.Contains(log, token) {
			t.Errorf("the log has the token: %s", log)
		}
	}
}

// Whose page may post a token: the embedders' and our own. Nobody in particular where no embedders are named.
func TestWhoMayPostAToken(t *testing.T) {
	w := newWorld(t)
	open := newWorld(t, func(c *Config) { c.Embedders = nil })
	for _, c := range []struct {
		origin string
		want   int
		open   int
	}{
		{shop, http.StatusSeeOther, http.StatusSeeOther},
		{"", http.StatusSeeOther, http.StatusSeeOther},
		{"https://example.com", http.StatusSeeOther, http.StatusSeeOther}, // the host of httptest's requests
		{"https://evil.example", http.StatusForbidden, http.StatusSeeOther},
		{"http://shop.example", http.StatusForbidden, http.StatusSeeOther},
		{"https://shop.example.evil.example", http.StatusForbidden, http.StatusSeeOther},
		{"null", http.StatusForbidden, http.StatusSeeOther},
	} {
		for world, want := range map[*world]int{w: c.want, open: c.open} {
			headers := []string{"Origin", c.origin, "Sec-Fetch-Site", "cross-site"}
			if c.origin == "" {
				headers = nil
			}
			answer := world.ask(http.MethodPost, "/dashboard/enter", form("token", world.token("u-alice")), headers...)
			if answer.Code != want {
				t.Errorf("%q: %d, want %d", c.origin, answer.Code, want)
			}
			if (answer.Header().Get("Set-Cookie") != "") != (want == http.StatusSeeOther) {
				t.Errorf("%q: %v", c.origin, answer.Header())
			}
		}
	}
}

func TestTokensThatDoNotCount(t *testing.T) {
	w := newWorld(t)
	w.story()
	sign := func(method jwt.SigningMethod, key any, claims jwt.RegisteredClaims) string {
		token, err := jwt.NewWithClaims(method, claims).SignedString(key)
		w.must(err)
		return token
	}
	soon := jwt.NewNumericDate(w.now.Add(time.Hour))
	other, err := usertoken.Mint("another secret, of somebody who is not the business", "u-alice", w.now, time.Hour)
	w.must(err)
	for name, token := range map[string]string{
		"none":           "",
		"not a token":    "u-alice",
		"another secret": other,
		"unsigned":       sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, jwt.RegisteredClaims{Subject: "u-alice", ExpiresAt: soon}),
		"no end":         sign(jwt.SigningMethodHS256, []byte(secret), jwt.RegisteredClaims{Subject: "u-alice"}),
		"a week":         sign(jwt.SigningMethodHS256, []byte(secret), jwt.RegisteredClaims{Subject: "u-alice", ExpiresAt: jwt.NewNumericDate(w.now.Add(7 * 24 * time.Hour))}),
		"expired":        sign(jwt.SigningMethodHS256, []byte(secret), jwt.RegisteredClaims{Subject: "u-alice", ExpiresAt: jwt.NewNumericDate(w.now.Add(-time.Hour))}),
		"too large":      sign(jwt.SigningMethodHS256, []byte(secret), jwt.RegisteredClaims{Subject: "u-alice", ExpiresAt: soon, ID: strings.Repeat("x", 4000)}),
		"a huge body":    strings.Repeat("x", 1<<20),
	} {
		posted := w.ask(http.MethodPost, "/dashboard/enter", form("token", token), "Origin", shop)
		if posted.Code != http.StatusForbidden || posted.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s: it was taken: %d %v", name, posted.Code, posted.Header())
		}
		if name == "too large" {
			continue // as a cookie no browser would send it
		}
		answer := w.ask(http.MethodGet, "/dashboard", "", "Cookie", cookie(token))
		if answer.Code != http.StatusForbidden {
			t.Errorf("%s: %d", name, answer.Code)
		}
		w.hides(answer.Body.String(), "C-U-ALICE", "Alice", "Bob")
	}
}

// What stands in an address is written to logs, and sent on to others.
func TestATokenInTheAddressIsNotLookedAt(t *testing.T) {
	w := newWorld(t)
	w.story()
	token := w.token("u-alice")
	if answer := w.ask(http.MethodPost, "/dashboard/enter?token="+token, form("x", "y"), "Origin", shop); answer.Code != http.StatusForbidden {
		t.Errorf("posted with the address: %d", answer.Code)
	}
	for _, target := range []string{"/dashboard?token=" + token, "/dashboard/enter?token=" + token} {
		if answer := w.ask(http.MethodGet, target, ""); answer.Code < 400 {
			t.Errorf("%d", answer.Code)
		}
	}
}

func TestASessionEndsWithItsToken(t *testing.T) {
	w := newWorld(t)
	w.story()
	held := cookie(w.token("u-alice"))
	for after, want := range map[time.Duration]int{59 * time.Minute: http.StatusOK, 62 * time.Minute: http.StatusForbidden} {
		w.now = noon.Add(after)
		for _, target := range []string{"/dashboard", "/dashboard/qr.svg"} {
			answer := w.ask(http.MethodGet, target, "", "Cookie", held)
			if answer.Code != want {
				t.Errorf("%s after %s: %d, want %d", target, after, answer.Code, want)
			}
			if want == http.StatusForbidden {
				w.shows(answer.Body.String(), "Please open this page again")
				w.hides(answer.Body.String(), "C-U-ALICE")
			}
		}
	}
}

func TestSigningOut(t *testing.T) {
	w := newWorld(t)
	answer := w.ask(http.MethodPost, "/dashboard/leave", "", "Cookie", cookie(w.token("u-alice")), "Sec-Fetch-Site", "same-origin")
	if got := answer.Header().Get("Set-Cookie"); answer.Code != http.StatusOK || !strings.HasPrefix(got, cookieName+"=; Path=/dashboard; Max-Age=0;") {
		t.Errorf("%d %s", answer.Code, got)
	}
}

// Another site may send a form in a user's name, and their browser adds the cookie.
func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	w := newWorld(t)
	w.story()
	held := cookie(w.token("u-alice"))
	for _, target := range []string{"/dashboard/listing", "/dashboard/leave"} {
		for _, headers := range [][]string{
			{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", shop}, {"Origin", "null"},
		} {
			answer := w.ask(http.MethodPost, target, form("listed", "no"), append(headers, "Cookie", held)...)
			if answer.Code != http.StatusForbidden || answer.Header().Get("Set-Cookie") != "" {
				t.Errorf("%s with %v: %d %v", target, headers, answer.Code, answer.Header())
			}
			w.shows(answer.Body.String(), "Nothing was changed")
		}
	}
	me, err := w.config.Store.Referrer(t.Context(), "u-alice")
	w.must(err)
	if !me.Listed {
		t.Error("another site took alice off the leaderboard")
	}
}

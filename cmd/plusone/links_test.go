package main

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/plusone-dev/plusone/internal/testkit"
)

// follow follows a link as a browser does, as far as to where it leads.
func follow(t testing.TB, url string, header ...string) (to string, cookie *http.Cookie) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusFound {
		t.Fatalf("%s: %s", url, res.Status)
	}
	for _, c := range res.Cookies() {
		cookie = c
	}
	return res.Header.Get("Location"), cookie
}

// TestLinksOfARole: the API as it is deployed sends visitors on whether the stream is there or not, with the rights that its users
// have; what it could not publish then it does when the stream is back, and what is left when it is stopped, before it ends.
func TestLinksOfARole(t *testing.T) {
	d := deploy(t)
	d.worker()
	d.mustSend(signUp("alice", "", time.Now().Add(-time.Hour)))
	d.applied(1)
	code := d.code("alice")
	api := d.role("api", "--signup-url", "https://shop.example/signup?plan=pro", "--link-path", "/invite/", "--trusted-proxies", "127.0.0.0/8")
	at, admin := listensAt(api, "api"), listensAt(api, "admin")
	api.WaitHealthy(patience, admin+"/readyz")
	visits := 0
	visit := func(n int) {
		t.Helper()
		for i := range n {
			to, cookie := follow(t, at+"/invite/"+strings.ToLower(code)+"?via=qr", "X-Forwarded-Proto", "https", "X-Forwarded-For", fmt.Sprintf("192.0.2.%d", i))
			if to != "https://shop.example/signup?plan=pro&ref="+code+"&via=qr" || cookie == nil || cookie.Value != code || !cookie.Secure || !cookie.HttpOnly {
				t.Fatalf("it leads to %s with %v", to, cookie)
			}
		}
		visits += n
	}
	counted := func(n int) {
		t.Helper()
		testkit.Eventually(t, patience, func() (bool, string) {
			_, page := asUser(t, "GET", admin+"/metrics", "", "")
			return strings.Contains(page, fmt.Sprintf("plusone_link_visits_total{outcome=\"counted\"} %d\n", n)), page
		})
	}
	visit(20)
	if to, cookie := follow(t, at+"/r/NOBODY23"); to != "https://shop.example/signup?plan=pro" || cookie != nil {
		t.Errorf("a code that nobody has leads to %s with %v", to, cookie)
	}
	counted(visits)

	d.nats.Kill()
	visit(20)
	api.WaitLine(patience, "the stream does not take visits")
	d.nats.Restart()
	counted(visits)

	visit(5)
	api.Signal(syscall.SIGTERM)
	if code := api.Wait(patience); code != 0 {
		t.Errorf("it ended with %d", code)
	}
	testkit.Eventually(t, patience, func() (bool, string) {
		n := d.count("select coalesce(sum(visits), 0)::int from standings")
		return n == visits, fmt.Sprintf("%d of %d visits", n, visits)
	})
	d.lawful()
	if strings.Contains(api.Output(), "192.0.2.") || strings.Contains(api.Output(), "Mozilla") {
		t.Error("the log tells who followed a link")
	}
	d.stop()
}

// TestLinksOfDev: plusone dev serves links behind its one door, and shares them by the path it was told.
func TestLinksOfDev(t *testing.T) {
	dir := t.TempDir()
	d := startDev(t, dir, "--signup-url", "http://127.0.0.1:8000/register", "--link-path", "/go/with/")
	url := d.state(t).URL
	status, text := asUser(t, "GET", url+"/referral/code", userToken(t, "alice", "--data", dir), "")
	_, rest, _ := strings.Cut(text, `"referral_code":"`)
	code, _, _ := strings.Cut(rest, `"`)
	if status != 200 || !strings.Contains(text, `"share_url":"`+url+"/go/with/"+code+`"`) {
		t.Fatalf("%d %s", status, text)
	}
	for _, path := range []string{"/go/with/", "/r/"} {
		if to, cookie := follow(t, url+path+code); to != "http://127.0.0.1:8000/register?ref="+code || cookie == nil || cookie.Secure {
			t.Errorf("%s leads to %s with %v", path, to, cookie)
		}
	}
	if status, text := asUser(t, "GET", url+"/plusone.js", "", ""); status != 200 || !strings.Contains(text, "data-plusone") {
		t.Errorf("the script: %d %s", status, text)
	}
	testkit.Eventually(t, patience, func() (bool, string) {
		_, text := asUser(t, "GET", url+"/referral/stats", userToken(t, "alice", "--data", dir), "")
		return strings.Contains(text, `"visits":2,`), text
	})
	d.interrupt(t)
	d.mustTellTheStory(t)
}

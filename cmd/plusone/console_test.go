package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plusone-dev/plusone/internal/testkit"
)

// TestConsole signs in to the console of a running plusone, sees the story, and has somebody verified through the stream and the
// worker.
func TestConsole(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	d := startDev(t, data)
	d.mustTellTheStory(t)
	u := d.state(t).URL
	mustSay(t, d.Output(), u+"/console, with the admin token")
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	person := &visitor{t: t, client: &http.Client{Jar: jar, Timeout: 30 * time.Second}, url: u}

	mustSay(t, person.get(http.StatusOK, "/console"), "Admin token") // led to the page to sign in
	person.post(http.StatusUnauthorized, "/console/sign-in", "name", "Kim", "token", kept(t, data, "api-token"))
	page := person.post(http.StatusOK, "/console/sign-in", "name", "Kim", "token", kept(t, data, "admin-token"))
	mustSay(t, page, "Overview", "Sign out", "Latest referrals")
	testkit.Eventually(t, 30*time.Second, func() (bool, string) { // the tallies are folded a moment later
		page := person.get(http.StatusOK, "/console")
		return strings.Contains(page, "33.3 %"), page
	})
	mustSay(t, person.get(http.StatusOK, "/console/referrals"), "bob", "carol", "dave", "refunded")
	mustSay(t, person.get(http.StatusOK, "/console/dead-letters"), "Every event could be processed")
	mustSay(t, person.get(http.StatusOK, "/console/health"), "It has come to every event.", "Everything is told.")
	found := person.post(http.StatusOK, "/console/search", "text", "bob")
	mustSay(t, found, "bob@example.com")
	_, rest, _ := strings.Cut(found, `href="/console/users/`)
	number, _, _ := strings.Cut(rest, `/`)
	mustSay(t, person.post(http.StatusOK, "/console/users/"+number+"/verify"), "The e-mail address is verified.")
	source := "name: default\nqualify: {minimum: {usd: \"3.00\"}}\nrewards:\n  - {to: referrer, fixed: {usd: \"1.00\"}}\n"
	mustSay(t, person.post(http.StatusOK, "/console/programs/preview", "source", source), "Would stand elsewhere", "$2.00")
	mustSay(t, person.post(http.StatusOK, "/console/programs/apply", "source", source, "sure", "yes"), "is in force, for sign-ups from now on")

	_, metrics := get(t, u+"/metrics")
	mustSay(t, metrics, `plusone_console_sign_ins_total{outcome="ok"} 1`, `plusone_console_sign_ins_total{outcome="wrong"} 1`,
		`plusone_http_requests_total{method="GET",route="GET /console/referrals",status="2xx"} 1`)
	mustNotSay(t, d.Output(), `"by":"`+kept(t, data, "admin-token"))
	person.post(http.StatusOK, "/console/sign-out")
	mustSay(t, person.get(http.StatusOK, "/console/users"), "Admin token")
}

// visitor is a browser that keeps its cookies, and follows where it is led.
type visitor struct {
	t      testing.TB
	client *http.Client
	url    string
}

func (v *visitor) get(status int, path string) string {
	v.t.Helper()
	return v.read(status, path, func() (*http.Response, error) { return v.client.Get(v.url + path) })
}

func (v *visitor) post(status int, path string, fields ...string) string {
	v.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return v.read(status, path, func() (*http.Response, error) { return v.client.PostForm(v.url+path, form) })
}

func (v *visitor) read(status int, path string, send func() (*http.Response, error)) string {
	v.t.Helper()
	res, err := send()
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != status {
		v.t.Fatalf("%s: %d, %v: %s", path, res.StatusCode, err, text)
	}
	return string(text)
}

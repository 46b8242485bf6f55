package shop_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// join registers with the form.
func (o *opened) join(name, code string) (page string) {
	o.t.Helper()
	status, at, page := o.visit("/register", url.Values{"username": {name}, "email": {name + "@example.com"}, "referral_code": {code}})
	if status != 200 || at != "/account" {
		o.t.Fatalf("%d at %s: %s", status, at, page)
	}
	return page
}

// buy buys something with the forms, and returns the session.
func (o *opened) buy(item string) (session string) {
	o.t.Helper()
	status, at, page := o.visit("/buy", url.Values{"item": {item}})
	if status != 200 || !strings.HasPrefix(at, "/checkout/cs_test_") || !strings.Contains(page, "Test mode") {
		o.t.Fatalf("%d at %s: %s", status, at, page)
	}
	session = strings.TrimPrefix(at, "/checkout/")
	if status, _, page := o.visit(at, url.Values{"card": {"4000000000000002"}, "expires": {"12/34"}, "cvc": {"123"}}); status != 402 || !strings.Contains(page, "Your card was declined.") {
		o.t.Errorf("a declined card: %d %s", status, page)
	}
	if status, _, page := o.visit(at, url.Values{"card": {"4242424242424242"}, "expires": {"11/20"}, "cvc": {"123"}}); status != 402 || !strings.Contains(page, "expiration date") {
		o.t.Errorf("an expired card: %d %s", status, page)
	}
	if status, _, page := o.visit(at, url.Values{"card": {"4242424242424242"}, "expires": {"12/34"}, "cvc": {"1"}}); status != 402 || !strings.Contains(page, "security code") {
		o.t.Errorf("half a code: %d %s", status, page)
	}
	status, at, page = o.visit(at, url.Values{"card": {"4242 4242 4242 4242"}, "expires": {"12 / 34"}, "cvc": {"123"}})
	if status != 200 || !strings.HasPrefix(at, "/thanks?") || !strings.Contains(page, "is paid") || !strings.Contains(page, "is your credit now") {
		o.t.Errorf("%d at %s: %s", status, at, page)
	}
	return session
}

var shownKey = regexp.MustCompile(`shop_[A-Z0-9]+`)

// TestTheStoryWithForms: register, buy, sign out, come back with the key, be two people in one browser.
func TestTheStoryWithForms(t *testing.T) {
	f := newFake(t)
	o := open(t, f, "")
	if status, at, _ := o.visit("/buy", url.Values{"item": {"night-owl"}}); status != 200 || at != "/register" {
		t.Errorf("a stranger who buys: %d at %s", status, at)
	}
	page := o.join("alice", "")
	key := shownKey.FindString(page)
	if key == "" {
		t.Fatalf("no key: %s", page)
	}
	if _, _, page := o.visit("/account", nil); strings.Contains(page, key) {
		t.Error("the key is shown twice")
	}
	o.buy("night-owl")
	if _, _, page := o.visit("/account", nil); !strings.Contains(page, "Night Owl") || !strings.Contains(page, "3.00 <small>usd") {
		t.Errorf("the account: %s", page)
	}
	if _, _, page := o.visit("/invite", nil); !strings.Contains(page, `action="`+f.URL+`/dashboard/enter" target="rewards"`) ||
		!regexp.MustCompile(`name="token" value="[\w-]+\.[\w-]+\.[\w-]+"`).MatchString(page) {
		t.Errorf("the page for inviting: %s", page)
	}

	o.join("bob", "FRIEND22")
	if _, _, page := o.visit("/account", nil); !strings.Contains(page, "Hello, bob") || !strings.Contains(page, "Change to alice") || strings.Contains(page, "Night Owl") {
		t.Errorf("bob's account: %s", page)
	}
	alice := regexp.MustCompile(`name="person" value="(usr_\w+)"`).FindStringSubmatch(func() string { _, _, p := o.visit("/account", nil); return p }())
	if _, _, page := o.visit("/switch", url.Values{"person": {alice[1]}}); !strings.Contains(page, "Hello, alice") || !strings.Contains(page, "Change to bob") {
		t.Errorf("alice again: %s", page)
	}
	o.visit("/signout", url.Values{})
	o.visit("/signout", url.Values{})
	if _, at, _ := o.visit("/account", nil); at != "/signin" {
		t.Errorf("signed out, at %s", at)
	}
	if status, _, page := o.visit("/signin", url.Values{"api_key": {key + "x"}}); status != 401 || !strings.Contains(page, "nobody&#39;s key") {
		t.Errorf("a wrong key: %d %s", status, page)
	}
	if _, at, page := o.visit("/signin", url.Values{"api_key": {key}}); at != "/account" || !strings.Contains(page, "Hello, alice") {
		t.Errorf("signed in, at %s: %s", at, page)
	}
	// A restart signs nobody out.
	o.close()
	again := open(t, f, o.file)
	again.browser = o.browser
	if _, _, page := again.visit("/account", nil); !strings.Contains(page, "Hello, alice") {
		t.Errorf("after a restart: %s", page)
	}
}

func TestReferredBy(t *testing.T) {
	o := open(t, newFake(t), "")
	for code, want := range map[string]string{
		"FRIEND22": "Referred by <strong>alice</strong>", "NOSUCH22": "code not found", "USEDUP22": "maximum uses", "OFTEN222": "could not look",
	} {
		status, _, page := o.visit("/register?ref="+code, nil)
		if status != 200 || !strings.Contains(page, want) || !strings.Contains(page, `value="`+code+`"`) {
			t.Errorf("%s: %d %s", code, status, page)
		}
	}
	at, err := url.Parse(o.URL)
	if err != nil {
		t.Fatal(err)
	}
	o.browser.Jar.SetCookies(at, []*http.Cookie{{Name: "plusone_touch", Value: "FRIEND22.x"}})
	if _, _, page := o.visit("/register", nil); !strings.Contains(page, "Referred by <strong>alice</strong>") || !strings.Contains(page, `name="source" value="x"`) {
		t.Errorf("by the script's cookie: %s", page)
	}
	status, _, page := o.visit("/register", url.Values{"username": {"bob"}, "email": {"bob@example.com"}, "referral_code": {"NOSUCH22"}})
	if status != 400 || !strings.Contains(page, "code not found") || !strings.Contains(page, `value="bob@example.com"`) {
		t.Errorf("a wrong code in the form: %d %s", status, page)
	}
}

// TestForeignForms: another page, be it of another port of this machine, sends no form in the visitor's name.
func TestForeignForms(t *testing.T) {
	o := open(t, newFake(t), "")
	o.join("alice", "")
	for _, from := range []struct{ site, origin string }{
		{"cross-site", "https://evil.example"}, {"same-site", "http://127.0.0.1:1"}, {"", "https://evil.example"}, {"", "null"},
	} {
		for _, path := range []string{"/buy", "/signout", "/register", "/switch", "/account/orders/x/refund", "/checkout/x"} {
			req, err := http.NewRequest(http.MethodPost, o.URL+path, strings.NewReader("item=night-owl"))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.Header.Set("Origin", from.origin)
			if from.site != "" {
				req.Header.Set("Sec-Fetch-Site", from.site)
			}
			res, err := o.browser.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if res.StatusCode != http.StatusForbidden {
				t.Errorf("%s from %v is answered %d", path, from, res.StatusCode)
			}
		}
	}
	if _, at, _ := o.visit("/account", nil); at != "/account" {
		t.Error("somebody signed alice out")
	}
}

// TestPagesKeepToThemselves: names are text, and the browser is told to run nothing else.
func TestPagesKeepToThemselves(t *testing.T) {
	f := newFake(t)
	o := open(t, f, "")
	status, _, page := o.visit("/register", url.Values{"username": {`<script>x</script>`}, "email": {"x@example.com"}})
	if status != 200 || strings.Contains(page, "<script>x") || !strings.Contains(page, "&lt;script&gt;") {
		t.Errorf("%d %s", status, page)
	}
	_, _, page = o.visit("/register?ref=%22%3E%3Cscript%3Ex", nil)
	if strings.Contains(page, `"><script>x`) {
		t.Error(page)
	}
	for _, path := range []string{"/", "/register", "/signin", "/account", "/invite", "/nowhere", "/checkout/x", "/thanks", "/assets/", "/assets/shop.css", "/assets/shop.js"} {
		res, err := o.browser.Get(o.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		csp := res.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(csp, "default-src 'none'; style-src 'self'; ") || strings.Contains(csp, "unsafe") || !strings.Contains(csp, "frame-ancestors 'none'") ||
			res.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", path, res.Header)
		}
		if known := path != "/nowhere" && path != "/checkout/x" && path != "/thanks" && path != "/assets/"; known != (res.StatusCode == 200) {
			t.Errorf("%s is answered %d", path, res.StatusCode)
		}
	}
	at, err := url.Parse(o.URL)
	if err != nil {
		t.Fatal(err)
	}
	if cookies := fmt.Sprint(o.browser.Jar.Cookies(at)); strings.Contains(cookies, "usr_") {
		t.Errorf("cookies: %s", cookies)
	}
}

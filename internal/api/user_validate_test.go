package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/limit"
)

// fill uses up the code of a user, which may be used so many times.
func (u *userWorld) fill(userID string, times int) {
	u.t.Helper()
	u.terms(fmt.Sprintf("name: default\ncodes: {length: 8, max_uses: %d}\nqualify: {minimum: {usd: \"10.00\"}}\nrewards: [{to: referrer, percent: \"20\"}]\n", times))
	at := noon.Add(-time.Hour)
	u.apply(signUp(userID, "", at))
	for n := range times {
		friend := fmt.Sprintf("%s-friend-%d", userID, n)
		u.apply(signUp(friend, "C-"+strings.ToUpper(userID), at), purchase(100+n, friend, 1000, "usd", at.Add(time.Minute)))
	}
}

const (
	toldNotFound = `{"valid":false,"message":"Invalid referral code","error":"Code not found"}` + "\n"
	toldUsedUp   = `{"valid":false,"message":"Invalid referral code","error":"Referral code has reached maximum uses"}` + "\n"
	toldOwn      = `{"valid":false,"message":"Invalid referral code","error":"You can not use your own code"}` + "\n"
)

func TestValidate(t *testing.T) {
	u := newUserWorld(t)
	u.fill("zoe", 2)
	at := noon.Add(-time.Hour)
	silent := signUp("silent", "", at)
	silent.SignUp.Username, silent.SignUp.Email = "", ""
	mail := signUp("mail", "", at)
	mail.SignUp.Username = "someone@example.org"
	u.apply(signUp("alice", "", at), signUp("erin", "C-NOBODY", at), silent, mail)
	u.apply(signUp("endless", "", at))
	_, err := u.open(u.dsn).Exec(t.Context(), "update codes set max_uses = 0 where code = 'C-ENDLESS'")
	u.must(err)
	valid := func(referrer, remaining string) string {
		return `{"valid":true,"message":"Referral code is valid","referrer":` + referrer + `,"remaining_uses":` + remaining + "}\n"
	}
	alice := valid(`{"username":"Mx alice","email":"a•••@example.com"}`, "2")
	for _, tt := range []struct{ user, code, want string }{
		{"", "C-ALICE", alice},
		{"bob", "C-ALICE", alice},
		{"bob", "  c-alice ", alice}, // as a person may write it
		{"alice", "C-ALICE", toldOwn},
		{"", "C-ENDLESS", valid(`{"username":"Mx endless","email":"e•••@example.com"}`, "null")},
		{"", "C-SILENT", valid(`{"username":null,"email":null}`, "2")},
		{"", "C-MAIL", valid(`{"username":"s•••@example.org","email":"m•••@example.com"}`, "2")},
		{"", "C-ZOE", toldUsedUp},
		{"bob", "C-ZOE", toldUsedUp},
		{"zoe", "C-ZOE", toldOwn},
		{"", "C-MISSING", toldNotFound},
		{"", "C-NOBODY", toldNotFound}, // somebody named it, and nobody has it
		{"", "x", toldNotFound},
		{"", strings.Repeat("C", 500), toldNotFound},
		{"", "' or '1'='1", toldNotFound},
		{"", "C-ALICE'; drop table codes; --", toldNotFound},
		{"", "C%", toldNotFound},
		{"", "🦊🦊🦊", toldNotFound},
	} {
		answer := u.validates(tt.user, tt.code)
		if answer.Code != http.StatusOK || answer.Body.String() != tt.want {
			t.Errorf("%q by %q: %d %s, want %s", tt.code, tt.user, answer.Code, answer.Body, tt.want)
		}
		if h := answer.Header(); h.Get("Cache-Control") != "no-store" || h.Get("Content-Type") != "application/json" {
			t.Errorf("headers %v", h)
		}
		for _, secret := range []string{"alice@", "mail@", "someone@", "zoe@"} {
			if strings.Contains(answer.Body.String(), secret) {
				t.Errorf("%q gives away %q", tt.code, secret)
			}
		}
	}
	if u.log.Len() > 0 {
		t.Errorf("the log says %s", u.log)
	}
	want := `
# HELP plusone_code_validations_total Codes that somebody wanted validated, by what they were told.
# TYPE plusone_code_validations_total counter
plusone_code_validations_total{outcome="limited"} 0
plusone_code_validations_total{outcome="own"} 2
plusone_code_validations_total{outcome="unknown"} 8
plusone_code_validations_total{outcome="used-up"} 2
plusone_code_validations_total{outcome="valid"} 6
`
	if err := testutil.GatherAndCompare(u.reg, strings.NewReader(want), "plusone_code_validations_total"); err != nil {
		t.Error(err)
	}
}

func TestValidateBodies(t *testing.T) {
	u := newUserWorld(t)
	u.story()
	large := `{"referral_code":"C-ALICE","x":"` + strings.Repeat("x", maxBody) + `"}`
	for body, status := range map[string]int{
		`{"referral_code":"C-ALICE"}`: 200, ` { "referral_code" : "C-ALICE" } `: 200,
		``: 400, `null`: 400, `[]`: 400, `"C-ALICE"`: 400, `{`: 400, `{}`: 400, `{"referral_code":null}`: 400, `{"referral_code":""}`: 400, `{"referral_code":"  "}`: 400,
		`{"referral_code":7}`: 400, `{"referral_code":["C-ALICE"]}`: 400, `{"code":"C-ALICE"}`: 400, `{"referral_code":"C-ALICE","x":"y"}`: 400,
		`{"Referral_Code":"C-ALICE"}`: 400, `{"referral_code":"C-ALICE","referral_code":"C-BOB"}`: 400, `{"referral_code":"\ud800"}`: 400,
		"{\"referral_code\":\"\xff\"}": 400, `{"referral_code":"C-ALICE"}{"x":1}`: 400, `referral_code=C-ALICE`: 400,
		large: 413,
	} {
		answer := u.send(http.MethodPost, "/referral/validate", body)
		if answer.Code != status {
			t.Errorf("%.80s: %d, not %d: %s", body, answer.Code, status, answer.Body)
		} else if status >= 400 {
			u.problemOf(answer, status)
		}
	}
	u.problemOf(u.send(http.MethodPost, "/referral/validate?referral_code=C-ALICE", `{"referral_code":"C-ALICE"}`), http.StatusBadRequest)
	if u.log.Len() > 0 {
		t.Errorf("the log says %s", u.log)
	}
}

// TestValidateIsLimited: codes can not be enumerated, from one address nor under one token.
func TestValidateIsLimited(t *testing.T) {
	u := newUserWorld(t)
	u.story()
	u.options.PerMinute, u.options.Clients = 10, limit.NewClients(netip.MustParsePrefix("10.0.0.0/8"))
	u.serve()
	const home, away = "192.0.2.7:4711", "198.51.100.9:4711"
	guess := func(address string, n int, authorization ...string) *httptest.ResponseRecorder {
		return u.from(address, fmt.Sprintf(`{"referral_code":"GUESS%d"}`, n), authorization...)
	}
	limited := func(answer *httptest.ResponseRecorder, after string) {
		t.Helper()
		if p := u.problemOf(answer, http.StatusTooManyRequests); p.Reason != "rate-limited" || answer.Header().Get("Retry-After") != after {
			t.Errorf("%+v, Retry-After %q, want %s", p, answer.Header().Get("Retry-After"), after)
		}
	}
	answered := func(answer *httptest.ResponseRecorder) {
		t.Helper()
		if answer.Code != http.StatusOK {
			t.Errorf("%d %s", answer.Code, answer.Body)
		}
	}
	before := u.queries.n.Load()
	for n := range 10 {
		answered(guess(home, n))
	}
	if asked := u.queries.n.Load() - before; asked != 10 {
		t.Errorf("10 codes took %d statements", asked)
	}
	before = u.queries.n.Load()
	limited(guess(home, 10), "6")
	limited(u.from(home, `{"referral_code":"C-ALICE"}`), "6") // the right one as well
	limited(u.from(home, `not even JSON`), "6")
	limited(guess("192.0.2.7:9", 11, u.bearer("bob")), "6") // another port, and a token, are no way around
	if asked := u.queries.n.Load() - before; asked != 0 {
		t.Errorf("what was too often took %d statements", asked)
	}
	answered(guess(away, 12)) // others are not held up
	u.now = u.now.Add(6 * time.Second)
	answered(guess(home, 13))
	limited(guess(home, 14), "6")

	for n := range 10 { // from ever another address, with one token
		answered(guess(fmt.Sprintf("203.0.113.%d:1", n), n, u.bearer("bob")))
	}
	limited(guess("203.0.113.99:1", 0, u.bearer("bob")), "6")
	answered(guess("203.0.113.98:1", 0, u.bearer("carol")))

	forwarded := func(client string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/referral/validate", strings.NewReader(`{"referral_code":"C-ALICE"}`))
		r.RemoteAddr = "10.0.0.1:4711"
		r.Header.Set("X-Forwarded-For", client)
		answer := httptest.NewRecorder()
		u.handler.ServeHTTP(answer, r)
		return answer
	}
	for n := range 10 { // what stands before the address that the proxy saw is made up
		answered(forwarded(fmt.Sprintf("203.0.113.%d, 192.0.2.99", n)))
	}
	limited(forwarded("192.0.2.99"), "6")
	for n := range 10 { // one network of IPv6 is one client
		answered(forwarded(fmt.Sprintf("2001:db8:1:2::%x", n)))
	}
	limited(forwarded("2001:db8:1:2:ffff::1"), "6")
	answered(forwarded("2001:db8:1:3::1"))

	want := `
# HELP plusone_rate_limited_total Requests of users and visitors that came too often, by route and by what they were counted by.
# TYPE plusone_rate_limited_total counter
plusone_rate_limited_total{by="address",route="POST /referral/validate"} 7
plusone_rate_limited_total{by="user",route="GET /referral/code"} 0
plusone_rate_limited_total{by="user",route="POST /referral/validate"} 1
`
	if err := testutil.GatherAndCompare(u.reg, strings.NewReader(want), "plusone_rate_limited_total"); err != nil {
		t.Error(err)
	}
}

// TestValidateTakesTheSameTime: a wrong code, a used-up one and a right one are told apart by the answer, not by the clock. Each
// takes one statement; that it does the same work is held by the store's TestEveryCodeIsAsMuchWork. The times are compared
// as medians of interleaved runs, with room for the noise of a busy machine.
func TestValidateTakesTheSameTime(t *testing.T) {
	u := newUserWorld(t)
	u.options.PerMinute = 60_000
	u.serve()
	u.fill("zoe", 1)
	at := noon.Add(-time.Hour)
	crowd := []fact.Event{signUp("alice", "", at)}
	for n := range 200 {
		crowd = append(crowd, signUp(fmt.Sprintf("user-%d", n), "", at))
	}
	u.apply(crowd...)
	codes := map[string]string{"right": "C-ALICE", "used up": "C-ZOE", "wrong": "C-WRONG", "impossible": "?"}
	took := make(map[string][]time.Duration)
	for round := range 400 {
		for name, code := range codes {
			before := u.queries.n.Load()
			start := time.Now()
			answer := u.validates("", code)
			if round >= 20 { // warm by now
				took[name] = append(took[name], time.Since(start))
			}
			if n := u.queries.n.Load() - before; n != 1 || answer.Code != http.StatusOK {
				t.Fatalf("%s: %d statements, %d %s", name, n, answer.Code, answer.Body)
			}
		}
	}
	medians := make(map[string]time.Duration)
	for name, all := range took {
		slices.Sort(all)
		medians[name] = all[len(all)/2]
	}
	for name, median := range medians {
		if other := medians["wrong"]; median > other*3/2 || other > median*3/2 {
			t.Errorf("the medians differ by more than half: %s takes %v, a wrong one %v", name, median, other)
		}
	}
	text, err := json.Marshal(medians)
	u.must(err)
	t.Logf("medians in ns: %s", text)
}

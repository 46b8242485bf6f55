package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/usertoken"
)

// userTargets are all that needs a user's token.
var userTargets = []string{
	"GET /referral/code", "GET /referral/stats", "GET /referral/leaderboard", "GET /user/balance",
	"PUT /referral/leaderboard/me", "DELETE /referral/leaderboard/me",
}

func TestUserTokens(t *testing.T) {
	u := newUserWorld(t)
	u.story()
	mint := func(secret string, from time.Time, life time.Duration) string {
		token, err := usertoken.Mint(secret, "alice", from, life)
		u.must(err)
		return "Bearer " + token
	}
	now := time.Now()
	none, err := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{"sub": "alice", "exp": now.Add(time.Hour).Unix()}).
		SignedString(jwt.UnsafeAllowNoneSignatureType)
	u.must(err)
	for name, authorization := range map[string][]string{
		"none":                 nil,
		"a service token":      {"Bearer " + token},
		"an admin token":       {"Bearer " + adminToken},
		"another secret":       {mint("another secret, of somebody else, of 32 bytes", now, time.Hour)},
		"expired":              {mint(userSecret, now.Add(-2*time.Hour), time.Hour)},
		"too long a life":      {mint(userSecret, now, 25*time.Hour)},
		"from the future":      {mint(userSecret, now.Add(time.Hour), time.Hour)},
		"without a signature":  {"Bearer " + none},
		"two of them":          {u.bearer("alice"), u.bearer("bob")},
		"a part of it":         {u.bearer("alice")[:40]},
		"basic authentication": {"Basic YWxpY2U6eA=="},
	} {
		t.Run(name, func(t *testing.T) {
			for _, target := range append(userTargets, "POST /referral/validate") {
				if target == "POST /referral/validate" && authorization == nil {
					continue // which needs none
				}
				method, path, _ := strings.Cut(target, " ")
				answer := u.send(method, path, `{"referral_code":"C-ALICE"}`, authorization...)
				p := u.problemOf(answer, http.StatusUnauthorized)
				if p.Reason != "unauthorized" || answer.Header().Get("WWW-Authenticate") == "" || strings.Contains(answer.Body.String(), "alice") {
					t.Errorf("%s: %+v %v", target, p, answer.Header())
				}
			}
		})
	}
	for _, target := range userTargets { // a token in the URL is none, wherever else there is one
		method, path, _ := strings.Cut(target, " ")
		for _, name := range []string{"token", "access_token", "jwt"} {
			query := path + "?" + name + "=" + strings.TrimPrefix(u.bearer("alice"), "Bearer ")
			u.problemOf(u.do(method, query), http.StatusUnauthorized)
			u.problemOf(u.do(method, query, u.bearer("bob")), http.StatusBadRequest)
		}
	}
	if strings.Contains(u.log.String(), "alice") || strings.Contains(u.log.String(), "eyJ") {
		t.Errorf("the log says %s", u.log)
	}
}

func TestWithoutUserKeys(t *testing.T) {
	u := newUserWorld(t)
	u.story()
	u.options.Tokens = nil
	u.serve()
	for _, target := range userTargets {
		method, path, _ := strings.Cut(target, " ")
		for _, authorization := range [][]string{nil, {u.bearer("alice")}} {
			if p := u.problemOf(u.do(method, path, authorization...), http.StatusForbidden); p.Reason != "no-user-keys" {
				t.Errorf("%s: %+v", target, p)
			}
		}
	}
	if p := u.problemOf(u.validates("alice", "C-ALICE"), http.StatusForbidden); p.Reason != "no-user-keys" {
		t.Errorf("%+v", p)
	}
	if answer := u.validates("", "C-ALICE"); answer.Code != http.StatusOK {
		t.Errorf("a visitor: %d %s", answer.Code, answer.Body)
	}
}

func TestUserMethods(t *testing.T) {
	u := newUserWorld(t)
	for path, allow := range map[string]string{
		"/referral/code": "GET, HEAD", "/referral/validate": "POST", "/referral/stats": "GET, HEAD", "/referral/leaderboard": "GET, HEAD",
		"/referral/leaderboard/me": "PUT, DELETE", "/user/balance": "GET, HEAD",
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"} {
			answer := u.do(method, path, u.bearer("alice"))
			if allowed := strings.Contains(allow, method); allowed == (answer.Code == http.StatusMethodNotAllowed) {
				t.Errorf("%s %s: %d", method, path, answer.Code)
			} else if !allowed && answer.Header().Get("Allow") != allow {
				t.Errorf("%s %s: allowed is %q", method, path, answer.Header().Get("Allow"))
			}
		}
	}
	for _, path := range []string{"/referral", "/referral/", "/referral/code/", "/referral/stats/alice", "/user", "/user/balance/alice", "/Referral/code"} {
		u.problemOf(u.do("GET", path, u.bearer("alice")), http.StatusNotFound)
	}
}

// TestUsersSeeTheirOwn: whose answer it is depends on the token alone.
func TestUsersSeeTheirOwn(t *testing.T) {
	u := newUserWorld(t)
	u.story()
	for _, target := range []string{"/referral/code", "/referral/stats", "/referral/leaderboard", "/user/balance"} {
		for _, query := range []string{"?user_id=alice", "?sub=alice", "?user=alice&limit=1", "?referrer=alice"} {
			u.problemOf(u.do("GET", target+query, u.bearer("bob")), http.StatusBadRequest)
		}
		answer := u.do("GET", target, u.bearer("erin"))
		if answer.Code != http.StatusOK || strings.Contains(answer.Body.String(), "C-ALICE") || strings.Contains(answer.Body.String(), `"bob"`) {
			t.Errorf("%s: erin is told %s", target, answer.Body)
		}
	}
	for _, id := range []string{"ALICE", "alice ", "alice'--", "%"} {
		var stats statsJSON
		u.ask(id, "/referral/stats", &stats)
		if stats.ReferralCode != nil || len(stats.Referrals) > 0 || stats.UserID != id {
			t.Errorf("%q is told %+v", id, stats)
		}
	}
}

func TestOwnCode(t *testing.T) {
	u := newUserWorld(t)
	u.story()
	var got ownCodeJSON
	text := u.ask("alice", "/referral/code", &got)
	want := `{"referral_code":"C-ALICE","user_id":"alice","username":"Mx alice","share_url":"https://refer.example.com/r/C-ALICE"}` + "\n"
	if text != want {
		t.Errorf("it is %s, want %s", text, want)
	}
	if len(u.worker.apply) > 0 {
		t.Error("somebody who has a code was given another")
	}
}

// TestCodeIsMade: whoever has none is given one, once.
func TestCodeIsMade(t *testing.T) {
	u := newUserWorld(t)
	u.story()
	for _, id := range []string{"stranger", "nobody-heard-of-them"} { // known from a payment, and not at all
		var first, second ownCodeJSON
		u.ask(id, "/referral/code", &first)
		u.ask(id, "/referral/code", &second)
		if len(first.ReferralCode) != 8 || first != second || first.ShareURL != "https://refer.example.com/r/"+first.ReferralCode || first.Username != nil {
			t.Errorf("%s: %+v and %+v", id, first, second)
		}
		if answer := u.validates("", first.ReferralCode); !strings.Contains(answer.Body.String(), `"valid":true`) {
			t.Errorf("%s: the code is not valid: %s", id, answer.Body)
		}
	}
	if len(u.worker.apply) != 2 {
		t.Errorf("%d codes were published", len(u.worker.apply))
	}
	if source := u.worker.apply[0]; source.Assignment == nil || strings.Contains(source.Name, "stranger") {
		t.Errorf("published was %+v", source)
	}
	// They sign up later: the code that they hand out stays.
	var code ownCodeJSON
	u.ask("stranger", "/referral/code", &code)
	u.apply(signUp("stranger", "", noon.Add(-time.Minute)), signUp("gina", code.ReferralCode, noon.Add(-time.Minute)))
	var again ownCodeJSON
	u.ask("stranger", "/referral/code", &again)
	if again.ReferralCode != code.ReferralCode || *again.Username != "Mx stranger" {
		t.Errorf("after the sign-up it is %+v, not %s", again, code.ReferralCode)
	}
	if list := u.list("?referrer=stranger").Referrals; len(list) != 1 || *list[0].Referee != "gina" {
		t.Errorf("%+v", list)
	}
}

// TestCodeIsMadeOnce: requests at the same time make one code together, also in several processes.
func TestCodeIsMadeOnce(t *testing.T) {
	u := newUserWorld(t)
	bearer := u.bearer("hasty")
	other := *u
	other.world = &world{t: t, dsn: u.dsn, store: u.store, queries: u.queries, log: u.log}
	other.serve() // another process, with limits of its own
	codes := make(map[string]int)
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range 2 * creationBurst {
		process := []*userWorld{u, &other}[i%2]
		all.Go(func() {
			answer := process.do("GET", "/referral/code", bearer)
			mu.Lock()
			defer mu.Unlock()
			var got ownCodeJSON
			if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil || answer.Code != http.StatusOK {
				t.Errorf("%d %s", answer.Code, answer.Body)
			}
			codes[got.ReferralCode]++
		})
	}
	all.Wait()
	if len(codes) != 1 {
		t.Errorf("the codes are %v", codes)
	}
	var n int
	u.must(u.open(u.dsn).QueryRow(t.Context(), "select count(*) from codes").Scan(&n))
	if n != 1 {
		t.Errorf("there are %d codes", n)
	}
}

// TestCodeAfterErasure: who was forgotten and comes again is somebody else, with another code.
func TestCodeAfterErasure(t *testing.T) {
	u := newUserWorld(t)
	var before, after ownCodeJSON
	u.ask("phoenix", "/referral/code", &before)
	_, err := u.open(u.dsn).Exec(t.Context(), "update users set external_id = null, username = null, email = null, erased_at = $1 where external_id = 'phoenix'", noon)
	u.must(err)
	u.ask("phoenix", "/referral/code", &after)
	if before.ReferralCode == after.ReferralCode || len(after.ReferralCode) != 8 {
		t.Errorf("the codes are %q and %q", before.ReferralCode, after.ReferralCode)
	}
	if answer := u.validates("", before.ReferralCode).Body.String(); !strings.Contains(answer, codeNotFound) {
		t.Errorf("the code of somebody who was forgotten is %s", answer)
	}
}

// TestCodeThatIsTakenMeanwhile: what was drawn is somebody else's by the time it is given, so another one is drawn.
func TestCodeThatIsTakenMeanwhile(t *testing.T) {
	u := newUserWorld(t)
	u.apply(signUp("alice", "", noon.Add(-time.Hour)))
	u.options.Store = &unlucky{UserStore: u.options.Store}
	u.serve()
	var got ownCodeJSON
	u.ask("ivan", "/referral/code", &got)
	if len(got.ReferralCode) != 8 || len(u.worker.apply) != 2 || u.worker.apply[0].Name == u.worker.apply[1].Name {
		t.Errorf("%+v, after %d events", got, len(u.worker.apply))
	}
}

// unlucky draws the code of somebody else first.
type unlucky struct {
	UserStore
	drawn bool
}

func (s *unlucky) DrawCode(ctx context.Context, program string) (string, error) {
	if !s.drawn {
		s.drawn = true
		return "C-ALICE", nil
	}
	return s.UserStore.DrawCode(ctx, program)
}

func TestCodeThatCanNotBeMade(t *testing.T) {
	u := newUserWorld(t)
	u.worker.away = errors.New("no responders")
	answer := u.do("GET", "/referral/code", u.bearer("jack"))
	if p := u.problemOf(answer, http.StatusServiceUnavailable); p.Reason != "stream-unavailable" || answer.Header().Get("Retry-After") == "" {
		t.Errorf("%+v %v", p, answer.Header())
	}
	u.worker.away, u.worker.slow = nil, true
	answer = u.do("GET", "/referral/code", u.bearer("jack"))
	if p := u.problemOf(answer, http.StatusServiceUnavailable); p.Reason != "on-its-way" || answer.Header().Get("Retry-After") != "1" {
		t.Errorf("%+v %v", p, answer.Header())
	}
	u.do("GET", "/referral/code", u.bearer("jack"))
	if len(u.worker.apply) != 1 {
		t.Errorf("%d events for one code", len(u.worker.apply))
	}
	_, err := u.store.Apply(t.Context(), u.worker.apply) // the worker is back
	u.must(err)
	var got ownCodeJSON
	u.ask("jack", "/referral/code", &got)
	if got.ReferralCode != u.worker.apply[0].Assignment.Code {
		t.Errorf("%+v", got)
	}
	u.options.Desk = nil
	u.serve()
	if p := u.problemOf(u.do("GET", "/referral/code", u.bearer("kim")), http.StatusServiceUnavailable); p.Reason != "no-stream" {
		t.Errorf("%+v", p)
	}
	u.ask("jack", "/referral/code", &got) // who has one needs no stream
	for range creationBurst {
		answer = u.do("GET", "/referral/code", u.bearer("kim"))
	}
	if p := u.problemOf(answer, http.StatusTooManyRequests); p.Reason != "rate-limited" || answer.Header().Get("Retry-After") != "12" {
		t.Errorf("%+v %v", p, answer.Header())
	}
}

// TestCodeOfAnUnappliedSignUp: a sign-up that is on its way brings a code, and no second one is made.
func TestCodeOfAnUnappliedSignUp(t *testing.T) {
	u := newUserWorld(t)
	u.options.Store = &lateSignUp{UserStore: u.options.Store, apply: func() { u.apply(signUp("lena", "", noon.Add(-time.Minute))) }}
	u.serve()
	var got ownCodeJSON
	u.ask("lena", "/referral/code", &got)
	if got.ReferralCode != "C-LENA" || len(u.worker.apply) > 0 {
		t.Errorf("%+v, after %d events", got, len(u.worker.apply))
	}
}

// behind is a worker that has a message to come to, and comes to it when it has been asked about often enough.
type behind struct {
	asked, until int
	apply        func()
	err          error
}

func (b *behind) Applied(context.Context) (upTo, last uint64, err error) {
	if b.asked++; b.asked < b.until {
		return 6, 7, b.err
	}
	if b.asked == b.until {
		b.apply()
	}
	return 8, 8, b.err
}

// TestCodeWaitsForTheWorker: while a sign-up may be among what the worker has not come to, no code is made. It would be a second one,
// with places of its own, and of another program.
func TestCodeWaitsForTheWorker(t *testing.T) {
	u := newUserWorld(t)
	_, err := store.NewDatabase(u.open(u.dsn)).ApplyProgram(t.Context(), []byte("name: shop\nqualify: {minimum: {usd: \"10.00\"}}\n"))
	u.must(err)
	mia := signUp("mia", "", time.Now().Add(time.Minute))
	mia.SignUp.Program = "shop"
	worker := &behind{until: 9, apply: func() { u.apply(mia) }} // for longer than a sign-up is waited for
	u.options.Progress = worker
	u.serve()
	var got ownCodeJSON
	u.ask("mia", "/referral/code", &got)
	if got.ReferralCode != "C-MIA" || len(u.worker.apply) > 0 {
		t.Errorf("%+v, after %d events", got, len(u.worker.apply))
	}
	u.ask("nobody-heard-of-them", "/referral/code", &got) // it has come to everything
	if len(got.ReferralCode) != 8 {
		t.Errorf("%+v", got)
	}
	worker.asked, worker.until = 0, 3
	worker.apply = func() {}
	var all sync.WaitGroup
	for n := range 20 {
		all.Go(func() { u.do("GET", "/referral/code", u.bearer(fmt.Sprintf("crowd-%d", n))) })
	}
	if all.Wait(); worker.asked > 20 { // once in a while for all of them, and not by each
		t.Errorf("the worker was asked about %d times", worker.asked)
	}
	for name, worker := range map[string]*behind{
		"it does not come to it": {until: 1 << 30}, "it can not be asked": {until: 1 << 30, err: errors.New("no rights")},
	} {
		u.options.Progress = worker
		u.serve()
		answer := u.do("GET", "/referral/code", u.bearer("nina"))
		if p := u.problemOf(answer, http.StatusServiceUnavailable); p.Reason != "on-its-way" || answer.Header().Get("Retry-After") != "1" {
			t.Errorf("%s: %+v %v", name, p, answer.Header())
		}
	}
	if len(u.worker.apply) != 1+20 {
		t.Errorf("%d codes were published", len(u.worker.apply))
	}
}

// TestDecimal holds that plain numbers are the digits of the amount, with one after the point at least.
func TestDecimal(t *testing.T) {
	for a, want := range map[money.Amount]string{
		money.New("usd", 2000): "20.0", money.New("usd", 1050): "10.5", money.New("usd", 1025): "10.25", money.New("usd", 0): "0.0",
		money.New("usd", 5): "0.05", money.New("usd", -5): "-0.05", money.New("usd", -2000): "-20.0", money.New("jpy", 500): "500.0",
		money.New("kwd", 1230): "1.23", money.New("points", 7): "7.0", money.New("usd", 9223372036854775807): "92233720368547758.07",
		money.New("usd", -9223372036854775808): "-92233720368547758.08", money.New("usd", 900719925474099301): "9007199254740993.01",
	} {
		text, err := json.Marshal(map[string]decimal{"n": decimal(a)})
		if got := fmt.Sprintf(`{"n":%s}`, want); err != nil || string(text) != got {
			t.Errorf("%v is %s, want %s: %v", a, text, got, err)
		}
	}
}

func TestBalance(t *testing.T) {
	u := newUserWorld(t)
	u.story()
	var got json.RawMessage
	for id, want := range map[string]string{
		"alice":  `{"credits":10.0,"currency":"usd","balances":[{"currency":"eur","amount":"0.00","minor":0},{"currency":"usd","amount":"10.00","minor":1000}]}`,
		"bob":    `{"credits":10.0,"currency":"usd","balances":[{"currency":"usd","amount":"10.00","minor":1000}]}`,
		"nobody": `{"credits":0.0,"currency":"usd","balances":[]}`,
	} {
		u.ask(id, "/user/balance", &got)
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%s: %s", id, diff)
		}
	}
}

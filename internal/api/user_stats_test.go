package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/money"
)

// fold has the tallies say what the referrals do.
func (u *userWorld) fold() {
	u.t.Helper()
	for {
		n, err := u.store.FoldTallies(u.t.Context(), 1000)
		u.must(err)
		if n == 0 {
			return
		}
	}
}

// goldenAs holds the answer to a user to a file.
func (u *userWorld) goldenAs(userID, name, target string) {
	u.t.Helper()
	answer := u.do(http.MethodGet, target, u.bearer(userID))
	var got bytes.Buffer
	u.must(json.Indent(&got, answer.Body.Bytes(), "", "  "))
	file := filepath.Join("testdata", name+".json")
	if *update {
		u.must(os.WriteFile(file, got.Bytes(), 0o600))
	}
	want, err := os.ReadFile(file)
	u.must(err)
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		u.t.Errorf("%s: (-want +got)\n%s", name, diff)
	}
}

// ranked are terms with tiers, badges, a maximum, and rewards in two currencies.
const ranked = `name: default
codes: {length: 8, max_uses: 10}
qualify: {minimum: {eur: "10.00", usd: "10.00"}}
rewards:
  - {to: referrer, percent: "25"}
  - {to: referrer, fixed: {points: "5"}, on: signup}
tiers:
  - {name: Bronze, from: 1}
  - {name: Silver, from: 3}
badges: [1, 5]
`

func (u *userWorld) terms(source string) {
	u.t.Helper()
	_, err := u.open(u.dsn).Exec(u.t.Context(), "update terms set source = $1", source)
	u.must(err)
}

func TestStats(t *testing.T) {
	u := newUserWorld(t)
	u.terms(ranked)
	u.story()
	u.fold()
	u.goldenAs("alice", "stats", "/referral/stats")
	u.goldenAs("alice", "stats-page", "/referral/stats?limit=1")
	u.goldenAs("bob", "stats-of-a-referee", "/referral/stats")
	u.goldenAs("nobody", "stats-of-nobody", "/referral/stats")
}

// TestStatsAddUp holds what is said of a referrer to what the business is told of each of the referrals.
func TestStatsAddUp(t *testing.T) {
	u := newUserWorld(t)
	u.terms(ranked)
	u.story()
	u.fold()
	var got struct {
		TotalUses int            `json:"total_uses"`
		ByStatus  map[string]int `json:"by_status"`
		Earned    []amountJSON   `json:"earned"`
		Balances  []amountJSON   `json:"balances"`
		Referrals []struct {
			UserID  string       `json:"user_id"`
			Status  string       `json:"status"`
			Bonuses []amountJSON `json:"bonuses"`
		} `json:"referrals"`
	}
	u.ask("alice", "/referral/stats", &got)
	sums, by, granted := make(map[money.Currency]int64), map[string]int{"pending": 0, "qualified": 0, "rewarded": 0, "cancelled": 0}, 0
	for i, r := range u.list("?referrer=alice").Referrals {
		by[string(r.Status)]++
		mine := make(map[money.Currency]int64)
		for _, reward := range r.Rewards {
			if reward.To == "referrer" {
				mine[reward.Currency] += reward.Minor
			}
		}
		shown := got.Referrals[len(got.Referrals)-1-i] // the newest first
		if shown.UserID != *r.Referee || shown.Status != string(r.Status) {
			t.Errorf("%+v is shown as %+v", r, shown)
		}
		for _, b := range shown.Bonuses {
			if b.Minor != mine[b.Currency] {
				t.Errorf("%s: a bonus of %d %s, not %d", shown.UserID, b.Minor, b.Currency, mine[b.Currency])
			}
			sums[b.Currency] += b.Minor
			delete(mine, b.Currency)
		}
		for c, minor := range mine {
			if minor != 0 {
				t.Errorf("%s: %d %s are not shown", shown.UserID, minor, c)
			}
		}
		if r.Status == "rewarded" || r.Status == "qualified" {
			granted++
		}
	}
	if diff := cmp.Diff(by, got.ByStatus); diff != "" {
		t.Error(diff)
	}
	for _, list := range [][]amountJSON{got.Earned, got.Balances} {
		for _, a := range list {
			if a.Minor != sums[a.Currency] {
				t.Errorf("%d %s in all, and %d by referral", a.Minor, a.Currency, sums[a.Currency])
			}
		}
	}
	if sums["usd"] != 250 || sums["points"] != 10 || got.TotalUses < granted {
		t.Errorf("sums %v, %d places for %d referrals", sums, got.TotalUses, granted)
	}
}

func TestStatsPages(t *testing.T) {
	const total = 230
	u := newUserWorld(t)
	u.apply(signUp("alice", "", noon.Add(-2*time.Hour)), signUp("olga", "", noon.Add(-2*time.Hour)))
	var events []fact.Event
	for i := range total {
		events = append(events, signUp(fmt.Sprintf("user-%03d", i), []string{"C-ALICE", "C-OLGA"}[i%2], noon.Add(-time.Hour)))
	}
	u.apply(events...)
	u.ask("alice", "/referral/stats", &statsJSON{}) // the terms are read once
	asked := make(map[string]int64)
	for limit, pages := range map[string]int{"": 12, "limit=200": 1, "limit=7": 17, "limit=115": 1, "limit=114": 2} {
		var ids []int
		n := 0
		for cursor := ""; ; {
			var page statsJSON
			before := u.queries.n.Load()
			u.ask("alice", "/referral/stats?"+limit+cursor, &page)
			asked[limit] = u.queries.n.Load() - before
			n++
			for _, r := range page.Referrals {
				id, err := strconv.Atoi(r.ID)
				u.must(err)
				ids = append(ids, id)
				if i, _ := strconv.Atoi(strings.TrimPrefix(*r.UserID, "user-")); i%2 != 0 {
					t.Fatalf("%s is not alice's", *r.UserID)
				}
			}
			if page.Next == nil {
				break
			}
			cursor = "&cursor=" + *page.Next
		}
		if n != pages || len(ids) != total/2 || !slices.IsSortedFunc(ids, func(a, b int) int { return b - a }) || len(slices.Compact(ids)) != total/2 {
			t.Errorf("%q: %d pages of %d referrals: %v", limit, n, len(ids), ids)
		}
	}
	for limit, n := range asked {
		if n != asked[""] || n > 6 {
			t.Errorf("a page of %q takes %d statements, one by default %d", limit, n, asked[""])
		}
	}
}

func TestUserParameters(t *testing.T) {
	u := newUserWorld(t)
	u.story()
	inject := "1%27%20or%20%271%27=%271"
	for query, status := range map[string]int{
		"": 200, "?limit=1": 200, "?limit=&cursor=": 200, "?limit=0": 400, "?limit=-1": 400, "?limit=1.5": 400, "?limit=99999999999999999999": 400,
		"?limit=1&limit=1": 400, "?x=1": 400, "?limit=" + inject: 400, "?cursor=" + inject: 400, "?cursor=x": 400, "?cursor=-1": 400, "?%zz": 400,
		"?cursor=1;drop": 400, "?cursor=%00": 400, "?cursor=" + strings.Repeat("9", 2000): 400, "?cursor=9223372036854775808": 400, "?cursor=0x10": 400,
	} {
		for _, target := range []string{"/referral/stats", "/referral/leaderboard"} {
			if answer := u.do("GET", target+query, u.bearer("alice")); answer.Code != status {
				t.Errorf("%s%.60s: %d, not %d: %s", target, query, answer.Code, status, answer.Body)
			}
		}
	}
	for target, status := range map[string]int{
		"/referral/stats?limit=200": 200, "/referral/stats?limit=201": 400, "/referral/stats?cursor=0": 400, "/referral/stats?cursor=01": 400,
		"/referral/stats?cursor=9223372036854775807": 200, "/referral/stats?cursor=1.2.3": 400,
		"/referral/leaderboard?limit=100": 200, "/referral/leaderboard?limit=101": 400, "/referral/leaderboard?cursor=1.2.3": 200,
		"/referral/leaderboard?cursor=1.2": 400, "/referral/leaderboard?cursor=1.2.3.4": 400, "/referral/leaderboard?cursor=1.-2.3": 400,
		"/referral/leaderboard?cursor=0.0.0": 200, "/referral/leaderboard?cursor=1.2.3%27": 400, "/referral/leaderboard?cursor=1..3": 400,
		"/referral/code?limit=1": 400, "/user/balance?currency=usd": 400, "/user/balance?": 200,
	} {
		if answer := u.do("GET", target, u.bearer("alice")); answer.Code != status {
			t.Errorf("%s: %d, not %d: %s", target, answer.Code, status, answer.Body)
		}
	}
	for _, id := range []string{"alice' or '1'='1", "'; drop table users; --", `\`, "$1", "%", "_lice", `{"$ne":1}`} { // whose tokens count: they are nobody's
		for _, target := range []string{"/referral/stats", "/referral/leaderboard", "/user/balance", "/referral/code"} {
			if answer := u.do("GET", target, u.bearer(id)); answer.Code != 200 || strings.Contains(answer.Body.String(), "C-ALICE") || strings.Contains(answer.Body.String(), "Mx alice") {
				t.Errorf("%s as %s: %d %s", target, id, answer.Code, answer.Body)
			}
		}
	}
	if u.log.Len() > 0 {
		t.Errorf("what the asker did wrong is in our log: %s", u.log)
	}
	if answer := u.get("/v1/users/alice"); answer.Code != http.StatusOK {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
}

func TestLeaderboard(t *testing.T) {
	u := newUserWorld(t)
	at := noon.Add(-time.Hour)
	named := func(id, username, code string) fact.Event {
		e := signUp(id, code, at)
		e.SignUp.Username = username
		return e
	}
	u.apply(named("u1", "Alice Smith", ""), named("u2", "bob@example.com", ""), named("u3", "", ""), named("u4", "Dora", ""), named("u5", "nobody yet", ""))
	n := 0
	for id, referrals := range map[string]int{"u1": 3, "u2": 3, "u3": 2, "u4": 1} {
		for range referrals {
			n++
			friend := fmt.Sprintf("friend-%d", n)
			u.apply(signUp(friend, "C-"+strings.ToUpper(id), at), purchase(n, friend, 1000, "usd", at.Add(time.Minute)))
		}
	}
	u.fold()
	leaders := func(userID, query string) leaderboardJSON {
		t.Helper()
		var got leaderboardJSON
		text := u.ask(userID, "/referral/leaderboard"+query, &got)
		for _, secret := range []string{"Smith", "bob@", "example.com", `"u1"`, `"u2"`, "friend-"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s is told %q: %s", userID, secret, text)
			}
		}
		return got
	}
	show := func(all []leaderJSON) (out []string) {
		for _, l := range all {
			name := l.Name
			if strings.Count(name, " ") == 2 {
				name = "pseudonym"
			}
			out = append(out, fmt.Sprint(l.Rank, " ", name, " ", l.Referrals, " ", l.You))
		}
		return out
	}
	got := leaders("u3", "")
	want := []string{"1 Alice S. 3 false", "2 pseudonym 3 false", "3 pseudonym 2 true", "4 Dora 1 false"}
	if diff := cmp.Diff(want, show(got.Leaders)); diff != "" || got.Next != nil {
		t.Errorf("%s next %v", diff, got.Next)
	}
	if got.You.Rank == nil || *got.You.Rank != 3 || got.You.Referrals != 2 || !got.You.Listed || got.You.Name != got.Leaders[2].Name {
		t.Errorf("you are %+v", got.You)
	}
	var paged []leaderJSON
	cursor := ""
	for range 4 {
		page := leaders("u4", "?limit=1"+cursor)
		paged = append(paged, page.Leaders...)
		if page.Next == nil {
			break
		}
		cursor = "&cursor=" + *page.Next
	}
	want[2], want[3] = "3 pseudonym 2 false", "4 Dora 1 true"
	if diff := cmp.Diff(want, show(paged)); diff != "" {
		t.Errorf("by pages: %s", diff)
	}
	for _, id := range []string{"u5", "nobody-heard-of-them"} {
		if you := leaders(id, "").You; you.Rank != nil || you.Referrals != 0 || !you.Listed || you.Name == "" {
			t.Errorf("%s is %+v", id, you)
		}
	}
	u.testUnlisting(t, leaders)
}

// testUnlisting: a person can leave the leaderboard, and come back.
func (u *userWorld) testUnlisting(t *testing.T, leaders func(userID, query string) leaderboardJSON) {
	t.Helper()
	change := func(method, userID string) *httptest.ResponseRecorder {
		return u.do(method, "/referral/leaderboard/me", u.bearer(userID))
	}
	for range 2 { // twice is as good as once
		if answer := change("DELETE", "u1"); answer.Code != http.StatusNoContent || answer.Body.Len() > 0 {
			t.Errorf("%d %s", answer.Code, answer.Body)
		}
	}
	for _, id := range []string{"u1", "u3"} {
		got := leaders(id, "")
		if len(got.Leaders) != 3 || got.Leaders[0].Rank != 1 || got.Leaders[0].Name == "Alice S." {
			t.Errorf("as %s sees it: %+v", id, got.Leaders)
		}
		if id == "u1" && (got.You.Listed || got.You.Rank == nil || *got.You.Rank != 1 || slices.ContainsFunc(got.Leaders, func(l leaderJSON) bool { return l.You })) {
			t.Errorf("you are %+v", got.You)
		}
	}
	for range 2 {
		if answer := change("PUT", "u1"); answer.Code != http.StatusNoContent {
			t.Errorf("%d %s", answer.Code, answer.Body)
		}
	}
	if got := leaders("u1", ""); len(got.Leaders) != 4 || !got.You.Listed || !got.Leaders[0].You {
		t.Errorf("%+v", got)
	}
	for _, method := range []string{"PUT", "DELETE"} {
		u.problemOf(change(method, "nobody-heard-of-them"), http.StatusNotFound)
		u.problemOf(u.do(method, "/referral/leaderboard/me?user_id=u3", u.bearer("u1")), http.StatusBadRequest)
	}
}

// TestStatsShowNoAddress: where a business takes e-mail addresses for usernames, a referrer does not read those of friends.
func TestStatsShowNoAddress(t *testing.T) {
	u := newUserWorld(t)
	friend := signUp("bob", "C-ALICE", noon.Add(-time.Hour))
	friend.SignUp.Username = "bob@example.com"
	u.apply(signUp("alice", "", noon.Add(-2*time.Hour)), friend)
	var got statsJSON
	u.ask("alice", "/referral/stats", &got)
	if len(got.Referrals) != 1 || got.Referrals[0].Username == nil || *got.Referrals[0].Username != "b•••@example.com" {
		t.Errorf("%+v", got.Referrals)
	}
}

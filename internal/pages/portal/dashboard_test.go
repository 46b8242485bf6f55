package portal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/pages"
	"github.com/plusone-dev/plusone/internal/store"
)

const tiered = `
name: default
rewards:
  - {to: referrer, fixed: {usd: "10.00", eur: "10.00"}}
  - {to: referee, fixed: {usd: "5.00", eur: "5.00"}}
tiers:
  - {name: Bronze, from: 1}
  - {name: Silver, from: 3, rewards: [{to: referrer, fixed: {usd: "15.00", eur: "15.00"}}]}
badges: [1, 50]
`

func TestWhatAReferrerSees(t *testing.T) {
	w := newWorld(t)
	w.terms(tiered)
	w.story()
	page := w.see("u-alice", "/dashboard")
	w.shows(page,
		"<h1>Give $5.00, get $10.00</h1>", "made a purchase of at least $10.00 or €10.00 within 90 days",
		`value="https://refer.example/r/C-U-ALICE" readonly`, `data-copy="link"`, "Room for 8 more friends",
		`href="https://wa.me/?text=Sign%20up%20with%20my%20link%20and%20get%20%245.00.%20https%3A%2F%2Frefer.example%2Fr%2FC-U-ALICE%3Fvia%3Dwhatsapp"`,
		`<span>Earned</span><b>$10.00</b>`, `<span>Balance</span><b>$10.00</b>`, `<span>Friends rewarded</span><b>1</b>`, `<span>In progress</span><b>2</b>`,
		`<b class="num">4</b></div><progress class="s1" max="4" value="4"`, `<progress class="s3" max="4" value="1"`,
		`>Bronze</span>`, "2 more friends to Silver", "$15.00 or €15.00 for each friend from then on",
		"1 friend<span class=\"unseen\">, earned", "50 friends<span class=\"unseen\">, not yet earned",
		`>Bob B.</th>`, `<span class="badge rewarded">Rewarded</span>`, `<td role="cell" class="num got">$10.00</td>`,
		`>Carol J.</th>`, "There is time until 28 May 2026.", `>Dave M.</th>`, "Their purchase was refunded.", `>A friend</th>`,
		`<span>Alice S. <small>(you)</small></span><b class="num">1</b>`, "Others see you as <strong>Alice S.</strong></p>",
	)
	// Neither what others did, nor under which ids the business knows people, nor how to reach them.
	w.hides(page, "Zoe", "u-bob", "u-zoe", "@example.com", "Builder")
}

func TestOthersSeeTheirOwn(t *testing.T) {
	w := newWorld(t)
	w.story()
	page := w.see("u-zoe", "/dashboard")
	w.shows(page, "/r/C-U-ZOE", "Nobody has signed up with your link yet", "Others see you as <strong>Zoe S.</strong> once a friend is rewarded", `<span>Earned</span><b>$0.00</b>`)
	w.hides(page, "C-U-ALICE", "Bob B.", "Carol")
}

// Names are what people make of them.
func TestNamesAreOnlyText(t *testing.T) {
	w := newWorld(t)
	at := noon.Add(-48 * time.Hour)
	nasty := []string{ // publicname leaves those alone that could not be an address
		`<script>alert(1)`, `"><img`, `"onfocus=alert(1)`, `{{.Offer}}`, `</title><script>`, "javascript:alert(1)", `<svg/onload=alert(1)>`, `'><b>`, `<!--`,
	}
	w.apply(signUp("u-alice", nasty[0], "", at))
	for i, name := range nasty {
		w.apply(signUp(fmt.Sprintf("u-%d", i), name, "C-U-ALICE", at.Add(time.Hour)))
		w.apply(purchase(i, fmt.Sprintf("u-%d", i), 1000, at.Add(2*time.Hour)))
	}
	page := w.see("u-alice", "/dashboard")
	w.hides(page, "<script>", "<img", "onload=alert(1)", `<svg/`, "</title><script", `"onfocus`, "'><b>", "<!--")
	w.shows(page, "&lt;script&gt;alert(1)", "javascript:alert(1)", "{{.Offer}}") // they are there, as text
	if found := inline.FindString(page); found != "" {
		t.Errorf("the page has %q", found)
	}
}

var inline = regexp.MustCompile(`(?i)<style|<script>|<script[^>]*>[^<]|<[a-z][^>]*\s(style|on[a-z]+)=|href="javascript:`)

func TestEveryAnswerIsGuarded(t *testing.T) {
	w := newWorld(t)
	w.story()
	held := cookie(w.token("u-alice"))
	for target, want := range map[string]int{
		"/dashboard": 200, "/dashboard/qr.svg": 200, "/dashboard/nothing": 404, "/dashboard/": 404, "/dashboard/enter": 405, "/dashboard/listing": 405,
		"/dashboard?before=0": 404, "/dashboard?before=x": 404, "/dashboard?before=1&before=2": 404, "/dashboard?after=1": 404, "/dashboard?before=1%20or%201": 404,
	} {
		answer := w.ask(http.MethodGet, target, "", "Cookie", held)
		if answer.Code != want {
			t.Errorf("%s: %d, want %d", target, answer.Code, want)
		}
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; " +
				"frame-ancestors 'self' https://shop.example",
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-store", "X-Frame-Options": "",
		} {
			if got := answer.Header().Get(name); got != want {
				t.Errorf("%s: %s is %q", target, name, got)
			}
		}
		if found := inline.FindString(answer.Body.String()); found != "" {
			t.Errorf("%s has %q", target, found)
		}
	}
	shut := newWorld(t, func(c *Config) { c.Embedders = nil }).ask(http.MethodGet, "/dashboard", "")
	if h := shut.Header(); !strings.HasSuffix(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") || h.Get("X-Frame-Options") != "DENY" {
		t.Errorf("without embedders: %v", h)
	}
}

// In a frame the page around it has a head already.
func TestInAFrameThereIsNoHead(t *testing.T) {
	w := newWorld(t)
	w.story()
	held := cookie(w.token("u-alice"))
	for dest, want := range map[string]string{"iframe": `<body class="framed">`, "document": "<body>"} {
		w.shows(w.ask(http.MethodGet, "/dashboard", "", "Cookie", held, "Sec-Fetch-Dest", dest).Body.String(), want)
	}
}

// A page with everything that belongs to it is loaded in a moment on a poor connection.
func TestThePageIsLight(t *testing.T) {
	w := newWorld(t)
	w.story()
	at := noon.Add(-40 * time.Hour)
	for i := range 12 {
		w.apply(signUp(fmt.Sprintf("u-%d", i), strings.Repeat("Long", 8), "C-U-ALICE", at))
	}
	const budget = 100_000
	held := cookie(w.token("u-alice"))
	for _, coding := range []string{"gzip", "identity"} {
		page := w.ask(http.MethodGet, "/dashboard", "", "Cookie", held, "Accept-Encoding", coding)
		sum := page.Body.Len()
		for _, path := range regexp.MustCompile(`/assets/[^"]+`).FindAllString(w.see("u-alice", "/dashboard"), -1) {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Header.Set("Accept-Encoding", coding)
			answer := httptest.NewRecorder()
			pages.Assets().ServeHTTP(answer, r)
			if answer.Code != http.StatusOK {
				t.Errorf("%s: %d", path, answer.Code)
			}
			sum += answer.Body.Len()
		}
		t.Logf("%s: %d bytes", coding, sum)
		if sum > budget || sum < 5_000 {
			t.Errorf("%s: the page and what belongs to it are %d bytes, and may be %d", coding, sum, budget)
		}
	}
}

func TestFriendsComeInPages(t *testing.T) {
	w := newWorld(t)
	at := noon.Add(-48 * time.Hour)
	w.apply(signUp("u-alice", "Alice", "", at))
	var all []fact.Event
	for i := range 25 {
		all = append(all, signUp(fmt.Sprintf("u-%02d", i), fmt.Sprintf("Friend%c", 'A'+i), "C-U-ALICE", at.Add(time.Duration(i+1)*time.Minute)))
	}
	w.apply(all...)
	name := regexp.MustCompile(`class="name">(Friend.)<`)
	next := regexp.MustCompile(`href="(/dashboard\?before=\d+)#friends">Older`)
	var sizes []int
	seen := make(map[string]bool)
	for target := "/dashboard"; target != ""; {
		page := w.see("u-alice", target)
		names := name.FindAllStringSubmatch(page, -1)
		sizes = append(sizes, len(names))
		for _, n := range names {
			if seen[n[1]] {
				t.Errorf("%s is on two pages", n[1])
			}
			seen[n[1]] = true
		}
		if strings.Contains(page, ">Newest</a>") != (target != "/dashboard") {
			t.Errorf("%s: the way back to the first page", target)
		}
		target = ""
		if m := next.FindStringSubmatch(page); m != nil {
			target = m[1]
		}
	}
	if fmt.Sprint(sizes) != "[10 10 5]" || len(seen) != 25 {
		t.Errorf("pages of %v, %d friends", sizes, len(seen))
	}
}

func TestWhoDoesNotWantToBeOnTheLeaderboard(t *testing.T) {
	w := newWorld(t)
	w.story()
	held := []string{"Cookie", cookie(w.token("u-alice")), "Sec-Fetch-Site", "same-origin"}
	for _, c := range []struct {
		listed string
		on     bool
	}{{"no", false}, {"no", false}, {"yes", true}} {
		answer := w.ask(http.MethodPost, "/dashboard/listing", form("listed", c.listed), held...)
		if answer.Code != http.StatusSeeOther || answer.Header().Get("Location") != "/dashboard#leaderboard" {
			t.Fatalf("%s: %d %v", c.listed, answer.Code, answer.Header())
		}
		if on := strings.Contains(w.see("u-zoe", "/dashboard"), "<span>Alice S.</span>"); on != c.on {
			t.Errorf("%s: zoe sees alice: %t", c.listed, on)
		}
		if hidden := strings.Contains(w.see("u-alice", "/dashboard"), "Others do not see you here."); hidden == c.on {
			t.Errorf("%s: alice is told the other thing", c.listed)
		}
	}
	if answer := w.ask(http.MethodPost, "/dashboard/listing", form("listed", "maybe"), held...); answer.Code != http.StatusBadRequest {
		t.Errorf("maybe: %d", answer.Code)
	}
	if answer := w.ask(http.MethodPost, "/dashboard/listing", form("listed", "no"), "Sec-Fetch-Site", "same-origin"); answer.Code != http.StatusForbidden {
		t.Errorf("nobody: %d", answer.Code)
	}
}

func TestAFullCodeSaysSo(t *testing.T) {
	w := newWorld(t)
	w.terms("name: default\ncodes: {length: 8, max_uses: 1}\n")
	w.story()
	w.shows(w.see("u-alice", "/dashboard"), "All places of your link are taken", "Room for 0 more friends")
}

// Somebody whom only the business knows is given a code by looking at their dashboard.
func TestWhoHasNoCodeIsGivenOne(t *testing.T) {
	var asked []string
	var w *world
	w = newWorld(t, func(c *Config) {
		c.Make = func(_ context.Context, token string) bool {
			asked = append(asked, token)
			if len(asked) == 1 {
				return false
			}
			w.apply(signUp("u-new", "Newcomer", "", noon.Add(-time.Hour)))
			return true
		}
	})
	w.story()
	token := w.token("u-new")
	first := w.ask(http.MethodGet, "/dashboard", "", "Cookie", cookie(token))
	if first.Code != http.StatusNotFound {
		t.Errorf("%d", first.Code)
	}
	w.shows(first.Body.String(), "Your link is being made")
	w.shows(w.see("u-new", "/dashboard"), "/r/C-U-NEW")
	w.see("u-new", "/dashboard")
	if len(asked) != 2 || asked[0] != token {
		t.Errorf("it was asked %d times", len(asked))
	}
}

// away is a store whose database does not answer.
type away struct{ Store }

func (away) ReferrerWith(context.Context, string, store.Bringing) (store.Referrer, []store.Brought, error) {
	return store.Referrer{}, nil, errors.New("connection refused")
}

func (away) Referrer(context.Context, string) (store.Referrer, error) {
	return store.Referrer{}, errors.New("connection refused")
}

func (away) SetListed(context.Context, string, bool) error { return errors.New("connection refused") }

func TestADatabaseThatIsAway(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Store = away{} })
	held := []string{"Cookie", cookie(w.token("u-alice")), "Sec-Fetch-Site", "same-origin"}
	for _, answer := range []*httptest.ResponseRecorder{
		w.ask(http.MethodGet, "/dashboard", "", held...), w.ask(http.MethodGet, "/dashboard/qr.svg", "", held...),
		w.ask(http.MethodPost, "/dashboard/listing", form("listed", "no"), held...),
	} {
		if answer.Code != http.StatusServiceUnavailable || answer.Header().Get("Retry-After") == "" {
			t.Errorf("%d %v", answer.Code, answer.Header())
		}
		w.shows(answer.Body.String(), "Nothing is lost.")
		w.hides(answer.Body.String(), "refused")
	}
	w.shows(w.log.String(), "connection refused")
}

package portal

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"rsc.io/qr"

	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/program"
	"github.com/plusone-dev/plusone/internal/referral"
	"github.com/plusone-dev/plusone/internal/store"
)

func TestOffers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		terms     string
		next      int
		headline  string
		you, they string
		text      string
	}{
		{
			terms:    "{}",
			headline: "Give $10.00, get $10.00", you: "$10.00 or €10.00", they: "$10.00 or €10.00", text: "Sign up with my link and get $10.00.",
		},
		{
			terms:    `{qualify: {minimum: {eur: "20.00", chf: "20.00"}}, rewards: [{to: referrer, percent: "12.5", at_most: {eur: "50.00", chf: "50.00"}}]}`,
			headline: "Get 12.5% for each friend", you: "12.5% of the purchase, up to CHF\u00a050.00 or €50.00", text: "I thought you might like this.",
		},
		{
			terms:    `{qualify: {minimum: {eur: "20.00"}}, rewards: [{to: referee, fixed: {points: "1"}}, {to: referee, fixed: {points: "5"}, on: signup}]}`,
			headline: "Invite your friends", they: "1 point; 5 points on sign-up", text: "I thought you might like this.",
		},
		{
			terms:    `{rewards: [{to: referee, fixed: {points: "100"}}]}`,
			headline: "Give your friends 100 points", they: "100 points", text: "Sign up with my link and get 100 points.",
		},
		{
			terms: `{tiers: [{name: A, from: 1}, {name: B, from: 3, rewards: [{to: referrer, fixed: {usd: "15.00", eur: "15.00"}}]}]}`, next: 3,
			headline: "Get $15.00 for each friend", you: "$15.00 or €15.00", text: "I thought you might like this.",
		},
		{
			terms:    `{qualify: {minimum: {eur: "1.00", gbp: "1.00", chf: "1.00", sek: "1.00"}}, rewards: [{to: referrer, fixed: {eur: "1.00", gbp: "1.00", chf: "1.00", sek: "1.00"}}]}`,
			headline: "Get CHF\u00a01.00 for each friend", you: "CHF\u00a01.00 or €1.00 or £1.00 or as much in other currencies", text: "I thought you might like this.",
		},
	} {
		terms, err := program.Parse("test", []byte(c.terms))
		if err != nil {
			t.Fatalf("%s: %v", c.terms, err)
		}
		o := describe(terms, max(c.next, 1))
		if you, they := strings.Join(o.You, "; "), strings.Join(o.Friend, "; "); o.Headline != c.headline || you != c.you || they != c.they || o.Text != c.text {
			t.Errorf("%s:\n%q\n%q\n%q\n%q", c.terms, o.Headline, you, they, o.Text)
		}
	}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	for terms, want := range map[string]string{
		"{}": "A friend counts once they have signed up with your link and made a purchase of at least $10.00 or €10.00 within 90 days.",
		`{qualify: {purchase: first, within: 1d12h, verified_email: true}, hold: 1d}`: "A friend counts once they have signed up with your link and made " +
			"a first purchase of at least $10.00 or €10.00 within 36 hours. Their e-mail address must be verified too. Rewards follow 1 day after the purchase.",
	} {
		read, err := program.Parse("test", []byte(terms))
		if err != nil {
			t.Fatal(err)
		}
		if got := condition(read); got != want {
			t.Errorf("%s: %s", terms, got)
		}
	}
}

// The reasons are read from where they are declared: a new one must have its words.
func TestEveryReasonHasItsWords(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../../referral/referral.go")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`Reason = "([a-z_]+)"`).FindAllStringSubmatch(string(source), -1)
	if len(found) < 11 {
		t.Fatalf("%d reasons were found", len(found))
	}
	for _, m := range found {
		word, because := explain(store.Brought{Status: referral.Cancelled, Reason: referral.Reason(m[1])}, referral.Terms{})
		if word != "Not counted" || because == "" {
			t.Errorf("%s: %q because %q", m[1], word, because)
		}
	}
	if len(found) != len(reasons) {
		t.Errorf("%d reasons, words for %d", len(found), len(reasons))
	}
}

func TestHowAReferralStands(t *testing.T) {
	t.Parallel()
	terms := referral.Terms{Qualify: referral.QualifyTerms{Within: 24 * time.Hour}}
	at := time.Date(2026, 12, 31, 9, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		give          store.Brought
		word, because string
	}{
		{store.Brought{Status: referral.Pending, AttributedAt: at}, "Signed up", "until 1 Jan 2027"},
		{store.Brought{Status: referral.Qualified}, "On its way", "time for refunds"},
		{store.Brought{Status: referral.Qualified, Reviewing: true}, "In review", "having a look"},
		{store.Brought{Status: referral.Rewarded}, "Rewarded", ""},
	} {
		word, because := explain(c.give, terms)
		if word != c.word || !strings.Contains(because, c.because) || (because == "") != (c.because == "") {
			t.Errorf("%+v: %q because %q", c.give, word, because)
		}
	}
}

func TestShares(t *testing.T) {
	t.Parallel()
	want := []string{
		"https://x.com/intent/tweet?text=Get%20%2410%20%26%20more.&url=https%3A%2F%2Fr.example%2Fr%2FA%3Fvia%3Dx",
		"https://www.facebook.com/sharer/sharer.php?u=https%3A%2F%2Fr.example%2Fr%2FA%3Fvia%3Dfacebook",
		"https://wa.me/?text=Get%20%2410%20%26%20more.%20https%3A%2F%2Fr.example%2Fr%2FA%3Fvia%3Dwhatsapp",
		"mailto:?subject=A%20b&body=Get%20%2410%20%26%20more.%0A%0Ahttps%3A%2F%2Fr.example%2Fr%2FA%3Fvia%3Demail",
	}
	for i, s := range shares("https://r.example/r/A", "Get $10 & more.", "A b") {
		if s.Href != want[i] {
			t.Errorf("%s: %s", s.Name, s.Href)
		}
	}
	if got := withChannel("https://r.example/?c=A", "x"); got != "https://r.example/?c=A&via=x" {
		t.Error(got)
	}
}

func TestAmounts(t *testing.T) {
	t.Parallel()
	for want, give := range map[string][]money.Amount{
		"$0.00":           nil,
		"$5.00 €1.00":     {money.New("eur", 100), money.New("usd", 500)},
		"$0.00 20 points": {money.New("points", 20), money.New("usd", 0)},
		"€1.00":           {money.New("eur", 100)},
		"−$5.00":          {money.New("usd", -500), money.New("eur", 0)},
	} {
		if got := strings.Join(amounts(give, "usd"), " "); got != want {
			t.Errorf("%v: %s, want %s", give, got, want)
		}
	}
}

// The drawing is module for module what the encoder says, with the edge that readers need.
func TestTheQRCode(t *testing.T) {
	t.Parallel()
	const link = "https://refer.example.com/r/ABC12345?via=qr"
	code, err := qr.Encode(link, qr.M)
	if err != nil {
		t.Fatal(err)
	}
	drawn, err := drawQR(link)
	if err != nil {
		t.Fatal(err)
	}
	black := make(map[[2]int]bool)
	for part := range strings.SplitSeq(strings.TrimSuffix(drawn.Path, "z"), "z") {
		var x, y, wide, back int
		if _, err := fmt.Sscanf(part, "M%d %dh%dv1h-%d", &x, &y, &wide, &back); err != nil || wide != back {
			t.Fatalf("%q: %v", part, err)
		}
		for i := range wide {
			black[[2]int{x + i, y}] = true
		}
	}
	for y := range drawn.Size {
		for x := range drawn.Size {
			if want := code.Black(x-quiet, y-quiet); black[[2]int{x, y}] != want {
				t.Fatalf("%d, %d: black %t, want %t", x, y, !want, want)
			}
		}
	}
	if drawn.Size != code.Size+8 || !strings.Contains(drawn.image(), drawn.Path) {
		t.Errorf("the drawing is %d wide", drawn.Size)
	}
	if _, err := drawQR(strings.Repeat("x", 3000)); err == nil {
		t.Error("a text that is too long was encoded")
	}
}

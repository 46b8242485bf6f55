package referral

import (
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

func TestNormalEmail(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ give, want string }{
		{"bob@example.com", "bob@example.com"},
		{" Bob@Example.COM\n", "bob@example.com"},
		{"b.o.b@example.com", "bob@example.com"},
		{"bob+shop@example.com", "bob@example.com"},
		{"b.ob+a.b+c@example.com", "bob@example.com"},
		{"bob@example.com.", "bob@example.com"},
		{"bob@example.com..", "bob@example.com"},
		{"bob@googlemail.com", "bob@gmail.com"},
		{"bob@mail.example.com", "bob@mail.example.com"}, // dots of the domain stay
		{"BÖB@EXAMPLE.COM", "böb@example.com"},
		{"bob-b@example.com", "bob-b@example.com"},
		{"", ""},
		{"bob", ""},
		{"@example.com", ""},
		{"bob@", ""},
		{"bob@.", ""},
		{"+tag@example.com", ""},
		{"...@example.com", ""},
		{"bob@eve@example.com", ""},
		{"bo b@example.com", ""},
		{". bob@example.com", ""},
		{"bob@example.com .", ""},
		{"Bob <bob@example.com>", ""},
	} {
		if got := NormalEmail(c.give); got != c.want {
			t.Errorf("%q: got %q, want %q", c.give, got, c.want)
		}
	}
}

// The normal form is its own, and the ways one mailbox is written have one.
func TestNormalEmailLaws(t *testing.T) {
	t.Parallel()
	addresses := 0
	rapid.Check(t, func(t *rapid.T) {
		normal := NormalEmail(drawAddress(t))
		if again := NormalEmail(normal); again != normal {
			t.Fatalf("%q becomes %q", normal, again)
		}
		if strings.ContainsFunc(normal, unicode.IsSpace) {
			t.Fatalf("%q has blanks", normal)
		}
		if normal == "" {
			return
		}
		addresses++
		local, domain, _ := strings.Cut(normal, "@")
		for _, other := range []string{local + "+x@" + domain, "." + local + "@" + domain, local + ".@" + domain + ".", " " + normal} {
			if got := NormalEmail(other); got != normal {
				t.Fatalf("%q becomes %q, want %q", other, got, normal)
			}
		}
	})
	if addresses == 0 {
		t.Error("no address was drawn: this proves nothing")
	}
}

// drawAddress draws what looks like an address, of letters that are upper case in some alphabet and of all that is
// special in one.
func drawAddress(t *rapid.T) string {
	letters := rapid.StringOfN(rapid.OneOf(rapid.SampledFrom([]rune("abAB.+@ \t\u00a0İKẞǅ")), rapid.Rune()), 0, 6, -1)
	if rapid.IntRange(0, 3).Draw(t, "any text") == 0 {
		return letters.Draw(t, "text")
	}
	word := rapid.StringMatching(`[a-cA-C.+]{1,5}`)
	domain := rapid.SampledFrom([]string{"x.com", "X.com.", "googlemail.com", "GoogleMail.com..", "é.fr"}).Draw(t, "domain")
	return word.Draw(t, "local") + "@" + domain
}

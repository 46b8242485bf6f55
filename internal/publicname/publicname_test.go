package publicname_test

import (
	"strings"
	"testing"

	"github.com/plusone-dev/plusone/internal/publicname"
)

func TestOf(t *testing.T) {
	for username, want := range map[string]string{
		"alice":                  "alice",
		"Alice Smith":            "Alice S.",
		"  Alice   van  smith ":  "Alice S.",
		"Ægir Þórsson":           "Ægir Þ.",
		"小明 王":                   "小明 王.",
		"alice 2":                "alice",
		"Alice (the great)":      "Alice G.",
		"O'Brien-Ng":             "O'Brien-Ng",
		"Al\u202eice\u0000 Sm":   "Alice S.", // neither turned around nor with what is not seen
		"a\tb":                   "a B.",
		"<script>alert":          "<script>alert", // it is text; whoever makes a page of it escapes it
		strings.Repeat("ä", 500): strings.Repeat("ä", 24) + "…",
	} {
		if got := publicname.Of(username, 7); got != want {
			t.Errorf("%q is shown as %q, want %q", username, got, want)
		}
	}
}

func TestPseudonyms(t *testing.T) {
	own := publicname.Of("", 7)
	if len(strings.Fields(own)) != 3 || own != publicname.Of("", 7) {
		t.Errorf("the pseudonym of 7 is %q and %q", own, publicname.Of("", 7))
	}
	for _, username := range []string{
		" ", "\u202e\u0000", "alice@example.com", "Alice alice@example.com", "alice＠example.com", "+43 660 1234567", "https://x.example", "WWW.example.com", "1234567",
		`corp\alice`, "\xff",
	} {
		if got := publicname.Of(username, 7); got != own {
			t.Errorf("%q is shown as %q, want the pseudonym %q", username, got, own)
		}
	}
	seen := make(map[string]int)
	for n := range int64(2000) {
		name := publicname.Of("", n)
		seen[name]++
		if strings.Contains(name, "@") {
			t.Fatalf("%q", name)
		}
	}
	if len(seen) < 1950 {
		t.Errorf("2000 people have %d pseudonyms", len(seen))
	}
}

func TestMask(t *testing.T) {
	for email, want := range map[string]string{
		"alice@example.com": "a•••@example.com", "a@example.com": "a•••@example.com", "ünal@example.com": "ü•••@example.com",
		`"a@b"@example.com`: `"•••@example.com`,
		"":                  "", "alice": "", "@example.com": "", "alice@": "", "\x00a@example.com": "", "\xffa@example.com": "",
	} {
		if got := publicname.Mask(email); got != want {
			t.Errorf("%q is masked as %q, want %q", email, got, want)
		}
	}
}

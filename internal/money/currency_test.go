package money

import (
	"strings"
	"testing"
)

// Stripe's page on currencies, in its own words: those without decimals, those with three, and the special cases, of which
// ISO 4217 says otherwise. All others have two.
const (
	withoutDecimals = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf"
	threeDecimals   = "bhd jod kwd omr tnd"
	wholeUnits      = "isk ugx" // two decimals, which are 00
	ordinary        = "huf twd" // two decimals, though they are paid out in whole units
)

// TestExponents holds the list against that page.
func TestExponents(t *testing.T) {
	t.Parallel()
	for exponent, codes := range map[int]string{
		0: withoutDecimals,
		2: "usd eur gbp chf cad aud " + wholeUnits + " " + ordinary,
		3: threeDecimals,
	} {
		for _, code := range strings.Fields(codes) {
			if got, ok := Currency(code).Exponent(); !ok || got != exponent {
				t.Errorf("%s: exponent %d, %v; want %d", code, got, ok, exponent)
			}
		}
	}
	count := map[int]int{}
	for c, exponent := range exponents {
		if c == Points {
			continue
		}
		count[exponent]++
		if !c.Shaped() || len(c) != 3 || !c.Known() || !c.Paid() {
			t.Errorf("%q is in the list, and not of the shape of a currency", c)
		}
	}
	if count[0] != 15 || count[2] < 100 || count[3] != 5 || len(count) != 3 {
		t.Errorf("currencies by exponent: %v; want 15 of 0, 5 of 3, and all others of 2", count)
	}
}

// TestStep holds that only the special cases of that page have a smallest amount of more than one minor unit.
func TestStep(t *testing.T) {
	t.Parallel()
	want := map[Currency]int64{}
	for _, code := range strings.Fields(threeDecimals) {
		want[Currency(code)] = 10 // the last digit is 0
	}
	for _, code := range strings.Fields(wholeUnits) {
		want[Currency(code)] = 100
	}
	for c := range exponents {
		if got := c.Step(); got != max(1, want[c]) {
			t.Errorf("%s: a step of %d, want %d", c, got, max(1, want[c]))
		}
	}
	for _, c := range []Currency{"", "xyz", "ISK", "KWD"} {
		if got := c.Step(); got != 1 {
			t.Errorf("%q, which is unknown: a step of %d, want 1", c, got)
		}
	}
}

// TestPoints holds that points are whole, known, and nothing that anybody pays with.
func TestPoints(t *testing.T) {
	t.Parallel()
	if exponent, ok := Points.Exponent(); !ok || exponent != 0 || !Points.Known() || Points.Paid() || Points.Step() != 1 {
		t.Errorf("points: exponent %d, known %v, paid %v, step %d", exponent, Points.Known(), Points.Paid(), Points.Step())
	}
	if got := New(Points, 10).String(); got != "10 points" {
		t.Errorf("ten points are written %q", got)
	}
	if got, err := Parse(Points, "10"); err != nil || got != New(Points, 10) {
		t.Errorf("ten points are read as %+v, %v", got, err)
	}
	if got, err := Parse(Points, "0.5"); err == nil {
		t.Errorf("half a point is read as %+v", got)
	}
	for _, c := range []Currency{"", "xyz", "USD", "point", "Points"} {
		if c.Paid() {
			t.Errorf("a purchase can be made in %q", c)
		}
	}
}

// TestUnknown holds that what Stripe does not charge in is unknown, however much it looks like a currency.
func TestUnknown(t *testing.T) {
	t.Parallel()
	for _, c := range []Currency{
		"", "us", "usdd", "USD", "Usd", " usd", "usd ", "xyz", "point", "POINTS", "xau", "xxx", "ésd",
		"hrk", "ltl", "lvl", "eek", "mro", "sll", "vef", "svc", // withdrawn, and gone from Stripe's list
	} {
		if exponent, ok := c.Exponent(); ok || c.Known() {
			t.Errorf("%q is known, with exponent %d", c, exponent)
		}
	}
}

func TestShaped(t *testing.T) {
	t.Parallel()
	for c, want := range map[Currency]bool{
		"usd": true, "xyz": true, "": false, "us": false, "usdc": true, "dollarsss": false, "USD": false, "us1": false, "é1": false, "u d": false,
	} {
		if got := c.Shaped(); got != want {
			t.Errorf("%q: %v; want %v", c, got, want)
		}
	}
}

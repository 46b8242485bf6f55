package money

import (
	"strings"
	"testing"
)

// TestExponents holds the list against Stripe's page on currencies, in the words of that page: those without decimals,
// those with three, and the special cases, of which ISO 4217 says otherwise.
func TestExponents(t *testing.T) {
	t.Parallel()
	for exponent, codes := range map[int]string{
		0: "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf",
		2: "usd eur gbp chf cad aud isk ugx huf twd",
		3: "bhd jod kwd omr tnd",
	} {
		for _, code := range strings.Fields(codes) {
			if got, ok := Currency(code).Exponent(); !ok || got != exponent {
				t.Errorf("%s: exponent %d, %v; want %d", code, got, ok, exponent)
			}
		}
	}
	count := map[int]int{}
	for c, exponent := range exponents {
		count[exponent]++
		if !c.Shaped() || !c.Known() {
			t.Errorf("%q is in the list, and not of the shape of a currency", c)
		}
	}
	if count[0] != 15 || count[3] != 5 || len(count) != 3 {
		t.Errorf("currencies by exponent: %v; want 15 of 0 and 5 of 3", count)
	}
}

// TestUnknown holds that what Stripe does not charge in is unknown, however much it looks like a currency.
func TestUnknown(t *testing.T) {
	t.Parallel()
	for _, c := range []Currency{
		"", "us", "usdd", "USD", "Usd", " usd", "usd ", "xyz", "points", "xau", "xxx", "ésd",
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

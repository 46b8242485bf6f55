package money

import (
	"errors"
	"maps"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The laws of amounts, against whole numbers without bounds.

func drawAmount(t *rapid.T, label string) Amount {
	return New(rapid.SampledFrom(slices.Sorted(maps.Keys(exponents))).Draw(t, label+" currency"), rapid.Int64().Draw(t, label))
}

// TestMajorIsParsed holds that what Major writes is read back, in every currency.
func TestMajorIsParsed(t *testing.T) {
	t.Parallel()
	for c := range exponents {
		t.Run(string(c), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				want := New(c, rapid.Int64Min(0).Draw(t, "minor"))
				if got, err := Parse(c, want.Major()); err != nil || got != want {
					t.Fatalf("%+v is written %q and read as %+v, %v", want, want.Major(), got, err)
				}
			})
		})
	}
}

// TestArithmetic holds that a sum, a difference and a negation are exact, or are ErrOverflow because they do not fit.
func TestArithmetic(t *testing.T) {
	t.Parallel()
	exact := func(t *rapid.T, what string, got Amount, err error, want *big.Int) {
		switch {
		case !want.IsInt64():
			if !errors.Is(err, ErrOverflow) {
				t.Fatalf("%s = %v does not fit, and is %+v, %v", what, want, got, err)
			}
		case err != nil || got.Minor != want.Int64():
			t.Fatalf("%s = %v, and is %+v, %v", what, want, got, err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawAmount(t, "a"), drawAmount(t, "b")
		b.Currency = a.Currency
		x, y := big.NewInt(a.Minor), big.NewInt(b.Minor)

		sum, err := a.Add(b)
		exact(t, "a + b", sum, err, new(big.Int).Add(x, y))
		difference, err := a.Sub(b)
		exact(t, "a − b", difference, err, new(big.Int).Sub(x, y))
		negated, err := a.Neg()
		exact(t, "−a", negated, err, new(big.Int).Neg(x))
	})
}

// FuzzParse holds that Parse never panics, takes only what is at least zero, and that what it takes means what Major
// then writes.
func FuzzParse(f *testing.F) {
	for _, seed := range [][2]string{
		{"usd", "10.00"}, {"jpy", "500"}, {"kwd", "1.234"}, {"usd", "92233720368547758.08"}, {"xyz", "1"}, {"usd", "-1"}, {"", ""},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, currency, text string) {
		amount, err := Parse(Currency(currency), text)
		if err != nil {
			if amount != (Amount{}) {
				t.Fatalf("%+v beside %v", amount, err)
			}
			return
		}
		if amount.Minor < 0 || amount.Currency != Currency(currency) || !amount.Currency.Known() {
			t.Fatalf("Parse(%q, %q) = %+v", currency, text, amount)
		}
		if back, err := Parse(amount.Currency, amount.Major()); err != nil || back != amount {
			t.Fatalf("%+v is written %q and read as %+v, %v", amount, amount.Major(), back, err)
		}
	})
}

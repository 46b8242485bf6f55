package money

import (
	"errors"
	"math"
	"testing"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		currency Currency
		text     string
		want     int64
	}{
		{"usd", "10.00", 1000},
		{"usd", "10", 1000},
		{"usd", "0.5", 50},
		{"usd", "0.05", 5},
		{"usd", "0", 0},
		{"usd", "007.10", 710},
		{"usd", "92233720368547758.07", math.MaxInt64},
		{"jpy", "500", 500},
		{"jpy", "9223372036854775807", math.MaxInt64},
		{"kwd", "1.234", 1234},
		{"kwd", "1.2", 1200},
		{"isk", "5", 500},
	} {
		got, err := Parse(c.currency, c.text)
		if err != nil || got != New(c.currency, c.want) {
			t.Errorf("Parse(%s, %q) = %+v, %v; want %d", c.currency, c.text, got, err, c.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		currency Currency
		text     string
		want     error // nil: any
	}{
		{"xyz", "1", ErrUnknownCurrency},
		{"USD", "1", ErrUnknownCurrency},
		{"", "1", ErrUnknownCurrency},
		{"usd", "92233720368547758.08", ErrOverflow},
		{"usd", "92233720368547759", ErrOverflow},
		{"jpy", "9223372036854775808", ErrOverflow},
		{"kwd", "9223372036854775.808", ErrOverflow},
		{"usd", "1.001", nil},
		{"jpy", "1.0", nil},
		{"kwd", "1.0001", nil},
		{"usd", "", nil},
		{"usd", ".", nil},
		{"usd", "1.", nil},
		{"usd", ".5", nil},
		{"usd", "-1", nil},
		{"usd", "+1", nil},
		{"usd", "--1", nil},
		{"usd", "1e3", nil},
		{"usd", "0x10", nil},
		{"usd", "1_000", nil},
		{"usd", "1,000", nil},
		{"usd", "1,5", nil},
		{"usd", " 1", nil},
		{"usd", "1 ", nil},
		{"usd", "1\n", nil},
		{"usd", "1.2.3", nil},
		{"usd", "1.-2", nil},
		{"usd", "NaN", nil},
		{"usd", "Inf", nil},
		{"usd", "١", nil}, // a digit, but not of ours
		{"usd", "$1", nil},
	} {
		got, err := Parse(c.currency, c.text)
		if err == nil || got != (Amount{}) {
			t.Errorf("Parse(%s, %q) = %+v, %v; want an error", c.currency, c.text, got, err)
		}
		if c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("Parse(%s, %q): %v; want %v", c.currency, c.text, err, c.want)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		amount        Amount
		major, string string
	}{
		{New("usd", 1000), "10.00", "10.00 usd"},
		{New("usd", 5), "0.05", "0.05 usd"},
		{New("usd", -5), "-0.05", "-0.05 usd"},
		{New("usd", 0), "0.00", "0.00 usd"},
		{New("usd", -100), "-1.00", "-1.00 usd"},
		{New("jpy", 500), "500", "500 jpy"},
		{New("jpy", -500), "-500", "-500 jpy"},
		{New("kwd", 1), "0.001", "0.001 kwd"},
		{New("kwd", 1234), "1.234", "1.234 kwd"},
		{New("usd", math.MaxInt64), "92233720368547758.07", "92233720368547758.07 usd"},
		{New("usd", math.MinInt64), "-92233720368547758.08", "-92233720368547758.08 usd"},
		{New("jpy", math.MinInt64), "-9223372036854775808", "-9223372036854775808 jpy"},
		{New("xyz", 1000), "1000", `1000 minor units of "xyz"`},
		{Amount{}, "0", `0 minor units of ""`},
	} {
		if got := c.amount.Major(); got != c.major {
			t.Errorf("%+v: Major %q; want %q", c.amount, got, c.major)
		}
		if got := c.amount.String(); got != c.string {
			t.Errorf("%+v: String %q; want %q", c.amount, got, c.string)
		}
	}
}

func TestOverflow(t *testing.T) {
	t.Parallel()
	const least, most = math.MinInt64, math.MaxInt64
	for _, c := range []struct {
		a, b     int64
		sum      error
		negative error // of a − b
	}{
		{0, 0, nil, nil},
		{most, 0, nil, nil},
		{least, 0, nil, nil},
		{most, 1, ErrOverflow, nil},
		{most, most, ErrOverflow, nil},
		{most, -1, nil, ErrOverflow},
		{least, -1, ErrOverflow, nil},
		{least, 1, nil, ErrOverflow},
		{least, least, ErrOverflow, nil},
		{least, most, nil, ErrOverflow},
		{most, least, nil, ErrOverflow},
		{0, least, nil, ErrOverflow},
		{-1, least, ErrOverflow, nil}, // −1 − least is most: it fits, though −least does not
	} {
		if _, err := New("usd", c.a).Add(New("usd", c.b)); !errors.Is(err, c.sum) {
			t.Errorf("%d + %d: %v; want %v", c.a, c.b, err, c.sum)
		}
		if _, err := New("usd", c.a).Sub(New("usd", c.b)); !errors.Is(err, c.negative) {
			t.Errorf("%d − %d: %v; want %v", c.a, c.b, err, c.negative)
		}
	}
	if got, err := New("usd", least).Neg(); !errors.Is(err, ErrOverflow) || got != (Amount{}) {
		t.Errorf("the least amount, negated: %+v, %v", got, err)
	}
	if got, err := New("usd", most).Neg(); err != nil || got != New("usd", -most) {
		t.Errorf("the greatest amount, negated: %+v, %v", got, err)
	}
}

func TestCurrenciesDoNotMix(t *testing.T) {
	t.Parallel()
	for _, other := range []Amount{New("eur", 1), {}, New("USD", 1), New("eur", math.MinInt64)} {
		if _, err := New("usd", 1).Add(other); !errors.Is(err, ErrCurrency) {
			t.Errorf("1 usd + %+v: %v", other, err)
		}
		if _, err := New("usd", 1).Sub(other); !errors.Is(err, ErrCurrency) {
			t.Errorf("1 usd − %+v: %v", other, err)
		}
	}
}

func TestIsZero(t *testing.T) {
	t.Parallel()
	if !New("usd", 0).IsZero() || !(Amount{}).IsZero() || New("usd", 1).IsZero() || New("", -1).IsZero() {
		t.Error("an amount is nothing when it has no minor units, whatever its currency")
	}
}

// Package money holds amounts: whole minor units (cents, yen, fils) of a named currency.
// It is pure, has no floats, and every operation that could overflow says so.
// It reaches nothing but the standard library.
package money

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

var (
	// ErrOverflow says that a sum does not fit in an int64 of minor units.
	ErrOverflow = errors.New("money: the amount is too large")
	// ErrCurrency says that two amounts of different currencies were put together.
	ErrCurrency = errors.New("money: the currencies differ")
	// ErrUnknownCurrency says that a currency is not one whose minor unit is known.
	ErrUnknownCurrency = errors.New("money: unknown currency")
)

// Amount is a number of minor units of one currency. The zero Amount has no currency.
type Amount struct {
	Currency Currency
	Minor    int64
}

// New makes an amount of minor units: New("usd", 1000) is ten dollars.
func New(c Currency, minor int64) Amount { return Amount{Currency: c, Minor: minor} }

// IsZero says whether the amount is nothing, of whatever currency.
func (a Amount) IsZero() bool { return a.Minor == 0 }

// Add sums two amounts of one currency. Errors: ErrCurrency, ErrOverflow.
func (a Amount) Add(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, fmt.Errorf("%w: %s and %s", ErrCurrency, a.Currency, b.Currency)
	}
	sum, err := AddMinor(a.Minor, b.Minor)
	return Amount{a.Currency, sum}, err
}

// Neg turns a credit into the debit of the same size. Error: ErrOverflow for the smallest int64.
func (a Amount) Neg() (Amount, error) {
	if a.Minor == math.MinInt64 {
		return Amount{}, ErrOverflow
	}
	return Amount{a.Currency, -a.Minor}, nil
}

// Sub takes b from a. Errors: ErrCurrency, ErrOverflow.
func (a Amount) Sub(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, fmt.Errorf("%w: %s and %s", ErrCurrency, a.Currency, b.Currency)
	}
	difference, err := SubMinor(a.Minor, b.Minor)
	return Amount{a.Currency, difference}, err
}

// AddMinor sums minor units. Error: ErrOverflow.
func AddMinor(a, b int64) (int64, error) {
	sum := a + b
	if (sum > a) != (b > 0) {
		return 0, ErrOverflow
	}
	return sum, nil
}

// SubMinor takes b from a. It does not go by way of -b, which the smallest int64 does not have. Error: ErrOverflow.
func SubMinor(a, b int64) (int64, error) {
	difference := a - b
	if (difference < a) != (b > 0) {
		return 0, ErrOverflow
	}
	return difference, nil
}

// Major writes the amount in the currency's major unit, without the currency: "10.00", "-0.05", "500" for yen.
// An amount of an unknown currency is written in minor units, for its exponent is unknown.
func (a Amount) Major() string {
	exp, _ := a.Currency.Exponent()
	digits := strconv.FormatUint(magnitude(a.Minor), 10)
	sign := ""
	if a.Minor < 0 {
		sign = "-"
	}
	if exp == 0 {
		return sign + digits
	}
	if len(digits) <= exp {
		digits = strings.Repeat("0", exp+1-len(digits)) + digits
	}
	return sign + digits[:len(digits)-exp] + "." + digits[len(digits)-exp:]
}

// String writes the amount as a person reads it: "10.00 usd".
func (a Amount) String() string {
	if !a.Currency.Known() {
		return fmt.Sprintf("%d minor units of %q", a.Minor, string(a.Currency))
	}
	return a.Major() + " " + string(a.Currency)
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return uint64(-(n + 1)) + 1
	}
	return uint64(n)
}

// Parse reads an amount as a person writes it in the major unit: "10.00", "10", "0.5".
// It refuses signs, exponents, blanks, and more decimals than the currency has.
// Errors: ErrUnknownCurrency, ErrOverflow, and a text saying what is wrong with the number.
func Parse(c Currency, s string) (Amount, error) {
	exp, ok := c.Exponent()
	if !ok {
		return Amount{}, fmt.Errorf("%w: %q", ErrUnknownCurrency, string(c))
	}
	whole, frac, dotted := strings.Cut(s, ".")
	if !digitsOnly(whole) || (dotted && !digitsOnly(frac)) {
		return Amount{}, fmt.Errorf("money: %q is not an amount such as \"10.00\"", s)
	}
	if len(frac) > exp {
		return Amount{}, fmt.Errorf("money: %q has more decimals than %s allows (%d)", s, c, exp)
	}
	minor, err := strconv.ParseInt(whole+frac+strings.Repeat("0", exp-len(frac)), 10, 64)
	if err != nil {
		return Amount{}, fmt.Errorf("%w: %q", ErrOverflow, s)
	}
	return Amount{c, minor}, nil
}

func digitsOnly(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

package api

import (
	"strings"

	"github.com/plusone-dev/plusone/internal/money"
)

// decimal is an amount as a plain number in the major unit, such as 20.0 and 10.25. It is made of the amount's digits and
// is never a float.
type decimal money.Amount

// MarshalJSON is part of json.Marshaler.
func (d decimal) MarshalJSON() ([]byte, error) {
	whole, fraction, _ := strings.Cut(money.Amount(d).Major(), ".")
	if fraction = strings.TrimRight(fraction, "0"); fraction == "" {
		fraction = "0"
	}
	return []byte(whole + "." + fraction), nil
}

// inCurrency is what there is in a currency, among amounts of which each is in another.
func inCurrency(all []money.Amount, c money.Currency) decimal {
	for _, a := range all {
		if a.Currency == c {
			return decimal(a)
		}
	}
	return decimal(money.New(c, 0))
}

func amountsOf(all []money.Amount) []amountJSON {
	list := make([]amountJSON, 0, len(all))
	for _, a := range all {
		list = append(list, amountOf(a))
	}
	return list
}

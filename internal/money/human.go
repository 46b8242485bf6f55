package money

import "strings"

// symbols are of currencies that most people know by them, where the same sign does not mean another currency nearby.
var symbols = map[Currency]string{"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥", "inr": "₹", "krw": "₩"}

// Human is the amount as a person reads it: $1,234.50, CHF 10.00, 20 points, −$5.00. For machines there is Major.
func (a Amount) Human() string {
	major, sign := a.Major(), ""
	if strings.HasPrefix(major, "-") {
		major, sign = major[1:], "−"
	}
	whole, rest, found := strings.Cut(major, ".")
	if found {
		rest = "." + rest
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	switch symbol := symbols[a.Currency]; {
	case a.Currency == Points && major == "1":
		return sign + "1 point"
	case a.Currency == Points:
		return sign + whole + " points"
	case symbol != "":
		return sign + symbol + whole + rest
	}
	return sign + strings.ToUpper(string(a.Currency)) + "\u00a0" + whole + rest
}

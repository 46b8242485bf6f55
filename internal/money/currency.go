package money

// Currency is a code in lower case, as Stripe writes it ("usd").
type Currency string

// Points are what a program may grant in place of money: whole, and worth what the business says. Nothing is paid in them.
const Points Currency = "points"

// Exponents says how many decimals each currency has in Stripe's API. It is not ISO 4217: ISK and UGX are charged
// with two decimals there, HUF and TWD as ordinary two-decimal currencies.
// Source: https://docs.stripe.com/currencies (zero-decimal, three-decimal and special cases).
var exponents = func() map[Currency]int {
	m := make(map[Currency]int)
	for exp, codes := range map[int][]Currency{
		0: {"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"},
		2: {
			"aed", "afn", "all", "amd", "ang", "aoa", "ars", "aud", "awg", "azn", "bam", "bbd", "bdt", "bgn", "bmd", "bnd",
			"bob", "brl", "bsd", "bwp", "byn", "bzd", "cad", "cdf", "chf", "cny", "cop", "crc", "cve", "czk", "dkk", "dop",
			"dzd", "egp", "etb", "eur", "fjd", "fkp", "gbp", "gel", "gip", "gmd", "gtq", "gyd", "hkd", "hnl", "htg", "huf",
			"idr", "ils", "inr", "isk", "jmd", "kes", "kgs", "khr", "kyd", "kzt", "lak", "lbp", "lkr", "lrd", "lsl", "mad",
			"mdl", "mkd", "mmk", "mnt", "mop", "mur", "mvr", "mwk", "mxn", "myr", "mzn", "nad", "ngn", "nio", "nok", "npr",
			"nzd", "pab", "pen", "pgk", "php", "pkr", "pln", "qar", "ron", "rsd", "rub", "sar", "sbd", "scr", "sek", "sgd",
			"shp", "sle", "sos", "srd", "std", "szl", "thb", "tjs", "top", "try", "ttd", "twd", "tzs", "uah", "ugx", "usd",
			"uyu", "uzs", "wst", "xcd", "xcg", "yer", "zar", "zmw",
		},
		3: {"bhd", "jod", "kwd", "omr", "tnd"},
	} {
		for _, c := range codes {
			m[c] = exp
		}
	}
	m[Points] = 0
	return m
}()

// Known says whether the currency's minor unit is known. Nothing is ever rewarded in one that is not. Points are known;
// Paid says whether a purchase can be made in a currency.
func (c Currency) Known() bool { _, ok := exponents[c]; return ok }

// Paid says whether a purchase can be made in the currency: whether it is one of Stripe's.
func (c Currency) Paid() bool { return c.Known() && c != Points }

// Exponent is the number of decimals of the currency's major unit; false for an unknown currency.
func (c Currency) Exponent() (int, bool) { exp, ok := exponents[c]; return exp, ok }

// Step is the smallest amount of a currency, in its minor units, that Stripe moves: the last digit of currencies with three
// decimals is 0, and ISK and UGX, which have two decimals in the API, come in whole units.
// Source: https://docs.stripe.com/currencies (three-decimal and special cases).
func (c Currency) Step() int64 {
	switch exponents[c] {
	case 3:
		return 10
	case 2:
		if c == "isk" || c == "ugx" {
			return 100
		}
	}
	return 1
}

// Shaped says whether the text could be a currency code at all: three to eight lower-case letters. Most have three;
// stablecoins have more.
func (c Currency) Shaped() bool {
	if len(c) < 3 || len(c) > 8 {
		return false
	}
	for i := range len(c) {
		if c[i] < 'a' || c[i] > 'z' {
			return false
		}
	}
	return true
}

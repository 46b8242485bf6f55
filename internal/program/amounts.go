package program

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/plusone-dev/plusone/internal/money"
)

const exampleAmounts = `{usd: "10.00"}`

// amounts is a mapping of currencies to amounts, such as {usd: "10.00"}.
type amounts struct {
	value
	minor   map[money.Currency]int64 // zero where the amount was refused
	entries map[money.Currency]value
	sound   bool // every currency was understood, so what is not listed is really missing
}

// takeAmounts reads the amounts under a key: at least one, each more than zero and at most the limit. Nil when they
// are left out.
func (o *object) takeAmounts(key string, limit int64) *amounts {
	v, ok := o.take(key)
	if !ok {
		return nil
	}
	a := &amounts{value: v, minor: map[money.Currency]int64{}, entries: map[money.Currency]value{}}
	list := v.object(exampleAmounts)
	if list == nil {
		return a
	}
	a.sound = true
	if len(list.order) == 0 {
		a.refuse("must list at least one currency, such as %s", exampleAmounts)
		a.sound = false
	}
	for _, name := range list.order {
		v := list.fields[name]
		c, ok := currency(v, name)
		if !ok {
			a.sound = false
			continue
		}
		a.minor[c], a.entries[c] = amount(v, c, limit), v
	}
	return a
}

// currency reads the name of a currency.
func currency(v value, name string) (money.Currency, bool) {
	c := money.Currency(name)
	lower := money.Currency(strings.ToLower(name))
	switch {
	case c.Known():
		return c, true
	case name == "points":
		v.refuseKey("points are not yet supported: take them out")
	case lower.Known():
		v.refuseKey("currencies are written in lower case: write %s", lower)
	default:
		v.refuseKey("unknown currency: write the three letters that Stripe uses, such as usd or eur")
	}
	return "", false
}

// amount reads an amount in quotes, in the major unit; zero when it is refused. The quotes are asked for because a
// bare 10.10 is a number to YAML, and what passes through a float may come out as another.
func amount(v value, c money.Currency, limit int64) int64 {
	text, ok := v.quoted()
	if !ok {
		v.refuseUnquoted()
		return 0
	}
	parsed, err := money.Parse(c, text)
	switch {
	case err != nil && len(text) > 40:
		v.refuse("%s is not an amount such as \"10.00\"", shown(text))
	case err != nil:
		v.refuse("%s", strings.TrimPrefix(err.Error(), "money: "))
	case parsed.Minor == 0:
		v.refuse("must be more than zero")
	case parsed.Minor > limit:
		v.refuse("must be at most %s", money.New(c, limit))
	default:
		return parsed.Minor
	}
	return 0
}

func (v value) refuseUnquoted() {
	if digits, ok := v.numeral(); ok {
		v.refuse(`put the amount in quotes: "%s"`, digits)
		return
	}
	v.mustBe(`an amount in quotes, such as "10.00"`)
}

// currencies are the keys in the order of the alphabet, so that messages and output never depend on a map's order.
func currencies(m map[money.Currency]int64) []money.Currency { return slices.Sorted(maps.Keys(m)) }

// written is a mapping of amounts as a file says it: {eur: "10.00", usd: "10.00"}.
func written(m map[money.Currency]int64) string {
	parts := make([]string, 0, len(m))
	for _, c := range currencies(m) {
		parts = append(parts, fmt.Sprintf("%s: %q", c, money.New(c, m[c]).Major()))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

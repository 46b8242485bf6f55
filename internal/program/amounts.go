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

// takeAmounts reads the amounts under a key: at least one, each more than zero, at most the limit and a multiple of the
// currency's step. Points are taken unless there is a reason against them. Nil when the key is left out.
func (o *object) takeAmounts(key string, limit int64, noPoints string) *amounts {
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
		c, ok := currency(v, name, noPoints)
		if !ok {
			a.sound = false
			continue
		}
		a.minor[c], a.entries[c] = amount(v, c, limit), v
	}
	return a
}

// currency reads the name of a currency, which is not points where there is a reason against them.
func currency(v value, name, noPoints string) (money.Currency, bool) {
	c := money.Currency(name)
	lower := money.Currency(strings.ToLower(name))
	switch {
	case c == money.Points && noPoints != "":
		v.refuseKey("%s", noPoints)
	case c.Known():
		return c, true
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
	case parsed.Minor%c.Step() != 0:
		refuseStep(v, parsed)
	default:
		return parsed.Minor
	}
	return 0
}

// refuseStep names the nearest amount below that can be paid, or the smallest of all.
func refuseStep(v value, a money.Amount) {
	step := a.Currency.Step()
	near := money.New(a.Currency, max(step, a.Minor-a.Minor%step))
	v.refuse("must be a multiple of %s, the smallest amount that Stripe moves: write %q", money.New(a.Currency, step), near.Major())
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
	return mapping(parts)
}

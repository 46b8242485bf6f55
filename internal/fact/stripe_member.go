package fact

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/payment"
)

// fail keeps the first thing that is wrong with the object.
func (env *envelope) fail(format string, args ...any) {
	if env.err == nil {
		env.err = malformed(format, args...)
	}
}

// require says that a member must not be left out: to take an absent refund for none would leave a reward standing.
func (env *envelope) require(name string) {
	if env.object.get(name).Type == gjson.Null {
		env.fail("%s is missing", name)
	}
}

// text is a member of the object that is a text; empty for anything else.
func (env *envelope) text(name string) string { return env.object.get(name).Str }

// key is the key of an object that may be given as an id, as the whole object ("expanded"), or not at all. What is
// neither must not be passed over: without the reference, a refund would not find its payment.
func (env *envelope) key(name string) string { return env.reference(name, env.object.get(name)) }

func (env *envelope) reference(name string, ref gjson.Result) string {
	id := ref
	if ref.IsObject() {
		id = ref.Get("id")
	}
	switch {
	case validID(id.Str):
		return env.scope.Key(id.Str)
	case ref.Type != gjson.Null && ref.Raw != `""`:
		env.fail("%s is %#.40q: neither an id nor an object that has one", name, ref.Raw)
	}
	return ""
}

// claim is the first of the members that could be a user's id. A business may keep other things in these fields: what
// can not be an id names nobody, and is no reason to refuse the payment. Half a surrogate pair can not: with U+FFFD in
// its place, it could be somebody else's.
func (env *envelope) claim(place payment.Place, names ...string) payment.Claim {
	for _, name := range names {
		v := env.object.get(name)
		if id := v.Str; ValidUserID(id) && !hasLoneSurrogate([]byte(v.Raw)) {
			return payment.Claim{UserID: id, At: env.event.At, Place: place}
		}
	}
	return payment.Claim{}
}

// paid reads an amount that was paid, in the object's currency. Nothing is no payment. The time is the event's where the
// object does not say when it was paid: its own "created" is its birth.
func (env *envelope) paid(name string, at time.Time) payment.Paid {
	m := env.minor(name)
	if m == 0 {
		return payment.Paid{}
	}
	c := money.Currency(env.text("currency"))
	if !c.Shaped() {
		env.fail("the currency %#.40q is not a code of lower-case letters", env.text("currency"))
	}
	return payment.Paid{Amount: money.New(c, m), At: at}
}

// minor reads a whole number of minor units that is not negative; null and absent are 0.
func (env *envelope) minor(name string) int64 {
	v := env.object.get(name)
	if v.Type == gjson.Null {
		return 0
	}
	n, err := strconv.ParseInt(v.Raw, 10, 64) // a text comes with its quotes, and is none
	switch {
	case err != nil:
		env.fail("%s is %#.40q: not a whole number of minor units that fits 64 bits", name, v.Raw)
	case n < 0:
		env.fail("%s is %d: it must not be negative", name, n)
	}
	return n
}

// The years an event may be of. Anything else is a mistake, such as milliseconds taken for seconds.
var earliest, latest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)

// unixTime reads when the event was made. Error: *MalformedError with its Rule.
func unixTime(v gjson.Result) (time.Time, error) {
	at, err := seconds("the event's created", v)
	switch {
	case err == nil:
		return at, nil
	case v.Type == gjson.String:
		err.Rule = ThinEvent // these write their time as a text
	default:
		err.Rule = BadCreated
	}
	return time.Time{}, err
}

// when is a time of the object's own.
func (env *envelope) when(name string) time.Time {
	at, err := seconds(name, env.object.get(name))
	if err != nil && env.err == nil {
		env.err = err
	}
	return at
}

func seconds(name string, v gjson.Result) (time.Time, *MalformedError) {
	n, err := strconv.ParseInt(v.Raw, 10, 64) // a text comes with its quotes, and is none
	if err != nil {
		return time.Time{}, malformed("%s is %#.40q, not a time in whole seconds", name, v.Raw)
	}
	at := time.Unix(n, 0).UTC()
	if at.Before(earliest) || !at.Before(latest) {
		return time.Time{}, malformed("%s is %d: outside the years 2000 to 2199", name, n)
	}
	return at, nil
}

// validID says whether a text can be an id of Stripe's: printable ASCII, no colon (which keys use), of bounded length.
func validID(id string) bool {
	if id == "" || len(id) > 255 {
		return false
	}
	return !strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' || r == ':' })
}

// ValidUserID says whether a text can be the business's id of a user: 1 to 255 characters, no control characters.
func ValidUserID(id string) bool {
	return id != "" && utf8.ValidString(id) && utf8.RuneCountInString(id) <= 255 && !strings.ContainsFunc(id, unicode.IsControl)
}

package fact

import (
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/plusone-dev/plusone/internal/payment"
)

// ParseStripe reads the bytes of a Stripe event, of any API version. Shapes are told apart by the fields that are
// there, never by the version. Errors: ErrIgnored for types that state nothing; *MalformedError for what can never
// be read. With an error, what the event says of itself is returned as far as it was read, and no fact.
func ParseStripe(data []byte) (Event, error) {
	if !utf8.Valid(data) { // gjson would not say, and PostgreSQL takes no such text
		return Event{}, malformed("the message is not valid UTF-8")
	}
	if nestsTooDeep(data) || !gjson.ValidBytes(data) {
		return Event{}, malformed("the message is not JSON")
	}
	env, err := readEnvelope(gjson.ParseBytes(data))
	if err != nil {
		return env.event, err
	}
	read, ok := stripeReaders[env.event.Type]
	if !ok {
		return env.event, ErrIgnored
	}
	fact := env.event
	fact.Sighting, fact.Tie = read(&env)
	if env.err != nil {
		return env.event, env.err
	}
	return fact, nil
}

// stripeReaders says which types are read, and how. Every other type is ignored.
var stripeReaders = map[string]func(*envelope) (*payment.Sighting, *Tie){
	"checkout.session.completed":               readSession,
	"checkout.session.async_payment_succeeded": readSession,
	"payment_intent.succeeded":                 readIntent,
	"charge.succeeded":                         readCharge,
	"charge.refunded":                          readCharge,
	"charge.refund.updated":                    readRefund,
	"refund.created":                           readRefund,
	"refund.updated":                           readRefund,
	"refund.failed":                            readRefund,
}

// Reads says whether events of a type are read, rather than ignored.
func Reads(kind string) bool {
	_, ok := stripeReaders[kind]
	return ok || kind == UserRegistered
}

// envelope is the event around a Stripe object, and the first thing in the object that can not be read.
type envelope struct {
	event  Event
	scope  payment.Scope
	object gjson.Result
	err    error
}

func readEnvelope(root gjson.Result) (envelope, error) {
	var env envelope
	var kind, id, typ, account, live, created, data gjson.Result
	root.ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "object":
			kind = value
		case "id":
			id = value
		case "type":
			typ = value
		case "account":
			account = value
		case "livemode":
			live = value
		case "created":
			created = value
		case "data":
			data = value
		}
		return true
	})
	env.event.Type = text(typ)
	env.scope = payment.Scope{Account: text(account), Live: live.Bool()}
	if data.IsObject() {
		env.object = data.Get("object")
	}
	switch {
	case text(kind) != "event":
		return env, malformed("the message is not a Stripe event: its object is %#.40q, not \"event\"", text(kind))
	case !validID(text(id)):
		return env, malformed("the event has no usable id")
	case env.event.Type == "":
		return env, malformed("the event has no type")
	case account.Type != gjson.Null && !validID(env.scope.Account):
		return env, malformed("the event's account is not an id")
	case live.Type != gjson.Null && !live.IsBool():
		return env, malformed("the event's livemode is neither true nor false")
	case !env.object.IsObject():
		return env, malformed("the event has no data.object")
	}
	at, err := unixTime(created)
	if err != nil {
		return env, err
	}
	env.event.Name = text(id)
	env.event.Key = "stripe:" + env.scope.Account + ":" + env.event.Name
	env.event.At = at
	return env, nil
}

package fact

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// Envelope is what a Stripe event says of itself, around its object.
type Envelope struct {
	ID, Type string
	Account  string // the connected account it is of; empty for one's own
	Live     bool
	At       time.Time
	// Key is the key of the event, and the de-duplication id of the message that carries it.
	Key string

	object value
}

// Rule names what an envelope breaks; it is stable, and a label of the door's metric.
type Rule string

// The rules of an envelope, in the order in which they are looked at.
const (
	NotJSON     Rule = "not-json"
	ThinEvent   Rule = "thin-event" // it names what happened, and must be fetched with a key plusone does not have
	NotAnEvent  Rule = "not-an-event"
	NoID        Rule = "no-id"
	BadID       Rule = "bad-id"
	BadType     Rule = "bad-type"
	BadAccount  Rule = "bad-account"
	BadLivemode Rule = "bad-livemode"
	NoData      Rule = "no-data"
	BadCreated  Rule = "bad-created"
)

func breaks(rule Rule, format string, args ...any) error {
	err := malformed(format, args...)
	err.Rule = rule
	return err
}

// StripeEnvelope reads the outside of an event, in one pass over its members. It is the one reader of it: what the door
// lets in, the worker can read. Error: *MalformedError with its Rule; of the envelope, only the type may be there then.
func StripeEnvelope(data []byte) (Envelope, error) {
	if !utf8.Valid(data) { // gjson would not say, and PostgreSQL takes no such text
		return Envelope{}, breaks(NotJSON, "the message is not valid UTF-8")
	}
	root, ok := readJSON(string(data))
	if !ok {
		return Envelope{}, breaks(NotJSON, "the message is not JSON")
	}
	m := readStripeMembers(root)
	partial := Envelope{Type: m.typ.Str}
	if err := m.check(); err != nil {
		return partial, err
	}
	at, err := unixTime(m.created)
	if err != nil {
		return partial, err
	}
	env := Envelope{
		ID: m.id.Str, Type: m.typ.Str, Account: m.account.Str, Live: m.live.Bool(), At: at, object: m.object,
	}
	env.Key = "stripe:" + env.Account + ":" + env.ID
	return env, nil
}

// stripeMembers are the members of an envelope that are read. What is no object has none.
type stripeMembers struct {
	kind, id, typ, account, live, created gjson.Result

	object value // the one that the event is about
}

func readStripeMembers(root value) stripeMembers {
	var m stripeMembers
	for name, v := range root.all() {
		switch name {
		case "object":
			m.kind = v.result()
		case "id":
			m.id = v.result()
		case "type":
			m.typ = v.result()
		case "account":
			m.account = v.result()
		case "livemode":
			m.live = v.result()
		case "created":
			m.created = v.result()
		case "data":
			m.object = v.member("object")
		}
	}
	return m
}

const maxStripeType = 200

// isStripeType says whether a text can be the end of a subject: no empty token, no wildcard, no blank.
func isStripeType(s string) bool {
	if len(s) > maxStripeType || strings.HasPrefix(s, ".") || strings.HasSuffix(s, ".") || strings.Contains(s, "..") {
		return false
	}
	return !strings.ContainsFunc(s, func(c rune) bool { return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '.' })
}

// check holds all members to their rules but the time, which unixTime reads. What shows that it is a thin event comes
// first: it has other members, and their absence would explain nothing.
func (m *stripeMembers) check() error {
	kind, id, typ := m.kind.Str, m.id.Str, m.typ.Str
	switch {
	case kind == "v2.core.event":
		return breaks(ThinEvent, "the message is not a Stripe event: its object is %#.40q, not \"event\"", kind)
	case m.created.Type == gjson.String:
		_, err := unixTime(m.created)
		return err
	case kind != "event":
		return breaks(NotAnEvent, "the message is not a Stripe event: its object is %#.40q, not \"event\"", kind)
	case id == "":
		return breaks(NoID, "the event has no usable id")
	case !validID(id):
		return breaks(BadID, "the event has no usable id")
	case typ == "":
		return breaks(BadType, "the event has no type")
	case !isStripeType(typ):
		return breaks(BadType, "the event's type is not lower-case words joined by dots, of at most %d characters", maxStripeType)
	case m.account.Type != gjson.Null && !validID(m.account.Str):
		return breaks(BadAccount, "the event's account is not an id")
	case m.live.Type != gjson.Null && !m.live.IsBool():
		return breaks(BadLivemode, "the event's livemode is neither true nor false")
	case !m.object.isObject():
		return breaks(NoData, "the event has no data.object")
	}
	return nil
}

package ingress

import (
	"regexp"

	"github.com/tidwall/gjson"
)

// stripeEvent is all the door needs to know of an event: where it goes and what to call it.
type stripeEvent struct {
	id, typ, account string
	live             bool
}

// typePattern is what can be the end of a subject: no empty token, no wildcard, no blank.
var typePattern = regexp.MustCompile(`^[a-z0-9_]+(\.[a-z0-9_]+)*$`)

const (
	maxType = 200
	maxID   = 255
)

// readStripeEvent reads the outside of an event in one pass. What is inside is the worker's to judge.
func readStripeEvent(body []byte) (stripeEvent, error) {
	if !gjson.ValidBytes(body) {
		return stripeEvent{}, refuse("not-json", "the body is not JSON")
	}
	var object, id, typ, account, live, created, data gjson.Result
	root := gjson.ParseBytes(body)
	if root.IsObject() {
		root.ForEach(func(key, value gjson.Result) bool {
			switch key.Str {
			case "object":
				object = value
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
	}
	// A thin event names what happened and must be fetched; plusone has no key to fetch it with.
	if object.Str == "v2.core.event" || created.Type == gjson.String {
		return stripeEvent{}, refuse("thin-event",
			"this is a thin (v2) event: let the event destination send snapshot payloads, API version 2023-10-16")
	}
	switch {
	case object.Type != gjson.String || object.Str != "event":
		return stripeEvent{}, refuse("not-an-event", `the body is not a Stripe event: its object is not "event"`)
	case id.Type != gjson.String || id.Str == "":
		return stripeEvent{}, refuse("no-id", "the event has no id")
	case !isStripeID(id.Str):
		return stripeEvent{}, refuse("bad-id", "the event's id is not 1 to 255 printable ASCII characters without blank or colon")
	case typ.Type != gjson.String || len(typ.Str) > maxType || !typePattern.MatchString(typ.Str):
		return stripeEvent{}, refuse("bad-type", "the event's type is not lower-case words joined by dots, of at most 200 characters")
	case account.Type != gjson.Null && (account.Type != gjson.String || !isStripeID(account.Str)):
		return stripeEvent{}, refuse("bad-account", "the event's account is not an id")
	case live.Type != gjson.Null && !live.IsBool():
		return stripeEvent{}, refuse("bad-livemode", "the event's livemode is neither true nor false")
	case !data.Get("object").IsObject():
		return stripeEvent{}, refuse("no-data", "the event has no data.object")
	}
	return stripeEvent{id: id.Str, typ: typ.Str, account: account.Str, live: live.Bool()}, nil
}

// isStripeID holds an id to what fits in a header, and in a key whose parts are joined by colons.
func isStripeID(s string) bool {
	if s == "" || len(s) > maxID {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' || s[i] == ':' {
			return false
		}
	}
	return true
}

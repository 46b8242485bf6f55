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

// ParseStripe reads the bytes of a Stripe event, of any API version. Shapes are told apart by the fields that are
// there, never by the version. Errors: ErrIgnored for types that state nothing; *MalformedError for what can never
// be read.
func ParseStripe(data []byte) (Event, error) {
	if !gjson.ValidBytes(data) {
		return Event{}, malformed("the message is not JSON")
	}
	env, err := readEnvelope(gjson.ParseBytes(data))
	if err != nil {
		return Event{}, err
	}
	read, ok := stripeReaders[env.event.Type]
	if !ok {
		return env.event, ErrIgnored
	}
	if err := read(&env); err != nil {
		return env.event, err
	}
	return env.event, nil
}

// stripeReaders says which types are read, and how. Every other type is ignored.
var stripeReaders = map[string]func(*envelope) error{
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

// envelope is the event around a Stripe object.
type envelope struct {
	event  Event
	scope  payment.Scope
	object gjson.Result
}

func readEnvelope(root gjson.Result) (envelope, error) {
	var env envelope
	var kind, id, created gjson.Result
	root.ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "object":
			kind = value
		case "id":
			id = value
		case "type":
			env.event.Type = text(value)
		case "account":
			env.scope.Account = text(value)
		case "livemode":
			env.scope.Live = value.Bool()
		case "created":
			created = value
		case "data":
			env.object = value.Get("object")
		}
		return true
	})
	switch {
	case text(kind) != "event":
		return env, malformed("the message is not a Stripe event: its object is %q, not \"event\"", text(kind))
	case !validID(text(id)):
		return env, malformed("the event has no usable id")
	case env.scope.Account != "" && !validID(env.scope.Account):
		return env, malformed("the event's account is not an id")
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

// readSession reads a Checkout Session: who bought, which ids belong together, and what was paid.
// Source: https://docs.stripe.com/api/checkout/sessions/object
func readSession(env *envelope) error {
	o := env.object
	if text(o.Get("mode")) == "setup" {
		return ErrIgnored
	}
	ev := payment.Evidence{Kind: payment.Session, Customer: env.key(o.Get("customer"))}
	ev.User = env.claim(o.Get("client_reference_id"), o.Get("metadata.user_id"))
	if text(o.Get("payment_status")) == "paid" {
		paid, err := env.paid(o.Get("amount_total"), o.Get("currency"))
		if err != nil {
			return err
		}
		ev.Paid = paid
	}
	if ev.Customer != "" && ev.User.UserID != "" {
		env.event.Tie = &Tie{Customer: ev.Customer, UserID: ev.User.UserID, At: env.event.At}
	}
	return env.sighting(ev, o.Get("payment_intent"), o.Get("invoice"))
}

// readIntent reads a PaymentIntent. It is a purchase only where it names a buyer itself: the intents of Checkout and of
// invoices are seen a second time there.
func readIntent(env *envelope) error {
	o := env.object
	ev := payment.Evidence{Kind: payment.Intent, Customer: env.key(o.Get("customer"))}
	ev.User = env.claim(o.Get("metadata.user_id"))
	if ev.User.UserID != "" {
		paid, err := env.paid(o.Get("amount_received"), o.Get("currency"))
		if err != nil {
			return err
		}
		ev.Paid = paid
	}
	return env.sighting(ev, o.Get("latest_charge"), o.Get("invoice"))
}

// readCharge reads a charge: never a purchase by itself, but what ties refunds to it, and how much has gone back.
func readCharge(env *envelope) error {
	o := env.object
	refunded, err := minor(o.Get("amount_refunded"), "amount_refunded")
	if err != nil {
		return err
	}
	ev := payment.Evidence{Kind: payment.Charge, Customer: env.key(o.Get("customer")), Refunded: refunded}
	ev.User = env.claim(o.Get("metadata.user_id"))
	return env.sighting(ev, o.Get("payment_intent"), o.Get("invoice"))
}

// readRefund reads one refund. Source of the statuses: https://docs.stripe.com/api/refunds/object
func readRefund(env *envelope) error {
	o := env.object
	amount, err := minor(o.Get("amount"), "amount")
	if err != nil {
		return err
	}
	status, ok := refundStatuses[text(o.Get("status"))]
	if !ok {
		return malformed("the refund's status %q is unknown", text(o.Get("status")))
	}
	ev := payment.Evidence{
		Kind:   payment.Refund,
		Refund: payment.RefundState{Minor: amount, Status: status, At: env.event.At},
	}
	return env.sighting(ev, o.Get("charge"), o.Get("payment_intent"))
}

var refundStatuses = map[string]payment.RefundStatus{
	"pending":         payment.RefundPending,
	"requires_action": payment.RefundRequiresAction,
	"succeeded":       payment.RefundSucceeded,
	"failed":          payment.RefundFailed,
	"canceled":        payment.RefundCanceled,
}

// sighting states that the event's object and the ids it names are of one payment.
func (env *envelope) sighting(ev payment.Evidence, ties ...gjson.Result) error {
	id := text(env.object.Get("id"))
	if !validID(id) {
		return malformed("data.object has no usable id")
	}
	reports := []payment.Report{{Key: env.scope.Key(id), Evidence: ev}}
	for _, tie := range ties {
		if key := env.key(tie); key != "" && key != reports[0].Key {
			reports = append(reports, payment.Report{Key: key})
		}
	}
	env.event.Sighting = &payment.Sighting{Reports: reports}
	return nil
}

// key is the key of an object that may be given as an id, as the whole object ("expanded"), or not at all.
func (env *envelope) key(ref gjson.Result) string {
	if ref.IsObject() {
		ref = ref.Get("id")
	}
	if id := text(ref); validID(id) {
		return env.scope.Key(id)
	}
	return ""
}

// claim is the first of the values that could be a user's id. A business may keep other things in these fields: what
// cannot be an id names nobody, and is no reason to refuse the payment.
func (env *envelope) claim(values ...gjson.Result) payment.Claim {
	for _, v := range values {
		if id := text(v); ValidUserID(id) {
			return payment.Claim{UserID: id, At: env.event.At}
		}
	}
	return payment.Claim{}
}

// paid reads an amount that was paid. Nothing is no payment; the time is the event's, for an object's own "created" is
// its birth and not its payment.
func (env *envelope) paid(amount, currency gjson.Result) (payment.Paid, error) {
	m, err := minor(amount, "the amount paid")
	if err != nil || m == 0 {
		return payment.Paid{}, err
	}
	c := money.Currency(text(currency))
	if !c.Shaped() {
		return payment.Paid{}, malformed("the currency %q is not three lower-case letters", text(currency))
	}
	return payment.Paid{Amount: money.New(c, m), At: env.event.At}, nil
}

// minor reads a whole number of minor units that is not negative; null and absent are 0.
func minor(v gjson.Result, name string) (int64, error) {
	if v.Type == gjson.Null {
		return 0, nil
	}
	n, err := strconv.ParseInt(v.Raw, 10, 64)
	if v.Type != gjson.Number || err != nil {
		return 0, malformed("%s is %.40s: not a whole number of minor units that fits 64 bits", name, v.Raw)
	}
	if n < 0 {
		return 0, malformed("%s is %d: it must not be negative", name, n)
	}
	return n, nil
}

// The years an event may be of. Anything else is a mistake, such as milliseconds taken for seconds.
var earliest, latest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)

func unixTime(v gjson.Result) (time.Time, error) {
	n, err := strconv.ParseInt(v.Raw, 10, 64)
	if v.Type != gjson.Number || err != nil {
		return time.Time{}, malformed("the event's created is %.40q, not a time in whole seconds", v.Raw)
	}
	at := time.Unix(n, 0).UTC()
	if at.Before(earliest) || !at.Before(latest) {
		return time.Time{}, malformed("the event's created is %d: outside the years 2000 to 2199", n)
	}
	return at, nil
}

func text(v gjson.Result) string {
	if v.Type != gjson.String {
		return ""
	}
	return v.Str
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

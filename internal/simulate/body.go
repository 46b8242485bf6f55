package simulate

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"text/template"
	"time"
)

// bodies are Stripe's objects with every member that they have in the API version 2023-10-16, so that an event weighs
// what it weighs in production. What is filled in are ids, numbers and words of our own: nothing needs escaping.
//
//go:embed bodies/*.tmpl
var bodies embed.FS

func body(object string) *template.Template {
	return template.Must(template.New("event.tmpl").Option("missingkey=error").
		ParseFS(bodies, "bodies/event.tmpl", "bodies/"+object+".tmpl"))
}

// stripe says how each kind of event is written.
var stripe = map[Kind]struct {
	kind string
	body *template.Template
}{
	Session:       {"checkout.session.completed", body("session")},
	Intent:        {"payment_intent.succeeded", body("intent")},
	Charge:        {"charge.succeeded", body("charge")},
	Refunded:      {"charge.refunded", body("charge")},
	RefundCreated: {"refund.created", body("refund")},
	RefundFailed:  {"refund.failed", body("refund")},
	Other:         {"", body("customer")},
}

// ofObjects says how a webhook about each kind of object is written.
var ofObjects = [objects]*template.Template{
	CheckoutSession: body("session"), PaymentIntent: body("intent"), TheCharge: body("charge"), Invoice: body("invoice"),
	FirstRefund: body("refund"), SecondRefund: body("refund"), FirstDispute: body("dispute"), SecondDispute: body("dispute"),
	FraudWarning: body("warning"), InvoicePayment: body("invoice_payment"), TheCustomer: body("customer"),
}

// others are how many types there are that nobody reads.
const others = 3

var otherTypes = [others]string{"customer.deleted", "customer.discount.created", "customer.source.expiring"}

// Message is an event as it is sent.
type Message struct {
	Stripe bool // to the webhooks' door, signed; otherwise to that of sign-ups
	Body   []byte
}

// Message writes an event: to the byte the same whenever it is asked. code is the referrer's; empty for none.
func (r *Run) Message(fact int32, code string) Message {
	f := r.Facts[fact]
	switch f.Kind {
	case SignUp:
		return Message{Body: r.signUp(fact, code)}
	case Verified:
		return Message{Body: r.cloudEvent(fact, "user.verified", map[string]any{"user_id": r.UserID(f.User)})}
	default:
	}
	w, text := r.fill(fact), stripe[f.Kind].body
	if f.Kind == Event {
		text = ofObjects[r.Webhooks[f.Payment].About]
	}
	var b bytes.Buffer
	b.Grow(4096)
	if err := text.Execute(&b, w); err != nil {
		panic(err) // the templates and what fills them are both here
	}
	return Message{Stripe: true, Body: b.Bytes()}
}

// signUp is a CloudEvent of the business's own.
func (r *Run) signUp(fact int32, code string) []byte {
	user := r.Facts[fact].User
	data := map[string]any{
		"user_id": r.UserID(user), "username": "Somebody Simulated", "email": r.email(user), "email_verified": true,
		"ip": fmt.Sprintf("2001:db8::%x:%x", user>>16, user&0xffff), "device_id": r.object("device", user),
	}
	if code != "" {
		data["referral_code"] = code
	}
	if r.People[user].Known {
		data["stripe_customer_id"] = r.object("cus", user)
	}
	return r.cloudEvent(fact, "user.registered", data)
}

// cloudEvent is of the time of the person's sign-up, or of their second one.
func (r *Run) cloudEvent(fact int32, kind string, data map[string]any) []byte {
	f := r.Facts[fact]
	at := r.Began.Add(-time.Duration(r.People[f.User].Age) * time.Second)
	if f.Part == Later {
		at = at.Add(laterBy * time.Second)
	}
	event, err := json.Marshal(map[string]any{
		"specversion": "1.0", "id": r.eventID(fact), "source": source, "type": kind,
		"time": at.Format(time.RFC3339Nano), "data": data,
	})
	if err != nil {
		panic(err) // nothing in it can fail
	}
	return event
}

// words fill a template. What ends in Ref, and PaidBy, is JSON: an id, an object or null.
type words struct {
	Event, Type, Account                      string
	Created, Opened, PaidAt                   int64
	Live, Basil                               bool
	Email, Card                               string
	NamedUser, MetadataUser, SubscriptionUser string // where the object names the user: the first is a session's reference
	Customer, Session, Intent, Charge         string
	Refund, Invoice, Dispute, Warning         string
	CustomerRef, IntentRef, ChargeRef         string
	InvoiceRef, SubscriptionRef, PaidBy       string
	Status, Mode, Reason, Currency            string
	Amount, Back                              int64
	AllBack, Held, Actionable                 bool
}

func (r *Run) fill(fact int32) words {
	f := r.Facts[fact]
	w := words{
		Event: r.eventID(fact), Type: stripe[f.Kind].kind, Live: r.Live, Created: r.Began.Unix(), Email: r.email(f.User), Card: r.object("card", f.User),
		CustomerRef: null, IntentRef: null, ChargeRef: null, InvoiceRef: null, SubscriptionRef: null,
	}
	switch f.Kind {
	case Other:
		w.Type, w.MetadataUser, w.Customer = otherTypes[f.Part], r.UserID(f.User), r.object("cus", f.User)
		return w
	case Event:
		r.fillWebhook(&w, r.Webhooks[f.Payment])
		return w
	default:
	}
	p := r.Payments[f.Payment]
	w.Session, w.Intent, w.Charge = r.object("cs", f.Payment), r.object("pi", f.Payment), r.object("ch", f.Payment)
	w.IntentRef, w.ChargeRef = reference("payment_intent", w.Intent, false), reference("charge", w.Charge, false)
	w.Currency, w.Amount, w.Created = r.Currencies[p.Currency], p.Amount, r.at(p, 0)
	w.Mode, w.Status = "payment", "paid"
	switch p.Way {
	case Checkout:
		w.NamedUser = r.UserID(f.User)
	case Customer:
		w.CustomerRef = reference("customer", r.object("cus", f.User), false)
	case Direct:
		w.MetadataUser = r.UserID(f.User)
	}
	r.fillRefund(&w, f, p)
	return w
}

const null = "null"

// reference names an object: by its id, or by itself with some of its members.
func reference(kind, id string, expanded bool) string {
	if expanded {
		return `{"id": "` + id + `", "object": "` + kind + `", "livemode": false, "metadata": {}}`
	}
	return `"` + id + `"`
}

func (r *Run) fillRefund(w *words, f Fact, p Payment) {
	switch f.Kind {
	case Refunded:
		w.Created = r.at(p, 5+int64(f.Part))
		w.Back = p.Back[0]
		if f.Part == 1 {
			w.Back += p.Back[1]
		}
		w.AllBack = w.Back == p.Amount
	case RefundCreated, RefundFailed:
		w.Created, w.Status = r.at(p, 5+int64(f.Part)), "succeeded"
		if f.Kind == RefundFailed {
			w.Created, w.Status = r.at(p, 15), "failed"
		}
		w.Refund = r.object("re", f.Payment*2+int32(f.Part))
		w.Amount = p.Back[f.Part]
	default:
	}
}

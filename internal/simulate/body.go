package simulate

import (
	"bytes"
	"embed"
	"encoding/json"
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
	Other:         {"", body("other")},
}

// others are how many types there are that nobody reads.
const others = 3

var otherTypes = [others]string{"product.created", "product.updated", "product.deleted"}

// Message is an event as it is sent.
type Message struct {
	Stripe bool // to the webhooks' door, signed; otherwise to that of sign-ups
	Body   []byte
}

// Message writes an event: to the byte the same whenever it is asked. code is the referrer's; empty for none.
func (r *Run) Message(fact int32, code string) Message {
	f := r.Facts[fact]
	if f.Kind == SignUp {
		return Message{Body: r.signUp(fact, code)}
	}
	w := r.fill(fact)
	var b bytes.Buffer
	b.Grow(4096)
	if err := stripe[f.Kind].body.Execute(&b, w); err != nil {
		panic(err) // the templates and what fills them are both here
	}
	return Message{Stripe: true, Body: b.Bytes()}
}

// signUp is a CloudEvent of the business's own.
func (r *Run) signUp(fact int32, code string) []byte {
	user := r.Facts[fact].User
	data := map[string]any{
		"user_id": r.UserID(user), "username": "Somebody Simulated", "email": r.email(user), "email_verified": true,
		"ip": "203.0.113.7", "device_id": r.object("device", user),
	}
	if code != "" {
		data["referral_code"] = code
	}
	if r.People[user].Known {
		data["stripe_customer_id"] = r.object("cus", user)
	}
	event, err := json.Marshal(map[string]any{
		"specversion": "1.0", "id": r.eventID(fact), "source": source, "type": "user.registered",
		"time": r.Began.Format(time.RFC3339Nano), "data": data,
	})
	if err != nil {
		panic(err) // nothing in it can fail
	}
	return event
}

// words fill a template.
type words struct {
	Event, Type             string
	Created                 int64
	Live                    bool
	User, Email             string
	NamedUser, MetadataUser string // where the object names the user: the session, the intent
	Customer                string
	Session, Intent, Charge string
	Refund, Status          string
	Currency                string
	Amount, Back            int64
	AllBack                 bool
}

func (r *Run) fill(fact int32) words {
	f := r.Facts[fact]
	w := words{
		Event: r.eventID(fact), Type: stripe[f.Kind].kind, Live: r.Live, Created: r.Began.Unix(),
		User: r.UserID(f.User), Email: r.email(f.User),
	}
	if f.Kind == Other {
		w.Type = otherTypes[f.Part]
		return w
	}
	p := r.Payments[f.Payment]
	w.Session, w.Intent, w.Charge = r.object("cs", f.Payment), r.object("pi", f.Payment), r.object("ch", f.Payment)
	w.Currency, w.Amount, w.Created = r.Currencies[p.Currency], p.Amount, r.at(p, 0)
	switch p.Way {
	case Checkout:
		w.NamedUser = w.User
	case Customer:
		w.Customer = r.object("cus", f.User)
	case Direct:
		w.MetadataUser = w.User
	}
	r.fillRefund(&w, f, p)
	return w
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

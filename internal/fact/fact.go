// Package fact turns the bytes of an event into the facts it states: a person signed up; a Stripe object was seen, and
// what it says was paid or refunded. It reads Stripe's webhook events in every shape and CloudEvents, and never guesses.
// It is pure: it reaches neither the stream nor the store nor a clock.
package fact

import (
	"errors"
	"fmt"
	"time"

	"github.com/plusone-dev/plusone/internal/payment"
)

// Event is one message, understood.
type Event struct {
	// Key is unique over all sources; a message with a key that is already recorded changes nothing.
	Key string
	// Name is the event's own id, as its source wrote it ("evt_…"): what logs and transitions show.
	Name string
	// Type is the source's own type, such as "charge.refunded".
	Type string
	// At is when the source made the event.
	At time.Time

	// What the event states; the others are nil.
	SignUp      *SignUp
	Sighting    *payment.Sighting
	Tie         *Tie
	Verified    *Verified
	Erased      *Erased
	Decision    *Decision
	Attribution *Attribution
	Assignment  *Assignment
	Visit       *Visit
}

// SignUp says that a person registered.
type SignUp struct {
	UserID        string // the business's own id; never empty
	Username      string
	Email         string
	EmailVerified bool
	Code          string // the referral code they used, upper case; empty for none
	RegisteredAt  time.Time
	IP            string
	DeviceID      string
	Customer      string // their Stripe customer, if the business knows it
	Program       string // whose code they get and whose terms credit their purchases; empty for the default one
	OwnCode       string // the code the business wants them to have, upper case; empty for one that is drawn
	Source        string // how they came, by the business's own name for it; empty when it does not say so
}

// Verified says that a person has shown the e-mail address to be theirs.
type Verified struct {
	UserID string
	At     time.Time
}

// Erased says that a person asked to be forgotten. Facts dated after it are of somebody new.
type Erased struct {
	UserID string
	At     time.Time
}

// Decision is what a person decided about a referral, which is named by its referee and the code they signed up with:
// unlike a number, these mean the same wherever the event is played again. Of several the latest stands.
type Decision struct {
	UserID  string
	Code    string // upper case
	Verdict DecisionVerdict
	By, Why string // never empty
	At      time.Time
}

// DecisionVerdict is what was decided.
type DecisionVerdict string

// The decisions.
const (
	Approved DecisionVerdict = "approved" // what was known against it up to then does not count
	Rejected DecisionVerdict = "rejected" // it is cancelled, until somebody decides otherwise
	Reopened DecisionVerdict = "reopened" // a rejection, or a refused code, is taken back, and all is looked at again
)

// Attribution says, by hand, whose code a person came with. It counts in place of their sign-up's code in its program.
type Attribution struct {
	UserID  string
	Code    string // upper case
	By, Why string // never empty
	At      time.Time
}

// Assignment gives a person a code of the business's own choice.
type Assignment struct {
	UserID  string
	Code    string // upper case
	Program string // empty for the default one
	At      time.Time
}

// Visit says that somebody, who is not known, followed a link with a code.
type Visit struct {
	Code string // upper case
	Via  string // the way the link was shared, such as "qr"; empty when it does not say so
	At   time.Time
}

// Tie says that a Stripe customer is a user of the business.
type Tie struct {
	Customer string // the customer's key, as payment.Scope writes it
	UserID   string
	At       time.Time
}

// MaxAhead is how far ahead of the time it is received a fact about a person may be dated: as far as honest clocks differ.
const MaxAhead = 5 * time.Minute

// CheckDate refuses what is said of a person and dated after it was received, by more than clocks differ: a sign-up's
// window, and the terms it falls under, would be of a time that has not come; and a decision or an erasure would cover
// what is yet to happen. Error: *MalformedError.
func (e Event) CheckDate(received time.Time) error {
	member, at := e.dated()
	if !at.After(received.Add(MaxAhead)) {
		return nil
	}
	return malformed("%s is %s, more than %s after it was received at %s: the clock of its source is wrong",
		member, at.Format(time.RFC3339), MaxAhead, received.UTC().Format(time.RFC3339))
}

// dated is when what is said of a person was, and the member of data that says so; zero for what Stripe says.
func (e Event) dated() (member string, at time.Time) {
	switch {
	case e.SignUp != nil:
		return "registered_at", e.SignUp.RegisteredAt
	case e.Verified != nil:
		return "verified_at", e.Verified.At
	case e.Erased != nil:
		return "erased_at", e.Erased.At
	case e.Decision != nil:
		return "at", e.Decision.At
	case e.Attribution != nil:
		return "at", e.Attribution.At
	case e.Assignment != nil:
		return "at", e.Assignment.At
	case e.Visit != nil:
		return "at", e.Visit.At
	}
	return "", time.Time{}
}

// ErrIgnored says that an event is well formed but of a type, or in a state, that states nothing for a referral.
var ErrIgnored = errors.New("fact: nothing to record")

// MalformedError says why a message can never be understood, however often it is delivered.
type MalformedError struct {
	Why     string
	Rule    Rule   // which one the envelope of a Stripe event breaks; empty for everything else
	Pointer string // the member of a CloudEvent that stands there twice, as a JSON Pointer; empty for everything else
}

func (e *MalformedError) Error() string { return "fact: " + e.Why }

func malformed(format string, args ...any) *MalformedError {
	return &MalformedError{Why: fmt.Sprintf(format, args...)}
}

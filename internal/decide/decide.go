// Package decide has the stream take what a person decides: a referral is approved, a code is given, somebody is
// forgotten. It makes the event, reads it as the worker will, publishes it and says who decided and why. It never
// reaches the database: what is decided is a fact like any other, and has its effect when the worker applies it.
package decide

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/plusone-dev/plusone/internal/fact"
)

// Publisher puts a message on the stream. Publish returns nil only once the stream has acknowledged it.
type Publisher interface {
	Publish(ctx context.Context, subject, msgID string, header map[string]string, data []byte) error
}

// Published is an event that the stream has.
type Published struct {
	ID      string    // its own id, which transitions name as their cause
	Source  string    // who says so, a URI reference
	Type    string    // such as "referral.reviewed"
	Subject string    // where it was published
	At      time.Time // when it was made, in microseconds
	Text    []byte    // the CloudEvent itself
}

// Desk publishes what is decided. It may be used by several goroutines.
type Desk struct {
	to      Publisher
	source  string
	log     *slog.Logger
	metrics *Metrics
	now     func() time.Time
}

// New makes a desk whose events say they come from a source, such as "/plusone/api". Metrics may be nil.
func New(to Publisher, source string, log *slog.Logger, m *Metrics) *Desk {
	if m == nil {
		m = NewMetrics(nil)
	}
	return &Desk{to: to, source: source, log: log, metrics: m, now: time.Now}
}

// With is the same desk, which logs some more with each decision. None of it may be personal.
func (d *Desk) With(args ...any) *Desk {
	more := *d
	more.log = d.log.With(args...)
	return &more
}

// From is the same desk, whose events say they come from another source.
func (d *Desk) From(source string) *Desk {
	other := *d
	other.source = source
	return &other
}

// subject is what the type of an event is appended to.
const subject = "plusone.in."

// patience is how long the stream may take to acknowledge an event.
const patience = 5 * time.Second

// Decide publishes a decision about a referral. As for all that the desk publishes, the time may be zero, for now.
// Errors: *fact.MalformedError for what the worker could not read; the publisher's.
func (d *Desk) Decide(ctx context.Context, f fact.Decision) (Published, error) {
	data := referralData(f.UserID, f.Code, f.By, f.Why, f.At)
	log := d.log.With("by", f.By, "why", f.Why)
	if f.Verdict == fact.Reopened {
		return d.publish(ctx, log, fact.ReferralReopened, data)
	}
	data["verdict"] = string(f.Verdict)
	return d.publish(ctx, log.With("verdict", f.Verdict), fact.ReferralReviewed, data)
}

// Attribute publishes whose code a person came with. Errors: as of Decide.
func (d *Desk) Attribute(ctx context.Context, f fact.Attribution) (Published, error) {
	data := referralData(f.UserID, f.Code, f.By, f.Why, f.At)
	return d.publish(ctx, d.log.With("by", f.By, "why", f.Why), fact.ReferralAttributed, data)
}

// Verify publishes that a person's e-mail address is theirs. Errors: as of Decide.
func (d *Desk) Verify(ctx context.Context, f fact.Verified) (Published, error) {
	return d.publish(ctx, d.log, fact.UserVerified, members{"user_id": f.UserID, "verified_at": stamp(f.At)})
}

// Erase publishes that a person is to be forgotten. Errors: as of Decide.
func (d *Desk) Erase(ctx context.Context, f fact.Erased) (Published, error) {
	return d.publish(ctx, d.log, fact.UserErased, members{"user_id": f.UserID, "erased_at": stamp(f.At)})
}

// Assign publishes that a person gets a code. Errors: as of Decide.
func (d *Desk) Assign(ctx context.Context, f fact.Assignment) (Published, error) {
	return d.publish(ctx, d.log, fact.CodeAssigned, members{
		"user_id": f.UserID, "code": f.Code, "program": f.Program, "at": stamp(f.At),
	})
}

// AssignOnce publishes that a person gets a code, under an id of the caller's: however often it is published, and with
// whichever code, only the first that is applied has an effect. Errors: as of Decide.
func (d *Desk) AssignOnce(ctx context.Context, id string, f fact.Assignment) (Published, error) {
	return d.publishAs(ctx, d.log, id, fact.CodeAssigned, members{
		"user_id": f.UserID, "code": f.Code, "program": f.Program, "at": stamp(f.At),
	})
}

// Key is the key under which an event of this desk is recorded, by its id.
func (d *Desk) Key(id string) string { return fact.MessageID(d.source, id) }

// members are those of an event's data. Empty ones are left out.
type members map[string]string

func referralData(user, code, by, why string, at time.Time) members {
	return members{"user_id": user, "referral_code": code, "by": by, "why": why, "at": stamp(at)}
}

func stamp(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339Nano)
}

// publish has the stream take an event under an id of its own.
func (d *Desk) publish(ctx context.Context, log *slog.Logger, typ string, data members) (Published, error) {
	return d.publishAs(ctx, log, "", typ, data)
}

// publishAs has the stream take an event, and logs and counts it. Without an id it gets one of its own. A caller that hangs up stops nothing: what is on its way
// had better arrive.
func (d *Desk) publishAs(ctx context.Context, log *slog.Logger, id, typ string, data members) (Published, error) {
	p := Published{ID: id, Source: d.source, Type: typ, Subject: subject + typ, At: d.now().UTC().Truncate(time.Microsecond)}
	key, err := d.compose(&p, data)
	if err != nil {
		d.metrics.count(typ, resultRefused)
		return Published{}, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	header := map[string]string{"Content-Type": "application/cloudevents+json"}
	if err := d.to.Publish(ctx, p.Subject, key, header, p.Text); err != nil {
		d.metrics.count(typ, resultUnavailable)
		log.ErrorContext(ctx, "a decision was not taken by the stream", "event", p.ID, "type", typ, "error", err)
		return Published{}, fmt.Errorf("the stream did not take it: %w", err)
	}
	d.metrics.count(typ, resultPublished)
	log.InfoContext(ctx, "decided", "event", p.ID, "type", typ)
	return p, nil
}

// compose writes an event, under an id of its own unless it has one, and reads it as the worker will, at the same date.
func (d *Desk) compose(p *Published, data members) (key string, err error) {
	if p.ID == "" {
		id, err := uuid.NewV7()
		if err != nil {
			return "", err
		}
		p.ID = id.String()
	}
	for name, value := range data {
		if value == "" {
			delete(data, name)
		}
		if !utf8.ValidString(value) { // encoding/json would put U+FFFD in its place, so that two ids could become one
			return "", &fact.MalformedError{Why: "data." + name + " is not UTF-8"}
		}
	}
	p.Text, err = json.Marshal(fact.NewCloudEvent(p.Source, p.ID, p.Type, stamp(p.At), data))
	if err != nil {
		return "", err
	}
	e, err := fact.ParseCloudEvent(p.Text)
	if err == nil {
		err = e.CheckDate(p.At)
	}
	return e.Key, err
}

// Refused says what is wrong with a decision, in words for whoever made it; empty for any other error.
func Refused(err error) string {
	bad, ok := errors.AsType[*fact.MalformedError](err)
	if !ok {
		return ""
	}
	return bad.Why
}

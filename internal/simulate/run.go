package simulate

import (
	"fmt"
	"hash/fnv"
	"regexp"
	"strconv"
	"time"
)

// Run is one telling of a plan: it gives everything an id and a time. Its label is in every id, beside a digest of the
// plan's configuration, so that two runs do not speak of the same people unless they are the same plan under one label.
type Run struct {
	*Plan

	Label string
	Began time.Time // when everybody signs up
	Live  bool      // Stripe's mode

	id string
}

var label = regexp.MustCompile(`^[A-Za-z0-9]{1,32}$`)

// CheckLabel refuses what can not be a part of every id.
func CheckLabel(text string) error {
	if !label.MatchString(text) {
		return fmt.Errorf("%q can not be in every id: use 1 to 32 letters and digits", text)
	}
	return nil
}

// NewLabel makes one of a time.
func NewLabel(at time.Time) string { return strconv.FormatInt(at.UnixMicro(), 36) }

// NewRun makes a run.
func NewRun(p *Plan, label string, began time.Time, live bool) *Run {
	digest := fnv.New32a()
	rules := p.Rules
	rules.Since = time.Time{} // an instant says nothing of what is planned
	c := p.Config
	c.Rules = rules
	fmt.Fprintf(digest, "%+v", c)
	return &Run{Plan: p, Label: label, Began: began.UTC(), Live: live, id: fmt.Sprintf("%s_%08x", label, digest.Sum32())}
}

// ID is what all ids of the run have in common.
func (r *Run) ID() string { return r.id }

// UserID is the business's id of a person.
func (r *Run) UserID(user int32) string { return fmt.Sprintf("sim_%s_u%d", r.id, user) }

// UserIDs are those of a range of people.
func (r *Run) UserIDs(from, to int32) []string {
	all := make([]string, 0, to-from)
	for u := from; u < to; u++ {
		all = append(all, r.UserID(u))
	}
	return all
}

// source is who says that somebody signed up.
const source = "/simulate"

// eventID is the event's own id, the same whenever it is sent.
func (r *Run) eventID(fact int32) string {
	if r.Facts[fact].Kind.byTheBusiness() {
		return fmt.Sprintf("sim_%s_%d", r.id, fact)
	}
	return fmt.Sprintf("evt_sim_%s_%d", r.id, fact)
}

// Key is the id of an event's message on the stream, under which plusone also records it, and whether it does: what nobody
// reads is not recorded.
func (r *Run) Key(fact int32) (key string, recorded bool) {
	id, f := r.eventID(fact), r.Facts[fact]
	switch {
	case f.Kind.byTheBusiness():
		return fmt.Sprintf("ce:%d:%s:%s", len(source), source, id), true
	case f.Kind == Event:
		h := r.Webhooks[f.Payment]
		return "stripe:" + h.account() + ":" + id, h.read()
	}
	return "stripe::" + id, f.Kind != Other
}

// object is the id of a Stripe object.
func (r *Run) object(prefix string, number int32) string {
	return fmt.Sprintf("%s_sim_%s_%d", prefix, r.id, number)
}

// email is somebody's address: their own, or the referrer's with a tag.
func (r *Run) email(user int32) string {
	box := user
	for r.People[box].Same {
		box = r.People[box].Referrer
	}
	tag := ""
	if box != user {
		tag = fmt.Sprintf("+u%d", user)
	}
	return fmt.Sprintf("sim_%s_u%d%s@example.com", r.id, box, tag)
}

// at is a time of a payment: Stripe's have whole seconds.
func (r *Run) at(p Payment, later int64) int64 { return r.Began.Unix() + int64(p.After) + later }

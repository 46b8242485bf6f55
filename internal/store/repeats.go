package store

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/fact"
)

// The kinds of repeats.
const (
	repeatedSignUp       = "sign_up"
	repeatedVerification = "verified"
)

// repeats are facts that say nothing new of a person, to be kept.
type repeats struct{ db.InsertRepeatsParams }

func (r *repeats) add(user int64, event string, at time.Time, kind string, data []byte) {
	r.UserID = append(r.UserID, user)
	r.EventKey = append(r.EventKey, event)
	r.At = append(r.At, at)
	r.Kind = append(r.Kind, kind)
	r.Data = append(r.Data, data)
}

// packed is a sign-up as it is kept: without what is kept of nobody.
type packed struct {
	Username string `json:"username,omitempty"`
	Email    string `json:"email,omitempty"`
	Code     int64  `json:"code,omitempty"`
	Program  int64  `json:"program"`
	EmailKey []byte `json:"email_key,omitempty"`
	IPKey    []byte `json:"ip_key,omitempty"`
	Device   []byte `json:"device_key,omitempty"`
	Throw    bool   `json:"disposable,omitempty"`
	Source   string `json:"source,omitempty"`
}

// kept is what a sign-up says that decides nothing.
type kept struct{ username, email, source string }

// keepSignUp keeps a sign-up that does not stand.
func (t *txn) keepSignUp(u *user, s standing, program int64, said kept, traits traits) error {
	p := packed{
		Code: s.code, Program: program, EmailKey: traits.emailKey, IPKey: traits.ipKey, Device: traits.deviceKey, Throw: traits.disposable,
		Source: said.source,
	}
	if u.erasedAt.IsZero() {
		p.Username, p.Email = said.username, said.email
	}
	data, err := json.Marshal(p)
	t.repeats.add(u.id, s.event, s.at, repeatedSignUp, data)
	return err
}

// unpack turns a sign-up that was kept into one of the batch.
func (s *split) unpack(e fact.Event, r db.Repeat) error {
	var p packed
	if err := json.Unmarshal(r.Data, &p); err != nil {
		return err
	}
	code := ""
	if p.Code != 0 {
		rows, err := s.q.GetCodes(s.ctx, []int64{p.Code})
		if err != nil {
			return err
		}
		code = rows[0].Code
	}
	e.SignUp = &fact.SignUp{
		UserID: s.id, Username: p.Username, Email: p.Email, Code: code, RegisteredAt: r.At.UTC(), Program: s.terms.nameOf(p.Program),
		Source: p.Source,
	}
	s.replayed = append(s.replayed, e)
	s.kept[r.EventKey] = traits{emailKey: p.EmailKey, ipKey: p.IPKey, deviceKey: p.Device, disposable: p.Throw}
	return nil
}

// keepVerification keeps when an address was verified that was so before.
func (t *txn) keepVerification(u *user, at time.Time) {
	t.repeats.add(u.id, "verified:"+strconv.FormatInt(at.UnixNano(), 10), at, repeatedVerification, []byte("{}"))
}

// saveRepeats saves what is kept.
func (t *txn) saveRepeats() error {
	if len(t.repeats.UserID) == 0 {
		return nil
	}
	return t.later.queries().InsertRepeats(t.ctx, t.repeats.InsertRepeatsParams)
}

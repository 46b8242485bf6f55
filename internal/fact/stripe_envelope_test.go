package fact

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestStripeEnvelope(t *testing.T) {
	t.Parallel()
	env, err := StripeEnvelope([]byte(change(t, "session", `"livemode":false`, `"livemode":true,"account":"acct_1"`)))
	if err != nil {
		t.Fatal(err)
	}
	if env.ID != "evt_1" || env.Type != "checkout.session.completed" || env.Account != "acct_1" || !env.Live ||
		env.Key != "stripe:acct_1:evt_1" || env.At.Unix() != 1777638000 {
		t.Errorf("got %+v", env)
	}
}

// The door answers, and counts, by the rule; and by the type, which is told as far as it can be read.
func TestStripeEnvelopeSaysWhichRuleIsBroken(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		old, with string
		want      Rule
	}{
		"no end":                              {`"data":{"object":`, `"data":{`, NotJSON},
		"not UTF-8":                           {`"bob"`, "\"\xff\"", NotJSON},
		"thin, by its object":                 {`"event"`, `"v2.core.event"`, ThinEvent},
		"thin, by its object, and no time":    {`"event","created":1777638000`, `"v2.core.event"`, ThinEvent},
		"thin, by its time":                   {`1777638000`, `"2026-05-01T12:20:00Z"`, ThinEvent},
		"thin, by its time, and of no object": {`"object":"event","created":1777638000`, `"created":"2026-05-01T12:20:00Z"`, ThinEvent},
		"another object":                      {`"event"`, `"charge"`, NotAnEvent},
		"no id":                               {`"id":"evt_1",`, ``, NoID},
		"empty id":                            {`"evt_1"`, `""`, NoID},
		"no usable id":                        {`"evt_1"`, `"evt:1"`, BadID},
		"no type":                             {`checkout.session.completed`, ``, BadType},
		"a type that is no subject":           {`checkout.session.completed`, `checkout.*`, BadType},
		"no account":                          {`"livemode"`, `"account":7,"livemode"`, BadAccount},
		"no mode":                             {`false`, `"false"`, BadLivemode},
		"data without an object":              {`"data":{"object":`, `"data":{"previous":`, NoData},
		"no time":                             {`"created":1777638000,`, ``, BadCreated},
		"null for a time":                     {`1777638000`, `null`, BadCreated},
		"milliseconds":                        {`1777638000`, `1777638000000`, BadCreated},
	} {
		data := []byte(change(t, "session", c.old, c.with))
		env, err := StripeEnvelope(data)
		bad, ok := errors.AsType[*MalformedError](err)
		if !ok || bad.Rule != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
		kind, changed := map[Rule]string{NotJSON: "", BadType: c.with}[c.want]
		if !changed {
			kind = "checkout.session.completed"
		}
		if event, _ := ParseStripe(data); env.Type != kind || event.Type != kind {
			t.Errorf("%s: of type %q to the reader and %q to the parser, want %q", name, env.Type, event.Type, kind)
		}
	}
}

// What is within its bounds by one is taken, and what may be left out is not asked for.
func TestStripeEnvelopeTakes(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("e", 255)
	none := func(*Envelope) {}
	for name, c := range map[string]struct {
		old, with string
		differs   func(want *Envelope)
	}{
		"the longest id":       {`evt_1`, long, func(want *Envelope) { want.ID = long }},
		"the outermost signs":  {`evt_1`, `!~`, func(want *Envelope) { want.ID = "!~" }},
		"the longest type":     {`checkout.session.completed`, long[:200], func(want *Envelope) { want.Type = long[:200] }},
		"a type of one letter": {`checkout.session.completed`, `e`, func(want *Envelope) { want.Type = "e" }},
		"the first second":     {`1777638000`, `946684800`, func(want *Envelope) { want.At = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }},
		"the last second":      {`1777638000`, `7258118399`, func(want *Envelope) { want.At = time.Date(2199, 12, 31, 23, 59, 59, 0, time.UTC) }},
		"no mode":              {`"livemode":false,`, ``, none},
		"null for a mode":      {`false`, `null`, none},
		"null for an account":  {`"livemode"`, `"account":null,"livemode"`, none},
	} {
		want := Envelope{ID: "evt_1", Type: "checkout.session.completed", At: time.Unix(1777638000, 0).UTC()}
		c.differs(&want)
		want.Key = "stripe::" + want.ID
		got, err := StripeEnvelope([]byte(change(t, "session", c.old, c.with)))
		if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Envelope{})); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got)\n%s", name, err, diff)
		}
	}
}

// Whatever is wrong with an event, it is the envelope, with a rule, or its object, without one: the parser adds nothing
// to what the envelope's reader found.
func TestParserTakesTheEnvelopeAsItsReaderDoes(t *testing.T) {
	t.Parallel()
	for _, c := range malformedStripe {
		data := []byte(change(t, c.example, c.old, c.with))
		_, outside := StripeEnvelope(data)
		_, err := ParseStripe(data)
		bad, ok := errors.AsType[*MalformedError](err)
		switch {
		case !ok:
			t.Errorf("%s: %v", c.name, err)
		case outside == nil && bad.Rule != "":
			t.Errorf("%s: the parser alone finds %s", c.name, bad.Rule)
		case outside != nil && (bad.Rule == "" || outside.Error() != err.Error()):
			t.Errorf("%s: the reader says %v, the parser %v", c.name, outside, err)
		}
	}
}

func BenchmarkStripeEnvelope(b *testing.B) {
	data := []byte(examples["session"])
	b.ReportAllocs()
	for b.Loop() {
		if _, err := StripeEnvelope(data); err != nil {
			b.Fatal(err)
		}
	}
}

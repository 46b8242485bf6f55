package fact

import (
	"errors"
	"testing"
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

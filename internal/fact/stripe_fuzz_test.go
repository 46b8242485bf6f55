package fact

import (
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/plusone-dev/plusone/internal/payment"
)

// Whatever the bytes are, ParseStripe says that they are ignored or malformed, or states facts that can be stored.
func FuzzParseStripe(f *testing.F) {
	for _, file := range fixtures(f) {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, example := range examples {
		f.Add([]byte(example))
	}
	for _, c := range malformedStripe {
		f.Add([]byte(strings.Replace(examples[c.example], c.old, c.with, 1)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := ParseStripe(data)
		if again, err2 := ParseStripe(data); !reflect.DeepEqual(e, again) || (err == nil) != (err2 == nil) {
			t.Fatalf("read twice: %+v, %v and %+v, %v", e, err, again, err2)
		}
		var malformed *MalformedError
		switch {
		case err == nil:
			checkFact(t, e)
		case e.Sighting != nil || e.Tie != nil || e.SignUp != nil:
			t.Fatalf("%v, and yet states %+v", err, e)
		case errors.As(err, &malformed):
			if len(malformed.Why) > 600 || strings.ContainsAny(malformed.Why, "\r\n\x00") || !utf8.ValidString(malformed.Why) {
				t.Fatalf("the reason can not stand in a header: %q", malformed.Why)
			}
		case !errors.Is(err, ErrIgnored):
			t.Fatalf("neither ignored nor malformed: %v", err)
		}
	})
}

// checkFact holds the facts of one event to what the store relies on.
func checkFact(t *testing.T, e Event) {
	t.Helper()
	if !storable(e.Key) || !storable(e.Name) || !storable(e.Type) || !strings.HasSuffix(e.Key, ":"+e.Name) || !Reads(e.Type) {
		t.Fatalf("is called %q, %q, %q", e.Key, e.Name, e.Type)
	}
	checkTime(t, e.At)
	if (e.Sighting == nil && e.Tie == nil) || e.SignUp != nil {
		t.Fatalf("states %+v", e)
	}
	if e.Tie != nil {
		if !storable(e.Tie.Customer) || !ValidUserID(e.Tie.UserID) {
			t.Fatalf("ties %q to %q", e.Tie.Customer, e.Tie.UserID)
		}
		checkTime(t, e.Tie.At)
	}
	if e.Sighting != nil {
		checkSighting(t, e.Sighting)
	}
}

func checkSighting(t *testing.T, s *payment.Sighting) {
	t.Helper()
	if len(s.Reports) == 0 {
		t.Fatal("a sighting of nothing")
	}
	seen := make(map[string]bool)
	for _, r := range s.Reports {
		if !storable(r.Key) || seen[r.Key] {
			t.Fatalf("reports %q in %+v", r.Key, s.Reports)
		}
		seen[r.Key] = true
		checkEvidence(t, r.Evidence)
	}
}

func checkEvidence(t *testing.T, ev payment.Evidence) {
	t.Helper()
	if ev.User != (payment.Claim{}) {
		if !ValidUserID(ev.User.UserID) || !storable(ev.User.UserID) {
			t.Fatalf("names %q", ev.User.UserID)
		}
		checkTime(t, ev.User.At)
	}
	if ev.Paid != (payment.Paid{}) {
		if ev.Paid.Amount.Minor <= 0 || !ev.Paid.Amount.Currency.Shaped() {
			t.Fatalf("paid %+v", ev.Paid)
		}
		checkTime(t, ev.Paid.At)
	}
	if ev.Refund != (payment.RefundState{}) {
		if ev.Refund.Minor < 0 || ev.Refund.Status == payment.NoRefund {
			t.Fatalf("refund %+v", ev.Refund)
		}
		checkTime(t, ev.Refund.At)
	}
	if ev.Dispute != (payment.DisputeState{}) {
		if ev.Dispute.Minor < 0 || ev.Dispute.Status == payment.NoDispute {
			t.Fatalf("dispute %+v", ev.Dispute)
		}
		checkTime(t, ev.Dispute.At)
		checkTime(t, ev.Dispute.Opened)
	}
	if ev.Warning != (payment.WarningState{}) {
		if !ev.Warning.Known {
			t.Fatalf("warning %+v", ev.Warning)
		}
		checkTime(t, ev.Warning.At)
		checkTime(t, ev.Warning.Opened)
	}
	checkKind(t, ev)
	if (ev.Card != "" && !storable(ev.Card)) || ev.Refunded < 0 || (ev.Customer != "" && !storable(ev.Customer)) {
		t.Fatalf("evidence %+v", ev)
	}
	if ev.Join(payment.Evidence{}) != ev {
		t.Fatalf("%+v is not in its normal form", ev)
	}
}

// checkKind says that each kind of object states only what it can know.
func checkKind(t *testing.T, ev payment.Evidence) {
	t.Helper()
	rest := ev
	switch ev.Kind {
	case payment.Unseen:
	case payment.Session, payment.Intent, payment.Invoice:
		rest.User, rest.Customer, rest.Paid = payment.Claim{}, "", payment.Paid{}
	case payment.Charge:
		rest.User, rest.Customer, rest.Refunded, rest.Card = payment.Claim{}, "", 0, ""
	case payment.Refund:
		rest.Refund = payment.RefundState{}
	case payment.Dispute:
		rest.Dispute = payment.DisputeState{}
	case payment.Warning:
		rest.Warning = payment.WarningState{}
	}
	if rest != (payment.Evidence{Kind: ev.Kind}) {
		t.Fatalf("%+v", ev)
	}
}

func checkTime(t *testing.T, at time.Time) {
	t.Helper()
	if y := at.Year(); y < 2000 || y >= 2200 || at.Nanosecond() != 0 || at.Location() != time.UTC {
		t.Fatalf("at %s", at)
	}
}

// storable says whether PostgreSQL takes a text, and an index entry for it.
func storable(s string) bool {
	return s != "" && len(s) <= 1200 && utf8.ValidString(s) && !strings.Contains(s, "\x00")
}

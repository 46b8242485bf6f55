package store

import (
	"context"
	"testing"

	"github.com/plusone-dev/plusone/docs/events"
	"github.com/plusone-dev/plusone/internal/model"
)

// TestWhatIsToldOfFraudAndOfTheErased: every event that is told is as its schema says: also of what is cancelled for fraud, and of who was erased.
func TestWhatIsToldOfFraudAndOfTheErased(t *testing.T) {
	w := newWorld(t, yamlOf("default", usual(func(t *model.Terms) { t.Fraud = map[string]string{"disposable_email": "cancel"}; t.Hold = 0 })))
	w.now = noon.Add(day)
	w.apply(registered("alice", "", noon), registered("bob", "C-ALICE", noon), withEmail(registered("carol", "C-ALICE", noon), "carol@mailinator.com"))
	w.apply(session(1, "bob", usd(1000), hour))
	w.apply(erased("bob", hour.Add(hour.Sub(noon))))
	w.apply(charge(1, 1000, hour))
	publish := func(_ context.Context, out []Outbound) error {
		for _, o := range out {
			schema, err := events.Compile(o.Type)
			if err != nil {
				t.Fatal(err)
			}
			body, err := events.Decode(o.Body)
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(body); err != nil {
				t.Errorf("%s: %v", o.Body, err)
			}
		}
		return nil
	}
	for n := 1; n > 0; {
		var err error
		if n, err = w.store.Relay(w.ctx, 1, publish); err != nil {
			t.Fatal(err)
		}
	}
}

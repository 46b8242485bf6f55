package store

import (
	"context"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/plusone-dev/plusone/docs/events"
	"github.com/plusone-dev/plusone/internal/fact"
)

// TestOutboundEventsAreAsDescribed holds every event against the schema of its type, and each id to be the only one.
func TestOutboundEventsAreAsDescribed(t *testing.T) {
	w := newWorld(t, "")
	w.now = noon.Add(day)
	w.apply(registered("alice", "", noon), registered("bob", "C-ALICE", noon), registered("carol", "C-CAROL", noon))
	w.apply(session(1, "bob", usd(1000), hour))
	w.apply(charge(1, 1000, hour))

	seen := make(map[string]int)
	types := make(map[string]int)
	publish := func(_ context.Context, out []Outbound) error {
		for _, o := range out {
			seen[o.ID]++
			types[o.Type]++
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
	failed := errors.New("the stream is away")
	if _, err := w.store.Relay(w.ctx, 10, func(context.Context, []Outbound) error { return failed }); !errors.Is(err, failed) {
		t.Fatalf("a relay that fails: %v", err)
	}
	for {
		n, err := w.store.Relay(w.ctx, 1, publish)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s was told %d times", id, n)
		}
	}
	// bob: pending, qualified, rewarded, cancelled; carol: pending, cancelled.
	want := map[string]int{
		"referral.pending": 2, "referral.qualified": 1, "referral.rewarded": 1, "referral.cancelled": 2, "reward.granted": 2, "reward.revoked": 2,
	}
	for kind, n := range want {
		if types[kind] != n {
			t.Errorf("%s: %d, not %d", kind, types[kind], n)
		}
	}
}

// TestOnlyOneRelayWorksAtATime: a second one finds nothing to do meanwhile.
func TestOnlyOneRelayWorksAtATime(t *testing.T) {
	w := newWorld(t, "")
	w.apply([]fact.Event{registered("alice", "", noon), registered("bob", "C-ALICE", noon)}...)
	n, err := w.store.Relay(w.ctx, 10, func(context.Context, []Outbound) error {
		other, err := w.store.Relay(w.ctx, 10, func(context.Context, []Outbound) error {
			t.Error("both relay")
			return nil
		})
		if other != 0 || err != nil {
			t.Errorf("the other relayed %d, %v", other, err)
		}
		return nil
	})
	if n != 1 || err != nil {
		t.Errorf("relayed %d, %v", n, err)
	}
}

// TestOutboundEventsOfAnyBusiness holds what is told of businesses of every kind against the schemas.
func TestOutboundEventsOfAnyBusiness(t *testing.T) {
	made := rapid.Custom(drawBusiness)
	told := make(map[string]bool)
	for seed := range 12 {
		b := made.Example(seed)
		w := b.world(t, t)
		w.now = noon.Add(100 * day)
		w.apply(b.events...)
		_, err := w.store.Relay(w.ctx, 1000, func(_ context.Context, out []Outbound) error {
			for _, o := range out {
				schema, err := events.Compile(o.Type)
				if err != nil {
					return err
				}
				body, err := events.Decode(o.Body)
				if err != nil {
					return err
				}
				if err := schema.Validate(body); err != nil {
					t.Errorf("%s: %v", o.Body, err)
				}
				told[o.Type] = true
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		w.close()
	}
	if len(told) < 5 {
		t.Errorf("only %v were told", told)
	}
}

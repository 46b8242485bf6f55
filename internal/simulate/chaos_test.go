package simulate

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/plusone-dev/plusone/internal/fact"
)

func chaos(users int, seed uint64) *Plan {
	return New(Config{Users: users, Rules: ours, Seed: seed, Refunds: 0.3, Duplicates: 0.3, Shuffle: 0.3, Chaos: true, Verified: true})
}

// TestChaosIsAFunctionOfItsSeed: how it is told changes nothing of what is told, and all of it is.
func TestChaosIsAFunctionOfItsSeed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := drawConfig(t)
		cfg.Chaos, cfg.Users = true, min(cfg.Users, 50)
		a := New(cfg)
		if diff := cmp.Diff(a, New(cfg)); diff != "" {
			t.Fatalf("twice the same, and it is not (-first +second):\n%s", diff)
		}
		cfg.Duplicates, cfg.Shuffle = 0, 0
		plain := New(cfg)
		told := slices.Clone(a.Order)
		slices.Sort(told)
		if told = slices.Compact(told); len(told) != len(a.Facts) || len(plain.Order) != len(plain.Facts) {
			t.Errorf("%d of %d facts are told", len(told), len(a.Facts))
		}
		if diff := cmp.Diff(plain.Facts, a.Facts); diff != "" {
			t.Errorf("the facts are others (-plain +told):\n%s", diff)
		}
	})
}

// TestEveryChaoticEventIsRead parses all that is sent with plusone's own readers, each type in both shapes.
func TestEveryChaoticEventIsRead(t *testing.T) {
	r := NewRun(chaos(600, 3), "label", noon, false)
	seen := map[string]bool{}
	for i, f := range r.Facts {
		n := int32(i)
		m := r.Message(n, "CODE")
		key, recorded := r.Key(n)
		switch {
		case f.Kind == Verified && !fact.Reads("user.verified"):
			continue
		case !m.Stripe:
			if ev, err := fact.ParseCloudEvent(m.Body); err != nil || ev.Key != key || !recorded {
				t.Fatalf("%v, %s:\n%s", err, ev.Key, m.Body)
			}
			continue
		}
		ev, err := fact.ParseStripe(m.Body)
		if (err == nil) != recorded || recorded && ev.Key != key {
			t.Fatalf("recorded: %v under %s, read under %s with %v:\n%s", recorded, key, ev.Key, err, m.Body)
		}
		h := r.Webhooks[f.Payment]
		for _, what := range []string{
			fmt.Sprintf("%s, basil: %v, expanded: %v", h.Type, h.Basil, h.Expanded), fmt.Sprintf("connected: %v", h.Connected),
			h.About.prefix() + " " + h.Status, fmt.Sprintf("%s claims %d", h.About.prefix(), h.Claim.Place), fmt.Sprintf("copy: %v", f.Copy),
			fmt.Sprintf("a guest: %v", h.Customer == Nobody), fmt.Sprintf("decoy: %v", h.Decoy != Nobody), fmt.Sprintf("held: %v", h.Held),
		} {
			seen[what] = true
		}
	}
	mustSee(t, seen)
}

func (o Object) prefix() string { return prefixes[o] }

// mustSee wants every type of event that plusone reads, in both shapes and both ways to name objects.
func mustSee(t *testing.T, seen map[string]bool) {
	t.Helper()
	var want []string
	for _, kind := range fact.Types() {
		if branch, _, _ := strings.Cut(kind, "."); slices.Contains([]string{"user", "referral", "code", "link"}, branch) {
			continue // not Stripe's
		}
		for _, basil := range []bool{false, true} {
			if kind == "invoice_payment.paid" && !basil {
				continue // the old shape has none
			}
			for _, expanded := range []bool{false, true} {
				want = append(want, fmt.Sprintf("%s, basil: %v, expanded: %v", kind, basil, expanded))
			}
		}
	}
	for _, status := range course {
		for prefix, all := range map[string]string{"re": "pending requires_action succeeded canceled failed", "dp": "warning_needs_response warning_under_review warning_closed prevented needs_response under_review lost won"} {
			if slices.Contains(strings.Fields(all), status) {
				want = append(want, prefix+" "+status)
			}
		}
	}
	for _, yes := range []string{"connected", "copy", "a guest", "decoy", "held"} {
		want = append(want, yes+": true", yes+": false")
	}
	want = append(want, "cs paid", "cs unpaid", "cs no_payment_required", "in manual", "in subscription_create", "in subscription_cycle", "in subscription_update",
		"cs claims 0", "cs claims 1", "in claims 2", "pi claims 3", "ch claims 3", "in claims 4", "cus claims 5")
	for _, what := range want {
		if !seen[what] {
			t.Errorf("no event is %q", what)
		}
	}
}

// TestEveryChaoticOutcomeHappens: a thousand people come to all ends that the model knows.
func TestEveryChaoticOutcomeHappens(t *testing.T) {
	seen := map[string]int{}
	for _, change := range []func(*Rules){func(*Rules) {}, func(r *Rules) { r.First = true }} {
		cfg := chaos(1000, 1).Config
		change(&cfg.Rules)
		p := New(cfg)
		e := Expect(p, accepted(p))
		for i, x := range e.People {
			if x.Referred {
				seen[standing(x.Stands)]++
			}
			if x.Might {
				seen["might"]++
			}
			if e.crowd(int32(i)) > 10 {
				seen["crowded"]++
			}
		}
	}
	for _, what := range []string{
		pending, qualified, rewarded, "cancelled, refunded", "cancelled, disputed", "cancelled, expired", "cancelled, self_referral",
		"cancelled, existing_customer", "cancelled, below_minimum", "might", "crowded",
	} {
		if seen[what] == 0 {
			t.Errorf("nobody is %q: %v", what, seen)
		}
	}
}

func accepted(p *Plan) []Status {
	all := make([]Status, len(p.Facts))
	for i := range all {
		all[i] = Accepted
	}
	return all
}

// TestTheModelKnowsNoOrder: the facts in another order, and without those that only say what others say, lead to the same.
func TestTheModelKnowsNoOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := chaos(rapid.IntRange(2, 60).Draw(t, "users"), rapid.Uint64().Draw(t, "seed"))
		want := Expect(p, accepted(p))
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "order"), 1))
		q := *p
		q.Facts = slices.DeleteFunc(slices.Clone(p.Facts), func(f Fact) bool { return f.Copy })
		r.Shuffle(len(q.Facts), func(i, j int) { q.Facts[i], q.Facts[j] = q.Facts[j], q.Facts[i] })
		if diff := cmp.Diff(want, Expect(&q, accepted(&q)), cmp.AllowUnexported(Expectation{})); diff != "" {
			t.Errorf("in another order it is (-want +got):\n%s", diff)
		}
	})
}

// TestWhatIsUnsureIsLeftOut: whom an event that may have been taken may be about is not compared, and nobody else changes.
func TestWhatIsUnsureIsLeftOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := chaos(40, rapid.Uint64().Draw(t, "seed"))
		statuses := accepted(p)
		n := rapid.IntRange(0, len(statuses)-1).Draw(t, "unknown")
		statuses[n] = Unknown
		unsure, taken := Expect(p, statuses), Expect(p, accepted(p))
		statuses[n] = NotSent
		lost := Expect(p, statuses)
		if !unsure.People[p.Facts[n].User].Blurred {
			t.Errorf("%+v is unknown, and its person is not left out", p.Facts[n])
		}
		for i, x := range unsure.People {
			for _, other := range []Expected{taken.People[i], lost.People[i]} {
				if !x.Blurred && x != other {
					t.Errorf("%d is compared, and is either %+v or %+v", i, x, other)
				}
			}
		}
	})
}

// TestChaosNeedsTime: nobody signed up before terms that are not the first, and no hold ends while a run goes on.
func TestChaosNeedsTime(t *testing.T) {
	cfg := chaos(500, 4).Config
	cfg.Rules.Hold = 14 * 24 * time.Hour
	p := New(cfg)
	over := 0
	for _, h := range p.Webhooks {
		b, ok := h.bill()
		ends := b.at + 14*day
		if ok && ends > -day/2 && ends < day/2 {
			t.Errorf("a hold ends %d s after the run began", ends)
		}
		if ok && ends < 0 {
			over++
		}
	}
	if over == 0 {
		t.Error("no hold is over")
	}
	cfg.Rules.Version = 2
	for _, person := range New(cfg).People {
		if person.Age != 0 {
			t.Fatalf("%+v signed up before the terms", person)
		}
	}
	for _, f := range New(cfg).Facts {
		if f.Kind == SignUp && f.Part == Later {
			t.Fatalf("%+v is a sign-up that has not come yet", f)
		}
	}
}

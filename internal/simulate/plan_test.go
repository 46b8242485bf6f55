package simulate

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/plusone-dev/plusone/internal/fact"
)

// ours are rules with a bit of everything.
var ours = Rules{
	Version: 1, Minimum: map[string]int64{"usd": 1000, "jpy": 1}, Within: 90 * 24 * time.Hour, Grace: time.Hour,
	Refunds: BelowMinimum, MaxUses: 10,
	Rewards: map[string]map[string]int64{Referrer: {"usd": 700, "jpy": 70}, Referee: {"usd": 300, "jpy": 30}},
}

var noon = time.Date(2026, 5, 1, 12, 0, 0, 123_456_000, time.UTC)

// drawConfig draws any configuration of a small business.
func drawConfig(t *rapid.T) Config {
	fraction := func(name string) float64 { return rapid.Float64Range(0, 1).Draw(t, name) }
	return Config{
		Users: rapid.IntRange(1, 200).Draw(t, "users"), Seed: rapid.Uint64().Draw(t, "seed"), Rules: ours,
		Duplicates: fraction("duplicates"), Shuffle: fraction("shuffle"), Refunds: fraction("refunds"),
	}
}

func TestAPlanIsAFunctionOfItsSeed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := drawConfig(t)
		if diff := cmp.Diff(New(cfg), New(cfg)); diff != "" {
			t.Errorf("twice the same, and it is not (-first +second):\n%s", diff)
		}
	})
	a, b := New(Config{Users: 100, Rules: ours, Seed: 1}), New(Config{Users: 100, Rules: ours, Seed: 2})
	if cmp.Equal(a.Facts, b.Facts) {
		t.Error("another seed made up the same")
	}
}

// TestTheOrderChangesNoFact: told twice, or late, it is what was planned, and all of it.
func TestTheOrderChangesNoFact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := drawConfig(t)
		plain := cfg
		plain.Duplicates, plain.Shuffle = 0, 0
		told, want := New(cfg), New(plain)
		if diff := cmp.Diff(want.Facts, told.Facts); diff != "" {
			t.Fatalf("the facts are others (-plain +told):\n%s", diff)
		}
		if len(want.Order) != len(want.Facts) {
			t.Errorf("%d facts are told %d times", len(want.Facts), len(want.Order))
		}
		for _, p := range []*Plan{told, want} {
			seen := slices.Clone(p.Order)
			slices.Sort(seen)
			if seen = slices.Compact(seen); len(seen) != len(p.Facts) || seen[0] != 0 || int(seen[len(seen)-1]) != len(p.Facts)-1 {
				t.Errorf("%d of %d facts are told", len(seen), len(p.Facts))
			}
		}
	})
}

func TestTheFractionsAreKept(t *testing.T) {
	cfg := Config{Users: 5000, Rules: ours, Seed: 7, Duplicates: 0.25, Shuffle: 0.5, Refunds: 0.2}
	p := New(cfg)
	near := func(what string, got, of int, want float64) {
		t.Helper()
		if share := float64(got) / float64(of); share < want-0.03 || share > want+0.03 {
			t.Errorf("%s: %.3f, want about %.3f", what, share, want)
		}
	}
	near("duplicates", len(p.Order)-len(p.Facts), len(p.Facts), 0.25)
	back, late, referred := 0, 0, 0
	for _, pay := range p.Payments {
		if pay.Back[0] > 0 {
			back++
		}
	}
	near("refunds", back, len(p.Payments), 0.2)
	cfg.Duplicates = 0
	cfg.Shuffle = 0
	plain := place(New(cfg).Order)
	for fact, at := range place(p.Order) {
		if float64(at)/float64(len(p.Order)) > float64(plain[fact])/float64(len(p.Facts))+0.05 {
			late++
		}
	}
	if late < len(p.Facts)/6 || late > len(p.Facts)/2 {
		t.Errorf("%d of %d facts are late", late, len(p.Facts))
	}
	for i, person := range p.People {
		if person.Referrer != Nobody {
			referred++
			if int(person.Referrer) >= i {
				t.Fatalf("%d was referred by %d, who came later", i, person.Referrer)
			}
		}
	}
	near("referred", referred, len(p.People), 0.65)
}

// place is where each fact is told first.
func place(order []int32) map[int32]int {
	at := make(map[int32]int, len(order))
	for i, fact := range order {
		if _, again := at[fact]; !again {
			at[fact] = i
		}
	}
	return at
}

// TestEverythingHappens: a thousand people do all that the model knows of.
func TestEverythingHappens(t *testing.T) {
	p := New(Config{Users: 1000, Rules: ours, Seed: 1, Refunds: 0.3})
	all := make([]Status, len(p.Facts))
	for i := range all {
		all[i] = Accepted
	}
	e := Expect(p, all)
	seen := map[string]int{}
	for i, x := range e.People {
		if x.Referred {
			seen[standing(x.Stands)]++
		}
		if e.wants[i] > 10 {
			seen["crowded"]++
		}
		if r := p.People[i].Referrer; r != Nobody && p.People[r].Referrer != Nobody {
			seen["chain"]++
		}
	}
	for _, pay := range p.Payments {
		switch {
		case pay.Fails:
			seen["fails"]++
		case pay.Back[1] > 0:
			seen["two parts"]++
		case pay.Back[0] == pay.Amount:
			seen["full"]++
		case pay.Back[0] > 0:
			seen["part"]++
		}
		seen[[]string{"checkout", "customer", "direct"}[pay.Way]]++
		seen[p.Currencies[pay.Currency]]++
	}
	for _, what := range []string{
		pending, rewarded, "cancelled, refunded", "cancelled, self_referral", "cancelled, existing_customer", "crowded", "chain",
		"fails", "two parts", "full", "part", "checkout", "customer", "direct", "usd", "jpy", "nok",
	} {
		if seen[what] == 0 {
			t.Errorf("nothing is %q: %v", what, seen)
		}
	}
}

// TestEveryEventIsOneThatPlusoneReads parses all that is sent with plusone's own readers.
func TestEveryEventIsOneThatPlusoneReads(t *testing.T) {
	r := NewRun(New(Config{Users: 300, Rules: ours, Seed: 3, Refunds: 0.5}), "label", noon, false)
	sizes, webhooks := 0, 0
	for i := range r.Facts {
		n := int32(i)
		m := r.Message(n, "CODE")
		if again := r.Message(n, "CODE"); string(again.Body) != string(m.Body) {
			t.Fatalf("written again, it is\n%s\nand was\n%s", again.Body, m.Body)
		}
		read := fact.ParseCloudEvent
		if m.Stripe {
			read = fact.ParseStripe
			sizes += len(m.Body)
			webhooks++
		}
		ev, err := read(m.Body)
		key, recorded := r.Key(n)
		if (err == nil) != recorded || (r.Facts[i].Kind == Other) == recorded {
			t.Fatalf("recorded: %v, read with %v:\n%s", recorded, err, m.Body)
		}
		if recorded && ev.Key != key {
			t.Errorf("its key is %s, not %s", ev.Key, key)
		}
	}
	if average := sizes / webhooks; average < 2000 || average > 4000 {
		t.Errorf("a webhook weighs %d bytes, and Stripe's weigh about 3000", average)
	}
}

// TestTwoRunsSpeakOfDifferentPeople unless they are one plan under one label.
func TestTwoRunsSpeakOfDifferentPeople(t *testing.T) {
	cfg := Config{Users: 20, Rules: ours, Seed: 3, Refunds: 0.5}
	run := func(change func(*Config), label string) *Run {
		c := cfg
		change(&c)
		return NewRun(New(c), label, noon, false)
	}
	first := run(func(*Config) {}, "a")
	for name, other := range map[string]*Run{
		"label": run(func(*Config) {}, "b"), "seed": run(func(c *Config) { c.Seed++ }, "a"),
		"users": run(func(c *Config) { c.Users++ }, "a"), "refunds": run(func(c *Config) { c.Refunds = 0 }, "a"),
		"rules": run(func(c *Config) { c.Rules.MaxUses++ }, "a"),
	} {
		if other.ID() == first.ID() {
			t.Errorf("another %s, and the same ids: %s", name, first.ID())
		}
	}
	if again := NewRun(New(cfg), "a", noon.Add(time.Hour), true); again.ID() != first.ID() {
		t.Errorf("the same again has other ids: %s and %s", first.ID(), again.ID())
	}
	for i := range first.Facts {
		if m := string(first.Message(int32(i), "").Body); !strings.Contains(m, first.ID()) {
			t.Errorf("an event without the run's ids:\n%s", m)
		}
	}
}

func TestLabels(t *testing.T) {
	for label, ok := range map[string]bool{"a": true, "Run7": true, NewLabel(noon): true, "": false, "a b": false, "a_b": false, "a:b": false, strings.Repeat("a", 33): false} {
		if err := CheckLabel(label); (err == nil) != ok {
			t.Errorf("%q: %v", label, err)
		}
	}
}

func TestConfigurationsAndRulesAreHeldToTheirLimits(t *testing.T) {
	good := Config{Users: 1, Duplicates: 1, Shuffle: 0, Refunds: 0.5}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	if err := ours.Check(noon, time.Hour); err != nil {
		t.Error(err)
	}
	for says, spoil := range map[string]func(*Config, *Rules){
		"from 1 to":           func(c *Config, _ *Rules) { c.Users = 0 },
		"duplicates":          func(c *Config, _ *Rules) { c.Duplicates = 1.1 },
		"shuffle":             func(c *Config, _ *Rules) { c.Shuffle = -0.1 },
		"refunds must be":     func(c *Config, _ *Rules) { c.Refunds = 2 },
		"comes into force":    func(_ *Config, r *Rules) { r.Version, r.Since = 2, noon.Add(time.Second) },
		"refunds: sometimes":  func(_ *Config, r *Rules) { r.Refunds = "sometimes" },
		"qualify.within":      func(_ *Config, r *Rules) { r.Within = time.Hour },
		"hold is 1h0m0s":      func(_ *Config, r *Rules) { r.Hold = time.Hour },
		"qualify.minimum.usd": func(_ *Config, r *Rules) { r.Minimum = map[string]int64{"usd": 1 << 40} },
		"qualify.grace":       func(_ *Config, r *Rules) { r.Grace = 100 * 365 * 24 * time.Hour },
	} {
		c, r := good, ours
		spoil(&c, &r)
		errs := []string{}
		for _, err := range []error{c.Check(), r.Check(noon, time.Hour)} {
			if err != nil {
				errs = append(errs, err.Error())
			}
		}
		if text := strings.Join(errs, "\n"); !strings.Contains(text, says) || strings.Contains(text, "\n") {
			t.Errorf("%q: %s", says, text)
		}
	}
}

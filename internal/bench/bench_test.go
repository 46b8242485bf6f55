package main

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plusone-dev/plusone/internal/fact"
)

func testPopulation(t *testing.T) population {
	t.Helper()
	p, err := newPopulation(10_000, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestTheMix: of a hundred events forty are sign-ups, forty-five purchases, five refunds and ten are of types that nobody
// reads; plusone reads the others as what they are meant to be, and no two have one id.
func TestTheMix(t *testing.T) {
	p := testPopulation(t)
	m := newMix(p, time.Now())
	msgs, of := m.next(1000)
	if of != [kinds]int{400, 450, 50, 100} {
		t.Errorf("the kinds are %v", of)
	}
	var read [kinds]int
	ids := make(map[string]bool)
	for i, msg := range msgs {
		ids[msg.ID] = true
		if len(msg.Data) < bodySize*9/10 || len(msg.Data) > bodySize*11/10 {
			t.Errorf("event %d has %d bytes", i, len(msg.Data))
		}
		e, err := fact.ParseCloudEvent(msg.Data)
		if strings.HasPrefix(msg.Subject, "plusone.in.stripe.") {
			e, err = fact.ParseStripe(msg.Data)
		}
		switch {
		case err == fact.ErrIgnored: //nolint:errorlint // it is returned as it is
			read[ignored]++
		case err != nil:
			t.Fatalf("event %d: %v", i, err)
		case e.Key != msg.ID:
			t.Errorf("event %d has the key %s and the id %s", i, e.Key, msg.ID)
		case e.SignUp != nil:
			read[signUp]++
		case e.Sighting != nil && strings.HasPrefix(e.Name, "evt_r"):
			read[refund]++
		case e.Sighting != nil:
			read[purchase]++
		}
	}
	if read != of || len(ids) != len(msgs) {
		t.Errorf("%v were read of %v, with %d ids", read, of, len(ids))
	}
}

// TestThePopulation: nobody is in two shares, nobody twice in one, and all names differ.
func TestThePopulation(t *testing.T) {
	p := testPopulation(t)
	met := make(map[int]bool)
	for _, shares := range [][2]share{pair(p.buyers()), pair(p.returners())} {
		for i, s := range shares {
			for k := range s.size {
				person := s.person(k)
				if met[person] || person < 1 || person > p.people || p.bought(person) != (s.from > p.pending()) {
					t.Fatalf("share %d meets person %d wrongly", i, person)
				}
				met[person] = true
			}
		}
	}
	if len(met) != p.people {
		t.Errorf("%d of %d people are in a share", len(met), p.people)
	}
	names, codes := make(map[string]bool), make(map[string]bool)
	for n := 1; n <= p.people+p.referrers; n++ {
		names[userName(n)], codes[codeName(n)] = true, true
	}
	if len(names) != p.people+p.referrers || len(codes) != len(names) {
		t.Errorf("%d names and %d codes for %d people", len(names), len(codes), p.people+p.referrers)
	}
}

// TestThereArePeopleForAllRounds: a rehearsal and as many rounds as may be asked for, and the idle latency after them.
func TestThereArePeopleForAllRounds(t *testing.T) {
	for _, args := range [][]string{{"-rounds", "8"}, {"-quick", "-rounds", "3"}} {
		o, err := parse(args, &bytes.Buffer{})
		if err != nil {
			t.Fatal(err)
		}
		p, err := newPopulation(o.people, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		buyers, yardBuyers := p.buyers()
		returners, yardReturners := p.returners()
		drains := (o.rounds + 1) * o.events
		if need := drains*45/100 + o.samples + 50; buyers.size < need {
			t.Errorf("%v: %d people are to buy, and there are %d", args, need, buyers.size)
		}
		if need := drains * 5 / 100; returners.size < need {
			t.Errorf("%v: %d people are to return what they bought, and there are %d", args, need, returners.size)
		}
		yards := o.rounds + 1
		if yardBuyers.size < yards*reserved(o.yard, 60) || yardReturners.size < yards*reserved(o.yard, 10) {
			t.Errorf("%v: the yardstick has %d buyers and %d returners for %d transactions", args, yardBuyers.size, yardReturners.size, yards)
		}
	}
}

func pair(a, b share) [2]share { return [2]share{a, b} }

func TestSpread(t *testing.T) {
	if got := spreadOf([]float64{3, 1, 2}); got != (spread{2, 1, 3}) {
		t.Errorf("of three: %v", got)
	}
	if got := spreadOf([]float64{4, 1, 2, 3}); got != (spread{2.5, 1, 4}) {
		t.Errorf("of four: %v", got)
	}
	if got := spreadOf(nil); got != (spread{}) {
		t.Errorf("of none: %v", got)
	}
	s := series{"a": {10, 40}, "b": {5, 10}}
	if got := s.ratio("a", "b"); got != (spread{3, 2, 4}) {
		t.Errorf("the ratio is %v", got)
	}
	sorted := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	if q := quantile(sorted, 0.99); q != 10 {
		t.Errorf("p99 is %v", q)
	}
	if q := quantile(sorted, 0.5); q != 6 {
		t.Errorf("p50 is %v", q)
	}
}

// TestWhatFallsBelowHalf: what was recorded holds, unless a ratio is below its half, is missing, or the latency has doubled.
func TestWhatFallsBelowHalf(t *testing.T) {
	recorded := newReport(options{rounds: 5})
	recorded.Ratios[ratioWorker] = spread{Median: 4}
	recorded.Idle = latencies{P50: 3, N: 1}
	file := filepath.Join(t.TempDir(), "recorded.json")
	if err := recorded.write(file); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		ratio, p50 float64
		says       string
	}{
		{4, 3, ""},
		{2, 6, ""},
		{1.99, 3, "worker / pgbench is 1.99, below half of the 4.00"},
		{0, 3, "worker / pgbench is 0.00"},
		{math.NaN(), 3, "worker / pgbench is NaN"},
		{4, 6.1, "the idle latency is 6.1 ms, above twice the 3.0 ms"},
	} {
		r := newReport(options{})
		r.Ratios[ratioWorker] = spread{Median: c.ratio}
		r.Idle = latencies{P50: c.p50, N: 1}
		err := r.mustHold(file, &bytes.Buffer{})
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: %v", c, err)
		}
	}
	if err := recorded.mustHold(filepath.Join(t.TempDir(), "none"), &bytes.Buffer{}); err == nil {
		t.Error("a file that is not there holds")
	}
}

func TestTheRecordIsReadable(t *testing.T) {
	r := newReport(options{})
	err := r.mustHold("../../docs/performance.json", &bytes.Buffer{})
	for _, name := range []string{ratioWorker, ratioRaw, ratioDoor64, ratioDoor256} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("nothing is recorded of %s: %v", name, err)
		}
	}
}

func TestParse(t *testing.T) {
	var said bytes.Buffer
	o, err := parse([]string{"-quick"}, &said)
	if err != nil || !o.quick || o.rounds != 3 || o.people != 100_000 {
		t.Errorf("%+v, %v", o, err)
	}
	if o, err = parse(nil, &said); err != nil || o.rounds < 5 || o.people != 1_000_000 {
		t.Errorf("%+v, %v", o, err)
	}
	for _, args := range [][]string{{"more"}, {"-rounds", "9"}, {"-quick", "-rounds", "4"}, {"-rounds", "-1"}, {"-nothing"}} {
		if _, err := parse(args, &said); err == nil {
			t.Errorf("%v is taken", args)
		}
	}
	if code := run(t.Context(), []string{"-nothing"}, os.Stdout, &said); code != 2 {
		t.Errorf("wrongly called it ends with %d", code)
	}
}

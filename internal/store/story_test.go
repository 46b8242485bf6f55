package store

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTheStory(t *testing.T) {
	w := newWorld(t, "")
	w.apply(registered("alice", "", noon))
	for i, name := range []string{"bob", "carol", "dave"} {
		w.apply(registered(name, "C-ALICE", noon.Add(time.Duration(i+1)*time.Minute)))
	}
	w.now = noon.Add(time.Hour)
	w.apply(session(1, "bob", usd(1000), w.now))
	w.apply(session(2, "carol", usd(500), w.now))
	w.apply(session(3, "dave", usd(3000), w.now))
	want := `alice has 20.00 usd
bob by alice (C-ALICE): rewarded  [referrer alice 10.00 usd] [referee bob 10.00 usd]
bob has 10.00 usd
carol by alice (C-ALICE): pending 
dave by alice (C-ALICE): rewarded  [referrer alice 10.00 usd] [referee dave 10.00 usd]
dave has 10.00 usd`
	if diff := cmp.Diff(want, w.outcome()); diff != "" {
		t.Fatal(diff)
	}
	w.lawful()

	w.apply(charge(3, 3000, w.now))
	want = `alice has 10.00 usd
bob by alice (C-ALICE): rewarded  [referrer alice 10.00 usd] [referee bob 10.00 usd]
bob has 10.00 usd
carol by alice (C-ALICE): pending 
dave by alice (C-ALICE): cancelled refunded`
	if diff := cmp.Diff(want, w.outcome()); diff != "" {
		t.Fatal(diff)
	}
	w.lawful()
}

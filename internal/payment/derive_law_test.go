package payment

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// The laws of Derive: the payment depends on what is known of its objects, not on how that came to be known.

func TestDeriveDoesNotDependOnTheOrderOfObjects(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		objects := drawObjects(t)
		samePayment(t, rapid.Permutation(objects).Draw(t, "shuffled"), objects)
	})
}

// Reports may come one by one or in batches, in any order, any of them again: joined, they make the same payment.
func TestDeriveDoesNotDependOnHowEvidenceWasJoined(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var reports []Report
		for range rapid.IntRange(1, 8).Draw(t, "reports") {
			key := rapid.SampledFrom([]string{"cs_1", "in_1", "pi_1", "ch_1", "re_1", "dp_1", "issfr_1"}).Draw(t, "key")
			reports = append(reports, Report{key, drawAnyEvidence(t, key)})
		}
		twice := rapid.SliceOfN(rapid.SampledFrom(reports), 0, 4).Draw(t, "again")
		shuffled := rapid.Permutation(slices.Concat(reports, twice)).Draw(t, "shuffled")
		cut := rapid.IntRange(0, len(shuffled)).Draw(t, "cut")
		batches := joinAll(joinEach(shuffled[:cut]), joinEach(shuffled[cut:]))
		samePayment(t, listed(batches), listed(joinEach(reports)))
	})
}

// What is absent counts as absent whether it was ever joined or not.
func TestDeriveOfEvidenceThatWasNeverJoined(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		objects := drawObjects(t)
		joined := slices.Clone(objects)
		for i := range joined {
			joined[i].Evidence = joined[i].Evidence.Join(Evidence{})
		}
		samePayment(t, joined, objects)
	})
}

// What comes after a purchase does not change it: refunds, disputes and warnings leave it as it was paid, and by whom.
func TestWhatWasPaidDoesNotDependOnWhatCameAfter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		objects := drawObjects(t)
		after := []Object{
			{"re_9", Evidence{Kind: Refund, Refund: drawAnyEvidence(t, "re_9").Refund}},
			{"dp_9", Evidence{Kind: Dispute, Dispute: drawDispute(t, "dp_9")}},
			{"issfr_9", Evidence{Kind: Warning, Warning: drawWarning(t, "issfr_9")}},
		}
		was, is := Derive(objects, someTies), Derive(append(after, objects...), someTies)
		was.Key, is.Key = "", "" // the smallest of all may be another
		is.Refunded, is.Disputed, is.InquiryAt, is.WarnedAt = was.Refunded, was.Disputed, was.InquiryAt, was.WarnedAt
		if diff := cmp.Diff(was, is); diff != "" {
			t.Fatalf("(-before +after)\n%s", diff)
		}
	})
}

// What is only named, and not seen, says nothing but its id.
func TestWhatIsOnlyNamedSaysNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		objects := drawObjects(t)
		was, is := Derive(objects, someTies), Derive(append(objects, Object{Key: "zz_9"}), someTies)
		if was.Key == "" {
			was.Key = "zz_9"
		}
		if diff := cmp.Diff(was, is); diff != "" {
			t.Fatalf("(-before +after)\n%s", diff)
		}
	})
}

func drawObjects(t *rapid.T) []Object {
	var objects []Object
	for _, key := range []string{"cs_1", "cs_2", "in_1", "pi_1", "ch_1", "re_1", "re_2", "dp_1", "dp_2", "issfr_1"} {
		if rapid.Bool().Draw(t, key+" is seen") {
			e := drawAnyEvidence(t, key)
			e.Refunded = max(0, e.Refunded) // a negative figure is refused where it is read, and made nothing when joined
			objects = append(objects, Object{key, e})
		}
	}
	return objects
}

func joinEach(reports []Report) map[string]Evidence {
	known := make(map[string]Evidence)
	for _, r := range reports {
		known[r.Key] = known[r.Key].Join(r.Evidence)
	}
	return known
}

func joinAll(a, b map[string]Evidence) map[string]Evidence {
	for key, e := range b {
		a[key] = a[key].Join(e)
	}
	return a
}

func listed(known map[string]Evidence) []Object {
	var objects []Object
	for _, key := range slices.Sorted(maps.Keys(known)) {
		objects = append(objects, Object{key, known[key]})
	}
	return objects
}

func samePayment(t *rapid.T, objects, as []Object) {
	if diff := cmp.Diff(Derive(as, someTies), Derive(objects, someTies)); diff != "" {
		t.Fatalf("(-want +got)\n%s", diff)
	}
}

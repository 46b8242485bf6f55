package referral

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestGrant(t *testing.T) {
	t.Parallel()
	later := during.Add(1)
	wants := []Want{{Index: 0, PaidAt: later, Key: "a"}, {Index: 1, PaidAt: during, Key: "c"}, {Index: 2, PaidAt: during, Key: "b"}}
	for name, c := range map[string]struct {
		code  Code
		wants []Want
		want  map[int]Slot
		left  Code
	}{
		"nobody wants any":              {Code{3, 1}, nil, map[int]Slot{}, Code{3, 1}},
		"enough: by time, then by key":  {Code{3, 0}, wants, map[int]Slot{2: 1, 1: 2, 0: 3}, Code{3, 3}},
		"two left":                      {Code{5, 3}, wants, map[int]Slot{2: 4, 1: 5, 0: SlotRefused}, Code{5, 5}},
		"none left":                     {Code{5, 5}, wants, map[int]Slot{2: SlotRefused, 1: SlotRefused, 0: SlotRefused}, Code{5, 5}},
		"a maximum that was lowered":    {Code{2, 5}, wants[:1], map[int]Slot{0: SlotRefused}, Code{2, 5}},
		"no maximum":                    {Code{0, 1000}, wants, map[int]Slot{2: 1001, 1: 1002, 0: 1003}, Code{0, 1003}},
		"of one purchase, by the index": {Code{1, 0}, []Want{{Index: 8, PaidAt: during}, {Index: 7, PaidAt: during}}, map[int]Slot{7: 1, 8: SlotRefused}, Code{1, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, asked := c.code, slices.Clone(c.wants)
			if diff := gocmp.Diff(c.want, Grant(&code, c.wants)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if code != c.left {
				t.Errorf("the code is left as %+v, want %+v", code, c.left)
			}
			if !slices.Equal(asked, c.wants) {
				t.Errorf("the caller's wants were put in another order: %+v", c.wants)
			}
		})
	}
}

// What is stored of a place, and what the database's own checks speak of.
func TestSlotsAreStored(t *testing.T) {
	t.Parallel()
	for slot, want := range map[Slot]int{SlotRefused: -1, SlotUnasked: 0} {
		if int(slot) != want || slot.Granted() {
			t.Errorf("%d, granted %t; want %d, and not", slot, slot.Granted(), want)
		}
	}
	if !Slot(1).Granted() {
		t.Error("the first place is none")
	}
}

// The cap holds: never more places than the maximum, none refused while one is free, each with an ordinal of its own
// and no gap, over any number of batches; and within one, by time of payment, in whatever order they are asked for.
func TestGrantLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		code := Code{MaxUses: rapid.IntRange(0, 6).Draw(t, "max uses")}
		var granted, refused int
		for range rapid.IntRange(1, 4).Draw(t, "batches") {
			before := code
			wants := drawWants(t)
			slots := Grant(&code, wants)
			if len(slots) != len(wants) {
				t.Fatalf("%d wants, %d answers", len(wants), len(slots))
			}
			inOrder := slices.SortedFunc(slices.Values(wants), func(a, b Want) int {
				return cmp.Or(cmp.Compare(place(slots[a.Index]), place(slots[b.Index])), a.PaidAt.Compare(b.PaidAt))
			})
			for i, w := range inOrder {
				switch s := slots[w.Index]; {
				case s == SlotRefused:
					refused++
				case int(s) != granted+1:
					t.Fatalf("place %d after %d", s, granted)
				default:
					granted++
				}
				if i > 0 && w.PaidAt.Before(inOrder[i-1].PaidAt) {
					t.Fatalf("%+v had to wait for %+v: %v", w, inOrder[i-1], slots)
				}
			}
			again := before
			if diff := gocmp.Diff(slots, Grant(&again, rapid.Permutation(wants).Draw(t, "shuffled"))); diff != "" {
				t.Fatalf("asked for in another order (-first +shuffled)\n%s", diff)
			}
		}
		switch {
		case code.Granted != granted:
			t.Fatalf("%d places were granted, the code counts %d", granted, code.Granted)
		case code.MaxUses > 0 && granted > code.MaxUses:
			t.Fatalf("%d places of %d", granted, code.MaxUses)
		case refused > 0 && (code.MaxUses == 0 || granted < code.MaxUses):
			t.Fatalf("%d refused, though only %d of %d places are granted", refused, granted, code.MaxUses)
		}
	})
}

// place is the rank of a slot: those who were refused come after those who have one.
func place(s Slot) int {
	if s == SlotRefused {
		return math.MaxInt
	}
	return int(s)
}

func drawWants(t *rapid.T) []Want {
	var wants []Want
	for i := range rapid.IntRange(0, 5).Draw(t, "wants") {
		wants = append(wants, Want{Index: i, PaidAt: drawSecond(t, "paid"), Key: strconv.Itoa(rapid.IntRange(0, 2).Draw(t, "key"))})
	}
	return wants
}

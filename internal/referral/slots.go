package referral

import (
	"cmp"
	"slices"
	"time"
)

// Code is the state of a referral code that its uses depend on.
type Code struct {
	MaxUses int // 0 means no maximum
	Granted int // so far; never less than before
}

// Want is one referral's wish for a place on a code: that of a referral whose verdict says WantsSlot.
type Want struct {
	Index  int // the caller's own number of the referral
	PaidAt time.Time
	Key    string // the purchase's
}

// Grant hands out the places of one code, by time of payment, and returns for each want the Slot it got, by Index.
// A place that was granted is never free again: neither a refund nor a cancellation gives it back.
func Grant(code *Code, wants []Want) map[int]Slot {
	wants = slices.Clone(wants)
	slices.SortFunc(wants, func(a, b Want) int {
		return cmp.Or(a.PaidAt.Compare(b.PaidAt), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Index, b.Index))
	})
	slots := make(map[int]Slot, len(wants))
	for _, w := range wants {
		if code.MaxUses > 0 && code.Granted >= code.MaxUses {
			slots[w.Index] = SlotRefused
			continue
		}
		code.Granted++
		slots[w.Index] = Slot(code.Granted)
	}
	return slots
}

package store

import (
	"cmp"
	"slices"

	"github.com/plusone-dev/plusone/internal/referral"
)

// Places on codes, in a preview. Whoever has one keeps it, where the other terms let a purchase qualify and the code has so
// many; what becomes free, or is added, goes to those without in the order of their payments. Terms that differ in
// nothing therefore change nothing. A place that is held by a referral without a qualifying purchase, under either terms, stays
// held, as it does in life.

// places are those of a referrer who has more referrals than a page: from page to page, only the next place of each code
// is kept. What becomes free of them is not handed out again.
type places struct {
	referrer int64
	next     map[int64]int // by code: the next that nobody has
}

// judge assesses a page under the other terms, and hands out the places on codes.
func (p *previewer) judge(all []*compared, past past, split *places) {
	byCode := make(map[int64][]*compared)
	for _, c := range all {
		h := &c.under.history
		h.Slot, h.MaxUses = referral.SlotUnasked, p.maxUses(int(past.codes[c.under.CodeID].MaxUses))
		c.under.verdict = referral.Assess(p.terms, *h, p.now)
		byCode[c.under.CodeID] = append(byCode[c.under.CodeID], c)
	}
	for id, uses := range byCode {
		first := 1
		cut := split != nil && split.referrer == uses[0].under.ReferrerID
		if cut {
			first = max(int(past.codes[id].Granted)+1, split.next[id])
		}
		if next := p.handOut(uses, first); cut {
			split.next[id] = next
		}
	}
}

// maxUses is how often a code may be used under the other terms: as often as it may now, where they have not changed that,
// for a person may have added a place.
func (p *previewer) maxUses(now int) int {
	if p.terms.Codes.MaxUses == p.newest.terms.Codes.MaxUses {
		return now
	}
	return p.terms.Codes.MaxUses
}

// handOut gives the uses of one code their places, new ones from the first on, and returns the next that is free.
func (p *previewer) handOut(uses []*compared, first int) (next int) {
	most := uses[0].under.history.MaxUses
	taken := make(map[int]bool)
	var queue []*compared
	for _, c := range uses {
		slot, wants := referral.Slot(c.present.Slot), c.under.verdict.WantsSlot
		fits := slot.Granted() && (most == 0 || int(slot) <= most)
		switch {
		case fits && (wants || !p.qualifiedBefore(c)):
			taken[int(slot)] = true
			if wants {
				p.place(c, slot)
			}
		case wants:
			queue = append(queue, c)
		case slot == referral.SlotRefused && !p.qualifiedBefore(c):
			p.place(c, slot) // it is final, though what it was refused for is gone
		}
	}
	slices.SortFunc(queue, inTurn)
	next = first
	for _, c := range queue {
		for taken[next] {
			next++
		}
		if most > 0 && next > most {
			p.place(c, referral.SlotRefused)
			continue
		}
		p.place(c, referral.Slot(next))
		next++
	}
	return next
}

// inTurn puts those who had a place first, by its ordinal, and then the others by time of payment.
func inTurn(a, b *compared) int {
	turn := func(c *compared) int {
		if s := referral.Slot(c.present.Slot); s.Granted() {
			return int(s)
		}
		return 1<<31 - 1
	}
	x, y := a.under.verdict.Purchase, b.under.verdict.Purchase
	return cmp.Or(cmp.Compare(turn(a), turn(b)), x.PaidAt.Compare(y.PaidAt), cmp.Compare(x.Key, y.Key), cmp.Compare(a.under.ID, b.under.ID))
}

func (p *previewer) place(c *compared, slot referral.Slot) {
	c.under.history.Slot = slot
	c.under.verdict = referral.Assess(p.terms, c.under.history, p.now)
}

// qualifiedBefore says whether a referral that was granted or refused a place would ask for one under its own terms today.
func (p *previewer) qualifiedBefore(c *compared) bool {
	h := c.present.history
	h.Slot = referral.SlotUnasked
	return referral.Assess(c.present.version.terms, h, p.now).WantsSlot
}

package store

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/payment"
)

// cardOf is a user's card.
type cardOf struct {
	card string // hashed
	user int64
}

func compareCards(a, b cardOf) int {
	return cmp.Or(cmp.Compare(a.card, b.card), cmp.Compare(a.user, b.user))
}

// cardChanges are what the batch changed of who paid with which card: those seen, and when; and those that may not have
// been after all.
type cardChanges struct {
	seen map[cardOf]time.Time
	lost map[cardOf]bool
}

// noteCards compares a payment as it was, and those that turned out to be it, with what it is now.
func (t *txn) noteCards(p *paymentState, derived payment.Payment, b *books) {
	now := cardOf{derived.Card, t.names.user[derived.UserID]}
	paid := derived.Paid.At
	before := []*db.Payment{p.row}
	for _, id := range p.merged {
		other := b.rows[id]
		before = append(before, &other)
	}
	known := false
	for _, r := range before {
		if r == nil || len(r.Card) == 0 || r.UserID == nil || r.PaidAt == nil {
			continue
		}
		was := cardOf{string(r.Card), *r.UserID}
		switch {
		case was != now || paid.After(*r.PaidAt):
			t.cards.lost[was] = true
		case paid.Equal(*r.PaidAt):
			known = true
		}
	}
	if known || now.card == "" || now.user == 0 || paid.IsZero() {
		return
	}
	if at, ok := t.cards.seen[now]; !ok || paid.Before(at) {
		t.cards.seen[now] = paid
	}
}

// recordCards keeps for each user the cards they paid with, and since when. Users are locked, and so are their cards.
func (t *txn) recordCards() error {
	if len(t.cards.seen)+len(t.cards.lost) == 0 {
		return nil
	}
	var seen db.SeeCardsParams
	for _, c := range slices.SortedFunc(maps.Keys(t.cards.seen), compareCards) {
		seen.Key = append(seen.Key, []byte(c.card))
		seen.UserID = append(seen.UserID, c.user)
		seen.SeenAt = append(seen.SeenAt, t.cards.seen[c])
	}
	var lost db.LookForCardsParams
	for _, c := range slices.SortedFunc(maps.Keys(t.cards.lost), compareCards) {
		lost.Key = append(lost.Key, []byte(c.card))
		lost.UserID = append(lost.UserID, c.user)
	}
	watched := t.terms.watched()
	note := func(user int64, card []byte) {
		if watched.card {
			t.carded[user] = append(t.carded[user], string(card))
		}
	}
	return t.together(
		ask(seen.UserID, func(q *db.Queries, _ []int64) error {
			rows, err := q.SeeCards(t.ctx, seen)
			for _, r := range rows {
				note(r.UserID, r.Key)
			}
			return err
		}),
		ask(lost.UserID, func(q *db.Queries, _ []int64) error {
			rows, err := q.LookForCards(t.ctx, lost)
			for _, r := range rows {
				note(r.UserID, r.Key)
			}
			return err
		}),
		ask(lost.UserID, func(q *db.Queries, _ []int64) error {
			rows, err := q.ForgetCards(t.ctx, db.ForgetCardsParams(lost))
			for _, r := range rows {
				note(r.UserID, r.Key)
			}
			return err
		}),
	)
}

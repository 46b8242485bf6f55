package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/payment"
)

// What can not be placed yet is kept, and placed when the missing tie comes, however late.

// UnplacedKind is what sort of fact waits for another one.
type UnplacedKind string

// The kinds, in the order in which they are listed.
const (
	UnplacedPayment     UnplacedKind = "payment"     // paid, by nobody who is known
	UnplacedRefund      UnplacedKind = "refund"      // of a purchase that nobody has told of
	UnplacedDispute     UnplacedKind = "dispute"     // of a purchase that nobody has told of
	UnplacedSignUp      UnplacedKind = "sign_up"     // with a code that nobody has
	UnplacedAttribution UnplacedKind = "attribution" // by hand, to a code that nobody has
)

// UnplacedKinds are all of them, in their order.
func UnplacedKinds() []UnplacedKind {
	return []UnplacedKind{UnplacedPayment, UnplacedRefund, UnplacedDispute, UnplacedSignUp, UnplacedAttribution}
}

// Unplaced is one thing that waits.
type Unplaced struct {
	Kind     UnplacedKind
	Since    time.Time    // of the payment, the earliest refund or dispute, the sign-up, the attribution; zero when it is not known
	Objects  []string     // the keys of Stripe's objects, sorted; none for people
	Customer string       // the key of the Stripe customer; empty for none
	Amount   money.Amount // of a payment; of a refund or dispute what went back, in a currency that is not known
	Disputed payment.Disputed
	UserID   string // of a sign-up or an attribution; empty for somebody who was erased
	Code     string // that nobody has
}

// UnplacedPage asks for what waits, of one kind or of all in their order.
type UnplacedPage struct {
	Kind  UnplacedKind // empty for all
	After string       // what the page before ended with; empty for the first
	Limit int
}

// ErrBadCursor says that no page ends with what was given.
var ErrBadCursor = errors.New("store: the cursor is none that a page before ended with")

// Unplaced lists what can not be placed, at one moment, and returns where the next page begins: empty after the last.
// Error: ErrBadCursor.
func (s *Database) Unplaced(ctx context.Context, p UnplacedPage) (list []Unplaced, next string, err error) {
	kinds := UnplacedKinds()
	if p.Kind != "" {
		kinds = []UnplacedKind{p.Kind}
	}
	from, place, _ := strings.Cut(p.After, ":")
	if p.After != "" {
		at := slices.Index(kinds, UnplacedKind(from))
		if at < 0 {
			return nil, "", ErrBadCursor
		}
		kinds = kinds[at:]
	}
	err = s.oneMoment(ctx, func(q *db.Queries) error {
		for _, kind := range kinds {
			l := &unplacedList{q: q, kind: kind, after: place, most: int32(p.Limit - len(list) + 1)}
			place = ""
			found, places, err := l.read(ctx)
			if err != nil {
				return err
			}
			list = append(list, found...)
			if room := p.Limit - (len(list) - len(found)); len(found) > room {
				list = list[:p.Limit]
				next = string(kind) + ":"
				if room > 0 {
					next += places[room-1]
				}
				return nil
			}
		}
		return nil
	})
	return list, next, explainSchema(err)
}

// unplacedList reads one kind.
type unplacedList struct {
	q     *db.Queries
	kind  UnplacedKind
	after string // the place of the last one before; empty for none
	most  int32
}

// read returns what waits, and the place of each.
func (l *unplacedList) read(ctx context.Context) (list []Unplaced, places []string, err error) {
	switch l.kind {
	case UnplacedSignUp:
		return l.signUps(ctx)
	case UnplacedAttribution:
		rows, err := l.q.ListWaitingAttributions(ctx, db.ListWaitingAttributionsParams{AfterKey: l.after, Most: l.most})
		for _, r := range rows {
			list = append(list, Unplaced{Kind: l.kind, Since: r.At.UTC(), UserID: r.ExternalID, Code: r.Code})
			places = append(places, r.EventKey)
		}
		return list, places, err
	case UnplacedPayment, UnplacedRefund, UnplacedDispute:
	}
	after, err := numbers(l.after, 1)
	if err != nil {
		return nil, nil, err
	}
	var rows []db.Payment
	if l.kind == UnplacedPayment {
		rows, err = l.q.ListPaymentsWithoutUser(ctx, db.ListPaymentsWithoutUserParams{AfterID: after[0], Most: l.most})
	} else {
		rows, err = l.q.ListPaymentsWithoutPurchase(ctx, db.ListPaymentsWithoutPurchaseParams{
			AfterID: after[0], Most: l.most, Refunds: l.kind == UnplacedRefund, Disputes: l.kind == UnplacedDispute,
		})
	}
	if err != nil || len(rows) == 0 {
		return nil, nil, err
	}
	return l.payments(ctx, rows)
}

func (l *unplacedList) signUps(ctx context.Context) (list []Unplaced, places []string, err error) {
	after, err := numbers(l.after, 2)
	if err != nil {
		return nil, nil, err
	}
	rows, err := l.q.ListWaitingSignUps(ctx, db.ListWaitingSignUpsParams{AfterCode: after[0], AfterUser: after[1], Most: l.most})
	for _, r := range rows {
		list = append(list, Unplaced{Kind: l.kind, Since: r.RegisteredAt.UTC(), UserID: r.ExternalID, Code: r.Code})
		places = append(places, fmt.Sprintf("%d:%d", r.CodeID, r.UserID))
	}
	return list, places, err
}

// payments adds what the objects of payments say.
func (l *unplacedList) payments(ctx context.Context, rows []db.Payment) (list []Unplaced, places []string, err error) {
	known := newNames()
	objects, _, err := witnesses(ctx, l.q, &known, rows)
	if err != nil {
		return nil, nil, err
	}
	for _, r := range rows {
		u := Unplaced{
			Kind: l.kind, Since: derefTime(r.PaidAt), Disputed: payment.Disputed(r.Disputed),
			Amount: money.New(money.Currency(deref(r.Currency)), deref(r.Gross)),
		}
		if l.kind == UnplacedRefund {
			u.Amount = money.New("", r.Refunded)
		}
		for _, o := range objects[r.ID] {
			u.Objects = append(u.Objects, o.Key)
			u.Customer = cmp.Or(u.Customer, o.Evidence.Customer)
			u.add(o.Evidence)
		}
		slices.Sort(u.Objects)
		list = append(list, u)
		places = append(places, strconv.FormatInt(r.ID, 10))
	}
	return list, places, nil
}

// add takes in what an object says of a refund or a dispute without a purchase.
func (u *Unplaced) add(e payment.Evidence) {
	if u.Kind == UnplacedPayment {
		return
	}
	for _, at := range []time.Time{e.Refund.At, e.Dispute.Opened} {
		if !at.IsZero() && (u.Since.IsZero() || at.Before(u.Since)) {
			u.Since = at
		}
	}
	if u.Kind == UnplacedDispute {
		u.Amount = money.New("", max(u.Amount.Minor, e.Dispute.Minor))
	}
}

// numbers reads a place that is made of so many; an empty one is before all.
func numbers(place string, n int) ([]int64, error) {
	all := make([]int64, n)
	if place == "" {
		return all, nil
	}
	parts := strings.Split(place, ":")
	if len(parts) != n {
		return nil, ErrBadCursor
	}
	for i, p := range parts {
		var err error
		if all[i], err = strconv.ParseInt(p, 10, 64); err != nil {
			return nil, ErrBadCursor
		}
	}
	return all, nil
}

// UnplacedMost is how far CountUnplaced counts: what is more is as bad, and a table of guests must not make it slow.
const UnplacedMost = 10_000

// CountUnplaced says how many of each kind wait, up to UnplacedMost; refunds and disputes are counted that far together,
// and of the attributions that many are looked at. It reads by indexes that hold nothing else.
func (s *Database) CountUnplaced(ctx context.Context) (map[UnplacedKind]int, error) {
	row, err := db.New(s.pool).CountUnplaced(ctx, UnplacedMost)
	if err != nil {
		return nil, explainSchema(err)
	}
	return map[UnplacedKind]int{
		UnplacedPayment: int(row.Payments), UnplacedRefund: int(row.Refunds), UnplacedDispute: int(row.Disputes),
		UnplacedSignUp: int(row.SignUps), UnplacedAttribution: int(row.Attributions),
	}, nil
}

// Waiting is what waits for a person, or for the clock.
type Waiting struct {
	Reviews int // referrals that await a decision
	Backlog int // buyers whose earlier purchases have still to be credited
}

// CountWaiting counts it, no further than to UnplacedMost each.
func (s *Database) CountWaiting(ctx context.Context) (Waiting, error) {
	row, err := db.New(s.pool).CountWaiting(ctx, UnplacedMost)
	return Waiting{Reviews: int(row.Reviews), Backlog: int(row.Backlog)}, explainSchema(err)
}

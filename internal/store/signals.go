package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
	"time"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/referral"
)

// watched is what any version of any program's terms looks at. What nobody looks at is not looked for.
type watched struct {
	card, device, email, ip bool
	perIP                   time.Duration // the longest time in which sign-ups from one address are counted
}

func (b *termsBook) watched() (w watched) {
	for _, versions := range b.byProgram {
		for _, v := range versions {
			f := v.terms.Fraud
			w.card = w.card || f.SameCard != ""
			w.device = w.device || f.SameDevice != ""
			w.email = w.email || f.SameEmail != ""
			w.ip = w.ip || f.SameIP != ""
			if f.SignUpsPerIP.Then != "" {
				w.perIP = max(w.perIP, f.SignUpsPerIP.Per)
			}
		}
	}
	return w
}

// surroundings says whether terms look for others who signed up from the same address, or on the same device.
func surroundings(t referral.Terms) bool {
	return t.Fraud.SameDevice != "" || t.Fraud.SignUpsPerIP.Then != ""
}

// traced says whether people are to be found by their address and device: some terms look for them, or are about to.
func (b *termsBook) traced() bool { return b.tracing || b.any(surroundings) }

// movers are the users whose sign-up changed with the batch, in order.
func (t *txn) movers() (users []*user) {
	for _, id := range keysOf(t.users) {
		if u := t.users[id]; u.changed {
			users = append(users, u)
		}
	}
	return users
}

// lockAddresses keeps those who sign up from one address from being judged side by side, each without the other, where the
// terms count them.
func (t *txn) lockAddresses() error {
	if t.terms.watched().perIP == 0 {
		return nil
	}
	var keys []int64
	for _, u := range t.movers() {
		for _, key := range [][]byte{u.ipKey, u.old.ipKey} {
			if len(key) > 0 {
				keys = append(keys, int64(binary.BigEndian.Uint64(key)))
			}
		}
	}
	return t.together(ask(sortedUnique(keys), func(q *db.Queries, keys []int64) error { return q.LockAddresses(t.ctx, keys) }))
}

// findSharers finds those who share something with somebody of whom it has just changed, and the event that concerns them.
func (t *txn) findSharers(related map[int64]string) error {
	w := t.terms.watched()
	note := func(id, by int64) { related[id] = t.touched[by] }
	emails, traits := t.ofReferees(w)
	siblings := t.ofSiblings(w)
	near := t.ofNeighbours(w)
	return t.together(
		ask(emails.ReferrerIds, func(q *db.Queries, _ []int64) error {
			rows, err := q.ListReferees(t.ctx, emails)
			for _, r := range rows {
				note(r.RefereeID, r.ReferrerID)
			}
			return err
		}),
		ask(traits.UserID, func(q *db.Queries, _ []int64) error {
			rows, err := q.ListRefereesByTraits(t.ctx, traits)
			for _, r := range rows {
				note(r.RefereeID, r.UserID)
			}
			return err
		}),
		ask(siblings.UserID, func(q *db.Queries, _ []int64) error {
			rows, err := q.ListSiblings(t.ctx, siblings)
			for _, r := range rows {
				note(r.SiblingID, r.UserID)
			}
			return err
		}),
		ask(near.Since, func(q *db.Queries, _ []time.Time) error {
			ids, err := q.ListNeighbours(t.ctx, near)
			for _, id := range ids {
				note(id, 0)
			}
			return err
		}),
	)
}

// ofReferees asks for the referees of those whose e-mail, IP address, device or cards changed, and who had a code.
func (t *txn) ofReferees(w watched) (emails db.ListRefereesParams, rows db.ListRefereesByTraitsParams) {
	owners := make(map[int64]bool)
	for _, c := range t.codes {
		if c.owner != 0 && !c.claimed {
			owners[c.owner] = true
		}
	}
	add := func(id int64, ip, device []byte, card string) {
		rows.UserID = append(rows.UserID, id)
		rows.Ip = append(rows.Ip, present(ip))
		rows.Device = append(rows.Device, present(device))
		rows.Card = append(rows.Card, present([]byte(card)))
	}
	for _, u := range t.movers() {
		if !owners[u.id] || (u.same(u.old) && u.signUp.at.Equal(u.oldSignUp.at)) {
			continue
		}
		if !bytes.Equal(u.emailKey, u.old.emailKey) {
			emails.ReferrerIds = append(emails.ReferrerIds, u.id)
			emails.EmailKeys = append(emails.EmailKeys, present(u.emailKey), present(u.old.emailKey))
		}
		if w.ip || w.device {
			add(u.id, u.ipKey, u.deviceKey, "")
			add(u.id, u.old.ipKey, u.old.deviceKey, "")
		}
	}
	for _, id := range keysOf(t.carded) {
		for _, card := range t.carded[id] {
			if owners[id] {
				add(id, nil, nil, card)
			}
		}
	}
	return emails, rows
}

// ofSiblings asks for those who came with the same codes as the people of whom something changed.
func (t *txn) ofSiblings(w watched) (rows db.ListSiblingsParams) {
	if !w.device && !w.email && !w.card {
		return rows
	}
	codes := t.codesUsed()
	joined := t.joined()
	add := func(u *user, email, device []byte, card string, cards bool) {
		for _, code := range codes[u.id] {
			rows.UserID = append(rows.UserID, u.id)
			rows.CodeID = append(rows.CodeID, code)
			rows.Email = append(rows.Email, present(email))
			rows.Device = append(rows.Device, present(device))
			rows.Card = append(rows.Card, present([]byte(card)))
			rows.Cards = append(rows.Cards, cards)
		}
	}
	for _, id := range keysOf(t.users) {
		u := t.users[id]
		if comes := joined[id] || t.divided[id]; comes || u.changed {
			add(u, u.emailKey, u.deviceKey, "", w.card && comes)
			add(u, u.old.emailKey, u.old.deviceKey, "", false)
		}
		for _, card := range t.carded[id] {
			add(u, nil, nil, card, false)
		}
	}
	return rows
}

// joined are the people who come with a code by the batch.
func (t *txn) joined() map[int64]bool {
	all := make(map[int64]bool)
	for name := range t.in.signUps {
		all[t.names.user[name]] = true
	}
	for _, a := range t.in.attributions {
		all[t.names.user[a.UserID]] = true
	}
	return all
}

// codesUsed are the codes that people came with, by user: those of their referrals, and those that the batch names.
func (t *txn) codesUsed() map[int64][]int64 {
	codes := make(map[int64][]int64)
	for _, it := range t.items {
		codes[it.RefereeID] = append(codes[it.RefereeID], it.CodeID)
	}
	for name, all := range t.in.signUps {
		for _, s := range all {
			if s.Code != "" {
				codes[t.names.user[name]] = append(codes[t.names.user[name]], t.names.code[s.Code])
			}
		}
	}
	for _, a := range t.in.attributions {
		codes[t.names.user[a.UserID]] = append(codes[t.names.user[a.UserID]], t.names.code[a.Code])
	}
	for id, used := range t.usedCodes {
		codes[id] = append(codes[id], used...)
	}
	for id := range codes {
		codes[id] = sortedUnique(codes[id])
	}
	return codes
}

// ofNeighbours asks for those who signed up from the same addresses a little later, where the terms count them.
func (t *txn) ofNeighbours(w watched) (rows db.ListNeighboursParams) {
	if w.perIP == 0 {
		return rows
	}
	add := func(ip []byte, at time.Time) {
		if len(ip) > 0 && !at.IsZero() {
			rows.Ip = append(rows.Ip, ip)
			rows.Since = append(rows.Since, at)
			rows.Until = append(rows.Until, at.Add(w.perIP))
		}
	}
	for _, u := range t.movers() {
		add(u.ipKey, u.signUp.at)
		add(u.old.ipKey, u.oldSignUp.at)
	}
	return rows
}

// present is a key as a statement takes it: an absent one is null, and equals nothing.
func present(key []byte) []byte {
	if len(key) == 0 {
		return nil
	}
	return key
}

// suspects are the referrals whose terms look at signals.
func suspects(items []*item) (some []*item) {
	for _, it := range items {
		if it.version.terms.Fraud != (referral.FraudTerms{}) {
			some = append(some, it)
		}
	}
	return some
}

// loadSignals reads what ties the referees of referrals to other people, beside what is known of the two sides.
func loadSignals(ctx context.Context, q *db.Queries, items []*item, users map[int64]*user) error {
	rows, err := q.ListSignals(ctx, signalQuestions(items, users))
	for _, r := range rows {
		items[r.N].addSignal(signalKinds[r.Kind], r.At.UTC(), int(r.Count))
	}
	return err
}

// searchSignals does so among people who need not be traced.
func searchSignals(ctx context.Context, q *db.Queries, items []*item, users map[int64]*user) error {
	rows, err := q.ListSignalsOfAll(ctx, db.ListSignalsOfAllParams(signalQuestions(items, users)))
	for _, r := range rows {
		items[r.N].addSignal(signalKinds[r.Kind], r.At.UTC(), int(r.Count))
	}
	return err
}

func signalQuestions(items []*item, users map[int64]*user) (ask db.ListSignalsParams) {
	for i, it := range items {
		u, f := users[it.RefereeID], it.version.terms.Fraud
		it.signals = nil
		ask.N = append(ask.N, int32(i))
		ask.UserID = append(ask.UserID, it.RefereeID)
		ask.ReferrerID = append(ask.ReferrerID, it.ReferrerID)
		ask.CodeID = append(ask.CodeID, it.CodeID)
		ask.Email = append(ask.Email, present(only(f.SameEmail != "", u.emailKey)))
		ask.Device = append(ask.Device, present(only(f.SameDevice != "", u.deviceKey)))
		ask.Cards = append(ask.Cards, f.SameCard != "")
		ask.Ip = append(ask.Ip, present(only(f.SignUpsPerIP.Then != "", u.ipKey)))
		ask.At = append(ask.At, u.signUp.at)
		ask.Since = append(ask.Since, u.signUp.at.Add(-f.SignUpsPerIP.Per))
		ask.Most = append(ask.Most, int32(f.SignUpsPerIP.Max))
	}
	return ask
}

// signalKinds are the kinds as ListSignals numbers them.
var signalKinds = map[int32]referral.SignalKind{
	1: referral.SignalSameDevice, 2: referral.SignalSameEmail, 3: referral.SignalSameCard, 4: referral.SignalSignUpsPerIP,
}

func only(wanted bool, key []byte) []byte {
	if !wanted {
		return nil
	}
	return key
}

// addSignal notes a signal; of several of a kind the earliest counts.
func (it *item) addSignal(kind referral.SignalKind, at time.Time, count int) {
	i := slices.IndexFunc(it.signals, func(s referral.Signal) bool { return s.Kind == kind })
	if i < 0 {
		it.signals = append(it.signals, referral.Signal{Kind: kind, At: at, Count: count})
		return
	}
	if at.Before(it.signals[i].At) {
		it.signals[i].At = at
	}
}

// compareSides notes what the two sides of a referral share, and what is known of the referee alone.
func (it *item) compareSides(referrer, referee *user) {
	if referee.signUp.none() {
		return
	}
	later := referee.signUp.at
	if referrer.signUp.at.After(later) {
		later = referrer.signUp.at
	}
	if len(referee.ipKey) > 0 && bytes.Equal(referee.ipKey, referrer.ipKey) {
		it.addSignal(referral.SignalSameIP, later, 0)
	}
	if len(referee.deviceKey) > 0 && bytes.Equal(referee.deviceKey, referrer.deviceKey) {
		it.addSignal(referral.SignalSameDevice, later, 0)
	}
	if referee.disposable {
		it.addSignal(referral.SignalDisposableEmail, referee.signUp.at, 0)
	}
}

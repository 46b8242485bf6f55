package store

import (
	"testing"
	"time"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/ledger"
	"github.com/plusone-dev/plusone/internal/money"
)

// BenchmarkTally is what a batch of 256 purchases, each of which rewards another referrer, and one of 256 sign-ups add to what
// a transaction does.
func BenchmarkTally(b *testing.B) {
	payment := int64(1)
	rewarded, signedUp := &txn{now: noon, books: newBooks()}, &txn{now: noon, books: newBooks(), users: make(map[int64]*user)}
	for n := range int64(256) {
		was := db.Referral{ID: n, ProgramID: 1, ReferrerID: 1000 + n, RefereeID: 5000 + n, RegisteredAt: noon.Add(-time.Duration(n) * time.Hour), Status: "pending"}
		is := was
		is.Status, is.PaymentID = "rewarded", &payment
		transfer := func(leg string, account int64) ledger.Transfer {
			return ledger.Transfer{Kind: ledger.Granted, Leg: leg, Debit: -1, Credit: ledger.Account(account), Amount: money.New("usd", 1000)}
		}
		rewarded.items = append(rewarded.items, &item{
			Referral: is, was: was, paidAt: noon, post: []ledger.Transfer{transfer("referrer", was.ReferrerID), transfer("referee", was.RefereeID)},
		})
		signedUp.users[n] = &user{id: n, program: 1, signUp: standing{at: noon, code: n}}
		signedUp.items = append(signedUp.items, &item{Referral: was, isNew: true})
	}
	for name, t := range map[string]*txn{"purchases": rewarded, "sign-ups": signedUp} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				t.deltas, t.later = deltas{daily: make(map[dailyKey]int64)}, pipeline{}
				if err := t.saveTallies(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(t.later.batch.QueuedQueries[0].Arguments[0].([]byte))), "bytes/row")
		})
	}
}

// BenchmarkReadTallies is what a fold takes apart of a batch of 256.
func BenchmarkReadTallies(b *testing.B) {
	var rows deltaRows
	for n := range int64(256) {
		rows.Standings.add(memberKey{1000 + n, 1}, standingDelta{pending: -1, rewarded: 1})
		rows.Earnings.add(memberKey{1000 + n, 1}, "usd", 1000)
	}
	kept := rows.write()
	b.ReportAllocs()
	for range b.N {
		var all deltaRows
		if err := all.read(kept); err != nil {
			b.Fatal(err)
		}
	}
}

package store

import (
	"database/sql"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/plusone-dev/plusone/db/migrations"
	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/model"
)

// A payment turns out to be another's, and with it the card that somebody was held for.
func TestASiblingLosesTheCard(t *testing.T) {
	paid := session(1, "bob", usd(1000), hour)
	s := sequence{
		terms: review("same_card"),
		events: []fact.Event{
			registered("bob", "C-ALICE", noon), registered("carol", "C-ALICE", noon), registered("dave", "", noon), // 1 2 3
			paid, paidBy(1, "card_1", hour), // 4 5
			guest(2, "cus_1", usd(100), hour), paidBy(2, "card_1", hour), // 6 7
			tie("cus_1", "carol", hour),                  // 8
			tie("cus_1", "dave", hour.Add(-time.Minute)), // 9
		},
	}
	t.Run("the earlier tie first", func(t *testing.T) { told(t, s, []int{0}, []int{1, 2, 3, 9, 8}, []int{4, 5, 6, 7}) })
	t.Run("the earlier tie last", func(t *testing.T) { told(t, s, []int{0}, []int{1, 2, 3}, []int{4, 5, 6, 7, 8}, []int{9}) })
}

// Somebody turns out to be two people, of whom the one with the device did not come with the code.
func TestASiblingTurnsOutToBeTwo(t *testing.T) {
	s := sequence{
		terms: review("same_device"),
		events: []fact.Event{
			from(registered("dave", "", noon), "", "device-1"),                         // 1: the first dave
			from(registered("dave", "C-ALICE", noon.Add(2*time.Hour)), "", "device-2"), // 2: the second
			from(registered("bob", "C-ALICE", noon), "", "device-1"),                   // 3
			session(1, "bob", usd(1000), hour),                                         // 4
			erased("dave", noon.Add(time.Hour)),                                        // 5
		},
	}
	t.Run("erased first", func(t *testing.T) { told(t, s, []int{0}, []int{5}, []int{1, 2, 3, 4}) })
	t.Run("erased last", func(t *testing.T) { told(t, s, []int{0}, []int{1, 2, 3, 4}, []int{5}) })
}

// A customer was somebody's before another named them as their own. When the first was erased, and when that was heard of,
// does not matter: not by the least that may be between two claims. Of one moment it may, for the smaller id counts, and of
// the erased no id is known.
func TestACustomerWasFirstSomebodyErasedSince(t *testing.T) {
	for name, between := range map[string]time.Duration{"the erased first": -time.Microsecond, "the erased second": time.Microsecond} {
		carol := registered("carol", "C-ALICE", noon)
		carol.SignUp.Customer = "cus_1"
		s := sequence{events: []fact.Event{
			carol, guest(1, "cus_1", usd(1000), noon.Add(-day)), // 1 2
			tie("cus_1", "dave", noon.Add(between)), // 3
			erased("dave", hour),                    // 4
		}}
		t.Run(name+", erased last", func(t *testing.T) { told(t, s, []int{0}, []int{1, 2, 3}, []int{4}) })
		t.Run(name+", erased first", func(t *testing.T) { told(t, s, []int{0}, []int{4}, []int{1, 2, 3}) })
		t.Run(name+", erased between", func(t *testing.T) { told(t, s, []int{0}, []int{2, 3}, []int{1, 4}) })
	}
}

// Whoever comes after the erased person keeps their own name.
func TestTheNextPersonKeepsTheirName(t *testing.T) {
	w := newWorld(t, "")
	w.now = noon.Add(day)
	w.apply(registered("bob", "", noon), registered("bob", "", noon.Add(2*time.Hour)))
	w.apply(erased("bob", noon.Add(time.Hour)))
	var email, username *string
	if err := w.pool.QueryRow(w.ctx, "select email, username from users where external_id = 'bob'").Scan(&email, &username); err != nil {
		t.Fatal(err)
	}
	if email == nil || username == nil {
		t.Errorf("the second bob has lost their address (%q) and name (%q)", deref(email), deref(username))
	}
	w.lawful()
}

// Down to the third migration and up again: the ledger has to add up all the way.
func TestMigrationDownAndUp(t *testing.T) {
	w := newWorld(t, yamlOf("default", usual(func(t *model.Terms) { t.CreditPurchases = true })))
	w.now = noon.Add(day)
	w.apply(registered("alice", "", noon), registered("bob", "C-ALICE", noon), session(1, "bob", usd(1000), hour))
	w.apply(registered("carol", "C-ALICE", noon), session(2, "carol", usd(1000), hour), erased("carol", hour))
	e := registered("dave", "", noon)
	e.SignUp.EmailVerified = true
	w.apply(e)
	w.redeem(spending("k1", "alice", usd(300)))
	if _, _, err := w.api.Reverse(w.ctx, w.redeem(spending("k2", "bob", usd(200))).ID, "", "desk"); err != nil {
		t.Fatal(err)
	}
	w.lawful()
	cfg := w.pool.Config().ConnConfig
	conn := stdlib.OpenDB(*cfg)
	defer conn.Close()
	steps, err := goose.NewProvider(goose.DialectPostgres, conn, migrations.FS)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := steps.DownTo(w.ctx, 3); err != nil {
		t.Fatal(err)
	}
	var off int64
	if err := conn.QueryRow(`select coalesce(sum(abs(b.minor - m.minor)), 0)::bigint from balances b join lateral (
		select coalesce(sum(case when t.credit = b.user_id then t.minor else -t.minor end), 0) as minor from transfers t
		where b.user_id in (t.credit, t.debit) and t.currency = b.currency) m on true`).Scan(&off); err != nil {
		t.Fatal(err)
	}
	if off != 0 {
		t.Errorf("at 3 the balances are %d more than the transfers", off)
	}
	var verifiedThen sql.NullBool
	if err := conn.QueryRow("select email_verified from users where external_id = 'dave'").Scan(&verifiedThen); err != nil {
		t.Fatal(err)
	}
	if _, err := steps.Up(w.ctx); err != nil {
		t.Fatal(err)
	}
	var still bool
	if err := conn.QueryRow("select verified_at is not null from users where external_id = 'dave'").Scan(&still); err != nil {
		t.Fatal(err)
	}
	if verifiedThen.Bool && !still {
		t.Errorf("whose address was verified at 3 is not verified at 5")
	}
	counts, err := w.tools.Counts(w.ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range counts {
		if c.Broken > 0 {
			t.Errorf("after down and up the law %s is broken %d times: %s", c.Check, c.Broken, c.Example)
		}
	}
}

// What the audit does not notice.
func TestTheAuditNotices(t *testing.T) {
	for name, harm := range map[string]string{
		"a card that nobody paid with":             "insert into cards (key, user_id, seen_at) select 'x', id, now() from users limit 1",
		"a card of nobody":                         "insert into cards (key, user_id, seen_at) values ('x', 4711, now())",
		"a card that was forgotten":                "delete from cards",
		"an erased person with an id":              "update users set external_id = 'carol' where erased_at is not null",
		"an erased person with an address":         "update users set email = 'carol@example.com' where erased_at is not null",
		"an erased person without a tombstone":     "delete from tombstones",
		"a tombstone of somebody not erased":       "update users set erased_at = null",
		"a decision about nobody":                  "insert into decisions values ('x', 4711, 1, 'rejected', now(), 'ann', 'why')",
		"an attribution to a code that is not":     "insert into attributions values ('x', 1, 4711, now(), 'ann', 'why')",
		"a sign-up with a code that is not":        "insert into sign_ups values (1, 4711, now(), 'x', false)",
		"a customer of nobody":                     "update customers set user_id = 4711",
		"a referral by hand that is dated wrongly": "update referrals set registered_at = registered_at + interval '1 day', window_ends = window_ends + interval '1 day' where code_id = (select id from codes where code = 'C-DAVE')",
		"a merged payment that is credited":        "update payments set credits = 3 where merged_into is not null",
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "")
			w.now = noon.Add(day)
			w.apply(registered("alice", "", noon), registered("bob", "C-ALICE", noon), session(1, "bob", usd(1000), hour), paidBy(1, "card_1", hour))
			w.apply(registered("carol", "C-ALICE", noon), registered("dave", "", noon), attributed("bob", "C-DAVE", hour), guest(3, "cus_1", usd(1), hour), tie("cus_1", "bob", hour))
			w.apply(erased("carol", hour))
			w.apply(invoice(7, usd(10), hour), charge(8, 0, hour))
			w.apply(stripe("evt_m", hour, invoice(7, usd(10), hour).Sighting.Reports[0], "ch_8"))
			w.lawful()
			tag, err := w.pool.Exec(w.ctx, harm)
			if err != nil || tag.RowsAffected() == 0 {
				t.Fatal(tag, err)
			}
			found := 0
			counts, err := w.tools.Counts(w.ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range counts {
				found += int(c.Broken)
			}
			if err := w.tools.Verify(w.ctx, 100, func(Finding) { found++ }, func(int) {}); err != nil {
				t.Fatal(err)
			}
			if found == 0 {
				t.Error("the audit finds nothing")
			}
		})
	}
}

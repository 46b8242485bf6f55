package audit

import (
	"slices"
	"strings"
	"testing"
)

// paidFor are the numbers of somebody's payments, the refunded one first.
func paidFor(buyer string) string {
	return "(select id from payments where user_id = " + user(buyer) + " order by refunded desc, id limit 1)"
}

// The ledger's other half is changed as the first one is.
const (
	disarmCredits = "alter table credits disable trigger all; "
	rearmCredits  = "alter table credits enable always trigger credits_append_only"
)

var tamperingWithCredits = []struct{ name, sql, check string }{
	{"a credit raised", disarmCredits + "update credits set minor = minor + 1 where credit = " + user("bob"), "balances"},
	{"a credit raised with its balance", disarmCredits + "update credits set minor = minor + 1 where credit = " + user("bob") +
		"; update balances set minor = minor + 1 where user_id = " + user("bob"), "settlement"},
	{"a credit to nobody", disarmCredits + "update credits set credit = 4711 where credit = " + user("bob"), "accounts"},
	{"a credit from no program", disarmCredits + "update credits set debit = -4711 where credit = " + user("bob"), "accounts"},
	{"a credit from the account of rewards", disarmCredits + "update credits set debit = (select account from program_accounts where name = 'rewards') where credit = " +
		user("bob"), "accounts"},
	{"a credit that is said to be a debit", disarmCredits + "update credits set kind = 'debited' where credit = " + user("bob"), "accounts"},
	{"a credit to somebody else", disarmCredits + "update credits set credit = " + user("carol") + " where credit = " + user("bob"), "settlement"},
	{"a credit deleted", disarmCredits + "delete from credits where credit = " + user("bob"), "settlement"},
	{"credits that cancelled each other deleted", disarmCredits + "delete from credits where payment_id = " + paidFor("dave"), "settlement"},
	{"a credit of no payment", disarmCredits + "insert into credits select 4711, n, kind, debit, credit, currency, minor, at, cause from credits limit 1", "references"},
	{"a credit more counted", "update payments set credits = credits + 1 where user_id = " + user("bob"), "settlement"},
	{"the trigger of credits disabled", "alter table credits disable trigger credits_append_only", "append_only"},
	{"a buyer's sign-up forgotten", "update users set registered_at = null where external_id = 'bob'", "settlement"},
	{"a buyer who does not exist is behind", "insert into credit_backlog (user_id, since, paid_at, key) values (4711, '2026-03-01', now(), '')", "references"},
	{"what is owed hidden behind a backlog", disarmCredits + "delete from credits where credit = " + user("bob") +
		"; update payments set credits = 0 where user_id = " + user("bob") +
		"; update balances set minor = minor - 1000 where user_id = " + user("bob") +
		"; insert into credit_backlog (user_id, since, paid_at, key) values (" + user("bob") + ", '2026-02-28', '2000-01-01', '')", "settlement"},
}

func TestTamperingWithCredits(t *testing.T) {
	const crediting = terms + "credit_purchases: true\n"
	w := newWorldUnder(t, crediting)
	if names, r := w.broken(); len(names) > 0 {
		t.Fatalf("broken: %v\n%+v", names, r)
	}
	for _, tt := range tamperingWithCredits {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorldUnder(t, crediting)
			if tag, err := w.pool.Exec(t.Context(), tt.sql); err != nil {
				t.Fatal(err)
			} else if tag.RowsAffected() == 0 && !strings.Contains(tt.sql, "trigger") {
				t.Fatal("nothing was changed")
			}
			if strings.HasPrefix(tt.sql, disarmCredits) {
				if _, err := w.pool.Exec(t.Context(), rearmCredits); err != nil {
					t.Fatal(err)
				}
			}
			if names, r := w.broken(); !slices.Contains(names, tt.check) {
				t.Errorf("%s found nothing; these did: %v\n%+v", tt.check, names, r.Lines)
			}
		})
	}
}

package audit

import (
	"slices"
	"strings"
	"testing"

	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/testkit"
)

// spending is a world in which Bob spent 4.00 usd and 2.00 usd, and got the second back.
func spending(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	api := at(t, open(t, testkit.As(t, w.pool.Config().ConnString(), "plusone_api")), noon)
	for key, minor := range map[string]int64{"k1": 400, "k2": 200} {
		r, _, err := api.Redeem(t.Context(), store.Spending{Key: key, UserID: "bob", Amount: money.New("usd", minor), By: "checkout"})
		if err == nil && key == "k2" {
			_, _, err = api.Reverse(t.Context(), r.ID, "", "desk")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return w
}

const (
	disarmRedemptions = "alter table redemptions disable trigger all; "
	rearmRedemptions  = "alter table redemptions enable always trigger redemptions_append_only"
)

var tamperingWithRedemptions = []struct{ name, sql, check string }{
	{"a redemption lowered", "update redemptions set minor = minor - 1 where key = 'k1'", "balances"},
	{"a redemption lowered with its balance", "update redemptions set minor = minor - 1 where key = 'k2'; update balances set minor = minor + 1 where user_id = " +
		user("bob"), "accounts"}, // what it was reversed by is more
	{"a redemption deleted", "delete from redemptions where key = 'k1'", "balances"},
	{"a redeemed redemption deleted whose reversal stays", "delete from redemptions where key = 'k2'; update balances set minor = minor + 200 where user_id = " +
		user("bob"), "accounts"},
	{"a balance as if nothing had been spent", "update balances set minor = minor + 400 where user_id = " + user("bob"), "balances"},
	{"a redemption of somebody else", "update redemptions set user_id = " + user("carol") + ", debit = " + user("carol") + " where key = 'k1'", "balances"},
	{"a redemption of nobody", "update redemptions set user_id = 4711, debit = 4711 where key = 'k1'", "accounts"},
	{"a redemption to no program", "update redemptions set credit = -4711 where key = 'k1'", "accounts"},
	{"a redemption to the account of rewards", "update redemptions set credit = (select account from program_accounts where name = 'rewards') where key = 'k1'", "accounts"},
	{"a redemption that gives", "update redemptions set debit = credit, credit = debit where key = 'k1'", "accounts"},
	{"a reversal of more", "update redemptions set minor = minor + 1 where reverses is not null", "accounts"},
	{"a reversal of a reversal", "insert into redemptions (kind, reverses, user_id, debit, credit, currency, minor, made_by, at) " +
		"select 'reversed', id, user_id, debit, credit, currency, minor, made_by, at from redemptions where reverses is not null; update balances set minor = minor + 200 where user_id = " +
		user("bob"), "accounts"},
	{"another currency", "update redemptions set currency = 'eur' where key = 'k1'", "balances"},
	{"the trigger of redemptions disabled", "alter table redemptions disable trigger redemptions_append_only", "append_only"},
	{"the trigger of redemptions for some sessions only", "alter table redemptions enable trigger redemptions_append_only", "append_only"},
}

func TestTamperingWithRedemptions(t *testing.T) {
	w := spending(t)
	if names, r := w.broken(); len(names) > 0 {
		t.Fatalf("broken: %v\n%+v", names, r)
	}
	for _, tt := range tamperingWithRedemptions {
		t.Run(tt.name, func(t *testing.T) {
			w := spending(t)
			if strings.Contains(tt.sql, "trigger") {
				w.exec(tt.sql)
			} else {
				tag, err := w.pool.Exec(t.Context(), disarmRedemptions+tt.sql)
				if err != nil || tag.RowsAffected() == 0 {
					t.Fatalf("%d rows were changed, %v", tag.RowsAffected(), err)
				}
				w.exec(rearmRedemptions)
			}
			if names, r := w.broken(); !slices.Contains(names, tt.check) {
				t.Errorf("%s found nothing; these did: %v\n%+v", tt.check, names, r.Lines)
			}
		})
	}
}

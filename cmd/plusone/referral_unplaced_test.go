package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/testkit"
)

// waiting is a database in which one of each kind waits.
func waiting(t *testing.T) (tools string) {
	t.Helper()
	dsn := testkit.Database(t)
	for _, sql := range []string{
		"insert into users (id, external_id, registered_at, sign_up_event) values (1, 'bob', now(), 'x')",
		"insert into codes (id, code) values (1, 'C-NOBODY')",
		"insert into sign_ups values (1, 1, '2026-03-01T12:00:00Z', 'x', true)",
		"insert into attributions values ('a', 1, 1, '2026-03-01T12:30:00Z', 'sam', 'they said so')",
		"insert into customers (id, key) values (1, 'test:cus_1')",
		"insert into payments (id, key, named, currency, gross, paid_at, customer_id) values (1, 'test:cs_1', false, 'jpy', 1000, '2026-03-01T13:00:00Z', 1)",
		"insert into payments (id, key, named, currency, gross, paid_at) values (2, 'test:cs_2', false, 'usd', 1000, '2026-03-01T13:00:00Z')",
		"insert into payments (id, key, named, refunded) values (3, 'test:ch_3', false, 700)",
		"insert into payments (id, key, named, disputed) values (4, 'test:ch_4', false, 1)",
		"insert into objects (key, payment_id, kind, customer_id) values ('test:cs_1', 1, 1, 1)",
		"insert into objects (key, payment_id, kind) values ('test:cs_2', 2, 1), ('test:ch_3', 3, 3)",
		"insert into objects (key, payment_id, kind, dispute_minor, dispute_status, dispute_at, dispute_opened) values ('test:dp_4', 4, 6, 900, 5, now(), '2026-03-01T14:00:00Z')",
	} {
		execute(t, dsn, sql)
	}
	return testkit.As(t, dsn, "plusone_tools")
}

func TestReferralUnplaced(t *testing.T) {
	dsn := waiting(t)
	code, out, errs := invoke(t, "referral", "unplaced", "--database-url", dsn)
	if code != 0 {
		t.Fatalf("it ended with %d and %s", code, errs)
	}
	mustSay(t, out, "payment: 2, refund: 1, dispute: 1, sign_up: 1, attribution: 1",
		"1000 jpy", "test:cs_1", "whose customer cus_1 is", "10.00 usd", "no object names a user",
		"700 minor units", "900 minor units", "2026-03-01T14:00:00Z", "the purchase:", "bob", "somebody whose code is C-NOBODY")
	mustNotSay(t, out, "\x1b[", "╭", "--cursor")

	var all []string
	for cursor := ""; ; {
		code, out, errs := invoke(t, "referral", "unplaced", "--json", "--limit", "2", "--cursor", cursor, "--database-url", dsn)
		var list unplacedList
		if err := json.Unmarshal([]byte(out), &list); err != nil || code != 0 || len(list.Unplaced) != 2 || list.CountedTo != store.UnplacedMost {
			t.Fatalf("%v: it ended with %d and %s%s", err, code, out, errs)
		}
		for _, u := range list.Unplaced {
			all = append(all, string(u.Kind))
		}
		if list.Next == nil {
			break
		}
		cursor = *list.Next
	}
	if got := strings.Join(all, ","); got != "payment,payment,refund,dispute,sign_up,attribution" {
		t.Errorf("the pages have %s", got)
	}
	_, out, _ = invoke(t, "referral", "unplaced", "--kind", "dispute", "--database-url", dsn)
	mustSay(t, out, "test:dp_4")
	mustNotSay(t, out, "test:cs_1", "bob")
	_, out, _ = invoke(t, "referral", "unplaced", "--limit", "1", "--database-url", dsn)
	mustSay(t, out, "There are more: --cursor 'payment:1'")
}

func TestReferralUnplacedOfNothing(t *testing.T) {
	dsn := testkit.As(t, testkit.Database(t), "plusone_tools")
	code, out, errs := invoke(t, "referral", "unplaced", "--database-url", dsn)
	if code != 0 {
		t.Errorf("it ended with %d and %s", code, errs)
	}
	mustSay(t, out, "Nothing waits.")
	for _, wrong := range [][]string{{"--limit", "0"}, {"--limit", "10001"}, {"--cursor", "x"}, {"--kind", "guest"}, {"--kind", "refund", "--cursor", "payment:1"}} {
		code, _, errs := invoke(t, append([]string{"referral", "unplaced", "--database-url", dsn}, wrong...)...)
		if code != exitUsage || !strings.Contains(errs, wrong[0]) {
			t.Errorf("%v ended with %d and %s", wrong, code, errs)
		}
	}
}

package main

import (
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/plusone-dev/plusone/internal/testkit"
)

func TestMigrate(t *testing.T) {
	dsn := testkit.Database(t)
	execute(t, dsn, "drop schema public cascade; create schema public")
	if code, _, errs := invoke(t, "audit", "--database-url", dsn); code != exitFailed {
		t.Errorf("the audit of an empty database ended with %d and %s", code, errs)
	}
	var wait sync.WaitGroup
	for range 3 { // as a rollout of three would
		wait.Go(func() {
			if code, _, errs := invoke(t, "migrate", "--database-url", dsn); code != 0 {
				t.Errorf("it ended with %d and %s", code, errs)
			}
		})
	}
	wait.Wait()
	code, out, errs := invoke(t, "migrate", "--database-url", dsn)
	if code != 0 || out != "the schema is up to date\n" {
		t.Errorf("it ended with %d and %q, %s", code, out, errs)
	}
	dsn = testkit.As(t, dsn, "plusone_tools")
	code, out, errs = invoke(t, "program", "show", "--database-url", dsn)
	if code != 0 || !strings.HasPrefix(out, "# version 1, for sign-ups from ") {
		t.Errorf("it ended with %d and %q, %s", code, out, errs)
	}
	if code, _, errs := invoke(t, "audit", "--database-url", dsn); code != 0 {
		t.Errorf("the audit ended with %d and %s", code, errs)
	}
}

const ownTerms = `# Ours.
name: default
codes: {length: 6, max_uses: 3}
qualify:
  minimum: {usd: "20.00", jpy: "2000"}
hold: 14d
rewards:
  - {to: referrer, fixed: {usd: "7.50", jpy: "800"}}
`

func TestProgramApplyAndShow(t *testing.T) {
	dsn := testkit.As(t, testkit.Database(t), "plusone_tools")
	file := write(t, "own.yaml", ownTerms)
	for _, c := range []struct{ args, says string }{
		{"apply -f " + file, `version 2 of the program "default" is in force, for sign-ups from 2`},
		{"apply -f " + file, `version 2 of the program "default" is in force already`},
		{"show", "# version 2, for sign-ups from 2"},
		{"show default", ownTerms},
	} {
		code, out, errs := invoke(t, strings.Fields("program "+c.args+" --database-url "+dsn)...)
		if code != 0 {
			t.Errorf("%s ended with %d and %s", c.args, code, errs)
		}
		mustSay(t, out, c.says)
	}
	_, shown, _ := invoke(t, "program", "show", "--database-url", dsn)
	code, out, errs := invoke(t, "program", "apply", "-f", write(t, "shown.yaml", shown), "--database-url", dsn)
	if code != 0 {
		t.Errorf("what was shown can not be applied: %d %s", code, errs)
	}
	mustSay(t, out, "is in force already")
	code, _, errs = invoke(t, "program", "show", "other", "--database-url", dsn)
	if code != exitFailed {
		t.Errorf("it ended with %d", code)
	}
	mustSay(t, errs, `no program named "other"`)
}

func TestABadProgramIsRefusedLineByLine(t *testing.T) {
	dsn := testkit.Database(t)
	file := write(t, "bad.yaml", "name: default\nhold: 3 weeks\nfoo: 1\nqualify:\n  minimum: {usd: ten}\ncredit_purchases: maybe\n")
	code, out, errs := invoke(t, "program", "apply", "-f", file, "--database-url", dsn)
	if code != exitFailed || out != "" {
		t.Errorf("it ended with %d and %q", code, out)
	}
	mustSay(t, errs, file+":2:", file+":3:", file+":5:", file+":6:", "must be true or false")
	if got := query[int](t, dsn, "select count(*)::int from terms"); got[0] != 1 {
		t.Errorf("%d versions, want the first alone", got[0])
	}
}

// TestAuditSaysWhichLawIsBroken tampers with a database in one way after the other.
func TestAuditSaysWhichLawIsBroken(t *testing.T) {
	s := newSettled(t)
	audit := func(t *testing.T, want int) string {
		t.Helper()
		code, out, errs := invoke(t, "audit", "--database-url", testkit.As(t, s.dsn, "plusone_tools"))
		if code != want {
			t.Errorf("it ended with %d, want %d, and said %s%s", code, want, out, errs)
		}
		return out
	}
	audit(t, 0)
	for _, c := range []struct{ name, tamper, mend, law, example string }{
		{"a balance", "update balances set minor = minor + 1", "update balances set minor = minor - 1", "Law 4, Double entry.", "balance "},
		{"a status", "update referrals set status = 'pending' where status = 'rewarded'", "update referrals set status = 'rewarded' where status = 'pending'", "Law 8, The log replays.", "stored is pending"},
		{"a verdict", "update referrals set status = 'pending' where status = 'rewarded'", "update referrals set status = 'rewarded' where status = 'pending'", "Law 1, Convergence.", "but its facts amount to rewarded"},
		{"a payment", "update payments set refunded = gross", "update payments set refunded = 0", "Law 1, Convergence.", "its objects amount to"},
		{"what is owed", "update objects set gross = 1 where gross = 1000; update payments set gross = 1", "update objects set gross = 1000 where gross = 1; update payments set gross = 1000", "Law 3, Full settlement.", "still to post"},
		{"undue", "update objects set gross = 1 where gross = 1000; update payments set gross = 1", "update objects set gross = 1000 where gross = 1; update payments set gross = 1000", "Law 2, No undue reward.", "rests on nothing that qualifies"},
		{"a place", "update codes set granted = granted + 1 where granted = 1", "update codes set granted = 1 where granted = 2", "Law 5, The cap holds.", "2 granted, 1 taken"},
		{"a lost row", "insert into balances values (4711, 'usd', 0)", "delete from balances where user_id = 4711", "Law 7, Nothing lost.", "balance 4711"},
		{"an untrue word", `insert into outbox (count, events) values (1, '[{"id":"transition-4711-1"}]')`, "delete from outbox", "Law 9, Told once each.", "transition-4711-1"},
		{"a switched-off guard", "alter table transfers disable trigger user", "alter table transfers enable always trigger transfers_append_only", "Law 4, Double entry.", "transfers_append_only"},
	} {
		t.Run(c.name, func(t *testing.T) {
			execute(t, s.dsn, c.tamper)
			out := audit(t, 1)
			said := regexp.MustCompile(regexp.QuoteMeta(c.law) + `.*\n.* Not so \d+ times, such as:\n.*` + regexp.QuoteMeta(c.example))
			if !said.MatchString(out) {
				t.Errorf("it does not say that %q is broken, with %q:\n%s", c.law, c.example, out)
			}
			mustNotSay(t, out, "Every law holds")
			execute(t, s.dsn, c.mend)
			audit(t, 0)
		})
	}
	t.Run("the ledger itself", func(t *testing.T) {
		for _, sql := range []string{"update transfers set minor = 1", "delete from transfers", "truncate transitions", "delete from transitions"} {
			if err := tryExecute(t, s.dsn, sql); err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s: %v", sql, err)
			}
		}
	})
}

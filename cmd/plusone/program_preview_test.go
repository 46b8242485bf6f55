package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/plusone-dev/plusone/internal/testkit"
)

const largerMinimum = `name: default
codes: {length: 8, max_uses: 10}
qualify:
  minimum: {usd: "2000.00"}
rewards:
  - {to: referrer, percent: "20"}
`

// TestProgramPreview asks a business that has been at work what larger purchases would have meant.
func TestProgramPreview(t *testing.T) {
	s := newSettled(t)
	dsn := testkit.As(t, s.dsn, "plusone_tools")
	file := write(t, "larger.yaml", largerMinimum)
	rewarded := query[int64](t, s.dsn, "select count(*) from referrals where status = 'rewarded'")[0]
	referrals := query[int64](t, s.dsn, "select count(*) from referrals")[0]
	owed := query[int64](t, s.dsn, "select sum(minor)::bigint from balances where currency = 'usd'")[0]
	if rewarded == 0 {
		t.Fatal("nobody is rewarded")
	}
	versions := query[int](t, s.dsn, "select count(*)::int from terms")[0]

	code, out, errs := invoke(t, "program", "preview", "-f", file, "--database-url", dsn)
	if code != 0 || errs != "" {
		t.Fatalf("it ended with %d and %s", code, errs)
	}
	mustSay(t, out, "referrals of the program \"default\" (now at version 1)", "qualify in all", "Rewards owed", "at least 2000.00 usd is needed")
	mustNotSay(t, out, "\x1b[", "╭")

	code, out, errs = invoke(t, "program", "preview", "--json", "-f", file, "--database-url", dsn)
	var got preview
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 0 {
		t.Fatalf("%v: it ended with %d and %s", err, code, errs)
	}
	if got.Referrals != referrals || got.Rewarded != (difference{rewarded, 0}) || len(got.Examples) == 0 || len(got.Changes) == 0 {
		t.Errorf("%+v", got)
	}
	if len(got.Cost) != 1 || got.Cost[0] != (costRow{"usd", owed, 0}) {
		t.Errorf("the cost is %+v, and %d is owed", got.Cost, owed)
	}

	code, out, _ = invoke(t, "program", "preview", "-f", write(t, "same.yaml", showTerms(t, dsn)), "--database-url", dsn)
	if code != 0 {
		t.Errorf("it ended with %d", code)
	}
	mustSay(t, out, "0 would stand elsewhere, and 0 would only be worth another amount")
	if n := query[int](t, s.dsn, "select count(*)::int from terms")[0]; n != versions {
		t.Errorf("there are %d versions of the terms, and were %d", n, versions)
	}
}

func showTerms(t *testing.T, dsn string) string {
	t.Helper()
	_, shown, errs := invoke(t, "program", "show", "--database-url", dsn)
	if errs != "" {
		t.Fatal(errs)
	}
	return shown
}

func TestProgramPreviewRefuses(t *testing.T) {
	dsn := testkit.As(t, testkit.Database(t), "plusone_tools")
	other := write(t, "other.yaml", strings.Replace(largerMinimum, "default", "other", 1))
	code, _, errs := invoke(t, "program", "preview", "-f", other, "--database-url", dsn)
	if code != exitFailed {
		t.Errorf("it ended with %d", code)
	}
	mustSay(t, errs, `no program named "other"`, "plusone program apply -f "+other)
	code, _, errs = invoke(t, "program", "preview", "-f", write(t, "bad.yaml", "name: default\nhold: 3 weeks\n"), "--database-url", dsn)
	if code != exitFailed {
		t.Errorf("it ended with %d", code)
	}
	mustSay(t, errs, "bad.yaml:2:")
	code, _, errs = invoke(t, "program", "preview", "--workers", "0", "-f", other, "--database-url", dsn)
	if code != exitUsage || !strings.Contains(errs, "--workers") {
		t.Errorf("it ended with %d and %s", code, errs)
	}
	code, out, _ := invoke(t, "program", "preview", "-f", write(t, "none.yaml", largerMinimum), "--database-url", dsn)
	if code != 0 || !strings.HasPrefix(out, "0 referrals") {
		t.Errorf("it ended with %d and %s", code, out)
	}
}

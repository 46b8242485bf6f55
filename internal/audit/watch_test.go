package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/testkit"
)

// value is that of the only series of a name whose labels have these values.
func value(t *testing.T, reg *prometheus.Registry, name string, labels ...string) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var have []string
			for _, l := range m.GetLabel() {
				have = append(have, l.GetValue())
			}
			if f.GetName() == name && strings.Join(have, " ") == strings.Join(labels, " ") {
				return m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
	}
	return -1
}

// TestTheWatchShowsWhatTheAuditFinds over a real database, that is whole, and broken, and whole again.
func TestTheWatchShowsWhatTheAuditFinds(t *testing.T) {
	w := newWorld(t)
	reg := prometheus.NewPedanticRegistry()
	var log bytes.Buffer
	watch := NewWatch(w.tools, reg, slog.New(slog.NewJSONHandler(&log, nil)))
	if n, err := testutil.GatherAndCount(reg, "plusone_audit_violations"); n != 0 || err != nil {
		t.Errorf("%d violations are shown before anybody looked, %v", n, err)
	}
	look := func(balances, held, broken float64) {
		t.Helper()
		if !watch.once(t.Context()) {
			t.Fatalf("there was no verdict:\n%s", log.String())
		}
		for name, want := range map[string]float64{
			"plusone_audit_violations balances 4": balances, "plusone_audit_violations cap 5": 0,
			"plusone_audit_runs_total held": held, "plusone_audit_runs_total broken": broken, "plusone_audit_runs_total failed": 0,
		} {
			parts := strings.Fields(name)
			if got := value(t, reg, parts[0], parts[1:]...); got != want {
				t.Errorf("%s is %v, not %v", name, got, want)
			}
		}
	}
	look(0, 1, 0)
	if n, err := testutil.GatherAndCount(reg, "plusone_audit_violations"); n != len(checks) || err != nil {
		t.Errorf("%d violations are shown, not one for each of the %d checks (%v)", n, len(checks), err)
	}
	if rows := value(t, reg, "plusone_audit_rows"); rows < 10 {
		t.Errorf("%v rows were decided anew", rows)
	}
	if at := value(t, reg, "plusone_audit_last_success_timestamp_seconds"); time.Since(time.Unix(int64(at), 0)) > time.Minute {
		t.Errorf("the last success was at %v", at)
	}
	if strings.Contains(log.String(), "broken:") {
		t.Errorf("it says that a law is broken:\n%s", log.String())
	}
	log.Reset()
	w.exec("update balances set minor = minor + 1 where user_id = (select min(user_id) from balances)")
	look(1, 1, 1)
	for _, word := range []string{`"law":4`, `"check":"balances"`, `"broken":1`, `"held":false`} {
		if !strings.Contains(log.String(), word) {
			t.Errorf("the log does not say %s:\n%s", word, log.String())
		}
	}
	for _, name := range []string{"account ", "alice"} { // the example, and a person
		if strings.Contains(log.String(), name) {
			t.Errorf("the log says %s:\n%s", name, log.String())
		}
	}
	w.exec("update balances set minor = minor - 1 where user_id = (select min(user_id) from balances)")
	look(0, 2, 1)
	if problems, err := testutil.GatherAndLint(reg); len(problems) > 0 || err != nil {
		t.Error(problems, err)
	}
}

// TestTheWatchGoesOn keeps the pauses that it was told, and a shorter one after it came to no verdict.
func TestTheWatchGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var at []time.Duration
		fail := map[int]bool{1: true, 2: true}
		reg := prometheus.NewPedanticRegistry()
		w := &Watch{log: slog.New(slog.DiscardHandler), metrics: newWatchMetrics(reg)}
		w.audit = func(context.Context, func(int)) (Report, error) {
			at = append(at, time.Since(began))
			time.Sleep(time.Second) // the length of an audit
			if fail[len(at)-1] {
				return Report{}, errors.New("the database is away")
			}
			return Report{Held: true}, nil
		}
		ctx, stop := context.WithTimeout(t.Context(), 3*time.Hour)
		defer stop()
		if err := w.Run(ctx, time.Hour); err != nil {
			t.Error(err)
		}
		want := "[0s 1h0m1s 1h1m2s 1h2m3s 2h2m4s]"
		if got := fmt.Sprint(at); got != want {
			t.Errorf("it looked at %s, not at %s", got, want)
		}
		for result, n := range map[string]float64{resultHeld: 3, resultFailed: 2} {
			if got := value(t, reg, "plusone_audit_runs_total", result); got != n {
				t.Errorf("%v audits are %s, not %v", got, result, n)
			}
		}
		if got := value(t, reg, "plusone_audit_interval_seconds"); got != 3600 {
			t.Errorf("the interval is %v", got)
		}
	})
}

// TestTheWatchRests for as long as a page took, so that the database has the other half of the time to itself.
func TestTheWatchRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		progress := considerate(t.Context())
		for _, page := range []struct{ takes, rests time.Duration }{
			{100 * time.Millisecond, 100 * time.Millisecond}, {0, 0}, {10 * time.Second, longestRest},
		} {
			time.Sleep(page.takes)
			began := time.Now()
			progress(1000)
			if got := time.Since(began); got != page.rests {
				t.Errorf("after %s it rested for %s, not %s", page.takes, got, page.rests)
			}
		}
	})
}

// TestAnAuditNeedsNoRightToWrite runs over connections that could not.
func TestAnAuditNeedsNoRightToWrite(t *testing.T) {
	pool, err := store.Open(t.Context(), testkit.Database(t), store.ReadOnly(), store.WithStatementTimeout(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	if _, err := pool.Exec(t.Context(), "delete from balances"); err == nil || !strings.Contains(err.Error(), "read-only") {
		t.Errorf("deleting gives %v", err)
	}
	if report, err := Run(t.Context(), store.NewDatabase(pool), func(int) {}); err != nil || !report.Held {
		t.Errorf("%+v, %v", report, err)
	}
}

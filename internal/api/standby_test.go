package api

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/testkit"
)

// TestListsComeFromAStandby has a real hot standby follow the database, and be killed.
func TestListsComeFromAStandby(t *testing.T) {
	primary := testkit.PostgresProcess(t, func(ctx context.Context, dsn string) error {
		_, err := store.Migrate(ctx, dsn)
		return err
	})
	standby := primary.Standby(t)
	w := &world{t: t, dsn: primary.DSN(), stream: &fakeStream{}, queries: &counter{}, log: &bytes.Buffer{}}
	_, err := w.open(w.dsn).Exec(t.Context(), "update terms set effective_from = '2025-01-01'")
	w.must(err)
	w.store = w.as("plusone_worker")
	pool, err := store.Open(t.Context(), testkit.As(t, standby.DSN(), "plusone_api"), store.ReadOnly())
	w.must(err)
	t.Cleanup(pool.Close)
	replica := store.NewDatabase(pool)
	w.with(WithReplica(replica))
	w.story()
	for n := 1; n > 0; {
		n, err = w.store.FoldTallies(t.Context(), 100)
		w.must(err)
	}
	shows := map[string]string{
		"/v1/referrals": `"referee":"dave"`, "/v1/referrals?order=newest": `"referee":"dave"`, "/v1/users": `"user_id":"erin"`,
		"/v1/export/referrals": `"complete":true,"rows":4`, "/v1/export/transfers": `"currency":"eur"`,
		"/v1/analytics?from=2026-03-01&to=2026-03-01": `"sign_ups":6,"referred":4`,
	}
	for target, want := range shows {
		testkit.Eventually(t, 30*time.Second, func() (bool, string) {
			got := w.get(target).Body.String()
			return strings.Contains(got, want), got
		})
	}
	if p := read[previewJSON](t, w.post("/v1/programs/preview", "application/yaml", dearer, token), http.StatusOK); p.Referrals != 4 {
		t.Errorf("%+v", p)
	}
	w.must(replica.Check(t.Context()))

	standby.Kill()
	for target := range shows {
		w.problemOf(w.get(target), http.StatusServiceUnavailable)
	}
	if replica.Check(t.Context()) == nil {
		t.Error("it is said to be there")
	}
	if answer := w.get("/v1/users/alice"); answer.Code != http.StatusOK {
		t.Errorf("%d: %s", answer.Code, answer.Body)
	}
}

package ops_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/plusone-dev/plusone/internal/ops"
)

func TestReadinessIsAMetric(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	health := ops.NewHealth(nil)
	reg.MustRegister(health.Collector())
	if n, err := testutil.GatherAndCount(reg); n != 0 || err != nil {
		t.Errorf("without a check there are %d series, %v", n, err)
	}
	var away error
	health.Add("database", func(context.Context) error { return away })
	health.Add("stream", func(context.Context) error { return nil })
	mustBe := func(database string) {
		t.Helper()
		want := `
# HELP plusone_ready 1 when a readiness check passed at the time of the scrape, 0 when it failed.
# TYPE plusone_ready gauge
plusone_ready{check="database"} ` + database + `
plusone_ready{check="stream"} 1
`
		if err := testutil.GatherAndCompare(reg, strings.NewReader(want)); err != nil {
			t.Error(err)
		}
	}
	mustBe("1")
	away = errors.New("away")
	mustBe("0")
	away = nil
	mustBe("1")
}

func TestExpectedRoutesAreThereBeforeTheyAreCalled(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	metrics, err := ops.NewHTTPMetrics(reg)
	if err != nil {
		t.Fatal(err)
	}
	metrics.Expect("POST", "/a", "/b")
	for name, want := range map[string]int{"plusone_http_requests_total": 6, "plusone_http_request_duration_seconds": 2} {
		if n, err := testutil.GatherAndCount(reg, name); n != want || err != nil {
			t.Errorf("%s has %d series, not %d (%v)", name, n, want, err)
		}
	}
}

package ops

import (
	"context"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

// readyMetric shows readiness to those who do not watch /readyz: it runs the checks at each scrape, so that what it says
// is never older than the scrape. They end within readyLimit, well before a scraper gives up.
type readyMetric struct {
	health *Health
	desc   *prometheus.Desc
}

// Collector is plusone_ready, by check.
func (h *Health) Collector() prometheus.Collector {
	return readyMetric{health: h, desc: prometheus.NewDesc("plusone_ready",
		"1 when a readiness check passed at the time of the scrape, 0 when it failed.", []string{"check"}, nil)}
}

// Describe is part of prometheus.Collector.
func (m readyMetric) Describe(ch chan<- *prometheus.Desc) { ch <- m.desc }

// Collect is part of prometheus.Collector.
func (m readyMetric) Collect(ch chan<- prometheus.Metric) {
	failed := m.health.Ready(context.Background())
	for name := range m.health.snapshot() {
		passed := 1.0
		if slices.Contains(failed, name) {
			passed = 0
		}
		ch <- prometheus.MustNewConstMetric(m.desc, prometheus.GaugeValue, passed, name)
	}
}

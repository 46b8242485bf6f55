package store

import (
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
)

// poolMetrics shows what a pool of connections is doing.
type poolMetrics struct{ pool *pgxpool.Pool }

// PoolCollector is the metrics plusone_database_… of a pool. One registry takes one pool.
func PoolCollector(pool *pgxpool.Pool) prometheus.Collector { return poolMetrics{pool} }

func poolDesc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("plusone_database_"+name, help, labels, nil)
}

// The metrics of a pool.
var (
	poolConnections = poolDesc("connections",
		"Connections of the pool by state: acquired (in use), idle, constructing (being opened).", "state")
	poolMost     = poolDesc("connections_limit", "How many connections the pool may have.")
	poolAcquires = poolDesc("acquires_total", "Times that a connection was taken from the pool.")
	poolWaits    = poolDesc("acquire_waits_total", "Times that somebody had to wait for a connection, because none was idle.")
	poolWaited   = poolDesc("acquire_wait_seconds_total", "Time spent waiting for a connection, because none was idle.")
	poolCanceled = poolDesc("acquires_canceled_total", "Times that somebody gave up waiting for a connection.")
	poolOpened   = poolDesc("connections_opened_total", "Connections that were opened.")
)

// Describe is part of prometheus.Collector.
func (m poolMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{poolConnections, poolMost, poolAcquires, poolWaits, poolWaited, poolCanceled, poolOpened} {
		ch <- d
	}
}

// Collect is part of prometheus.Collector.
func (m poolMetrics) Collect(ch chan<- prometheus.Metric) {
	s := m.pool.Stat()
	gauge := func(d *prometheus.Desc, v int32, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v), labels...)
	}
	counter := func(d *prometheus.Desc, v float64) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v)
	}
	gauge(poolConnections, s.AcquiredConns(), "acquired")
	gauge(poolConnections, s.IdleConns(), "idle")
	gauge(poolConnections, s.ConstructingConns(), "constructing")
	gauge(poolMost, s.MaxConns())
	counter(poolAcquires, float64(s.AcquireCount()))
	counter(poolWaits, float64(s.EmptyAcquireCount()))
	counter(poolWaited, s.EmptyAcquireWaitTime().Seconds())
	counter(poolCanceled, float64(s.CanceledAcquireCount()))
	counter(poolOpened, float64(s.NewConnsCount()))
}

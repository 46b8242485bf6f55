package stream

import (
	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"
)

// connectionMetrics shows how a connection to NATS is doing.
type connectionMetrics struct{ nc *nats.Conn }

// ConnectionCollector is the metrics plusone_nats_… of a connection. One registry takes one connection.
func ConnectionCollector(nc *nats.Conn) prometheus.Collector { return connectionMetrics{nc} }

// The metrics of a connection.
var (
	connected    = prometheus.NewDesc("plusone_nats_connected", "1 while there is a connection to a NATS server.", nil, nil)
	reconnects   = prometheus.NewDesc("plusone_nats_reconnects_total", "Times that the connection to NATS was made again after it was lost.", nil, nil)
	natsMessages = prometheus.NewDesc("plusone_nats_messages_total", "Messages over the connection to NATS, those of its protocol for streams included, by direction: in, out.",
		[]string{"direction"}, nil)
)

// Describe is part of prometheus.Collector.
func (m connectionMetrics) Describe(ch chan<- *prometheus.Desc) {
	ch <- connected
	ch <- reconnects
	ch <- natsMessages
}

// Collect is part of prometheus.Collector.
func (m connectionMetrics) Collect(ch chan<- prometheus.Metric) {
	up := 0.0
	if m.nc.IsConnected() {
		up = 1
	}
	s := m.nc.Stats()
	ch <- prometheus.MustNewConstMetric(connected, prometheus.GaugeValue, up)
	ch <- prometheus.MustNewConstMetric(reconnects, prometheus.CounterValue, float64(s.Reconnects))
	ch <- prometheus.MustNewConstMetric(natsMessages, prometheus.CounterValue, float64(s.InMsgs), "in")
	ch <- prometheus.MustNewConstMetric(natsMessages, prometheus.CounterValue, float64(s.OutMsgs), "out")
}

package stream

import (
	"math"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
)

// StoreMetrics show what the streams hold and may hold, as of the last look at them (label stream).
type StoreMetrics struct {
	messages  *prometheus.GaugeVec
	bytes     *prometheus.GaugeVec
	limit     *prometheus.GaugeVec
	retention *prometheus.GaugeVec
}

// NewStoreMetrics registers the metrics; with a nil registerer they show nobody anything.
func NewStoreMetrics(reg prometheus.Registerer) *StoreMetrics {
	gauge := func(name, help string) *prometheus.GaugeVec {
		return register(reg, prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: "plusone", Subsystem: "stream", Name: name, Help: help}, []string{"stream"}))
	}
	return &StoreMetrics{
		messages:  gauge("stored_messages", "Messages that a stream holds. NaN when it cannot be asked."),
		bytes:     gauge("stored_bytes", "Bytes that a stream holds. NaN when it cannot be asked."),
		limit:     gauge("limit_bytes", "Bytes that a stream may hold; it refuses what is more. +Inf when it has no limit, NaN when it cannot be asked."),
		retention: gauge("retention_seconds", "Age at which a stream drops a message. +Inf when it never does, NaN when it cannot be asked."),
	}
}

// show takes what the server says of a stream; nil when it says nothing.
func (m *StoreMetrics) show(name string, info *jetstream.StreamInfo) {
	if m == nil {
		return
	}
	messages, bytes, limit, retention := math.NaN(), math.NaN(), math.NaN(), math.NaN()
	if info != nil {
		messages, bytes = float64(info.State.Msgs), float64(info.State.Bytes)
		limit, retention = math.Inf(1), math.Inf(1)
		if info.Config.MaxBytes > 0 {
			limit = float64(info.Config.MaxBytes)
		}
		if info.Config.MaxAge > 0 {
			retention = info.Config.MaxAge.Seconds()
		}
	}
	m.messages.WithLabelValues(name).Set(messages)
	m.bytes.WithLabelValues(name).Set(bytes)
	m.limit.WithLabelValues(name).Set(limit)
	m.retention.WithLabelValues(name).Set(retention)
}

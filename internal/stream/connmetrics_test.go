package stream

import (
	"math"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// TestTheConnectionIsMeasured: while it is there, while it is not, and when it is there again.
func TestTheConnectionIsMeasured(t *testing.T) {
	s := newServer(t)
	nc := s.connect()
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(ConnectionCollector(nc))
	if problems, err := testutil.GatherAndLint(reg); len(problems) > 0 || err != nil {
		t.Error(problems, err)
	}
	is := func(name string, value float64) func() bool {
		return func() bool { return metric(t, reg, name, "") == value }
	}
	eventually(t, "connected", is("plusone_nats_connected", 1))
	eventually(t, "never reconnected", is("plusone_nats_reconnects_total", 0))
	s.stop()
	eventually(t, "not connected", is("plusone_nats_connected", 0))
	s.start()
	eventually(t, "connected again", is("plusone_nats_connected", 1))
	eventually(t, "reconnected once", is("plusone_nats_reconnects_total", 1))
	before := metric(t, reg, "plusone_nats_messages_total", "out")
	if err := nc.Publish("a.word", nil); err != nil {
		t.Fatal(err)
	}
	if after := metric(t, reg, "plusone_nats_messages_total", "out"); after != before+1 {
		t.Errorf("%v messages went out, and then one more: %v", before, after)
	}
}

// TestTheStreamsAreMeasured: what they hold, what they may hold, and that nobody knows while the server is away.
func TestTheStreamsAreMeasured(t *testing.T) {
	s := newServer(t)
	nc := s.connect()
	reg := prometheus.NewPedanticRegistry()
	config := Config{MaxAge: time.Hour, MaxBytes: 1 << 20, Metrics: NewStoreMetrics(reg)}
	go Keep(t.Context(), jetStream(t, nc), config, 10*time.Millisecond)
	shows := func(name, stream string, value float64) func() bool {
		return func() bool {
			got := metric(t, reg, name, stream)
			return got == value || math.IsNaN(got) && math.IsNaN(value)
		}
	}
	for _, c := range []struct {
		name, stream string
		value        float64
	}{
		{"plusone_stream_stored_messages", In, 0},
		{"plusone_stream_stored_messages", Dead, 0},
		{"plusone_stream_limit_bytes", In, 1 << 20},
		{"plusone_stream_limit_bytes", Dead, math.Inf(1)},
		{"plusone_stream_retention_seconds", Out, 3600},
		{"plusone_stream_retention_seconds", Dead, math.Inf(1)},
	} {
		eventually(t, c.name+" of "+c.stream, shows(c.name, c.stream, c.value))
	}
	publishN(t, nc, 3)
	eventually(t, "three are stored", shows("plusone_stream_stored_messages", In, 3))
	if bytes := metric(t, reg, "plusone_stream_stored_bytes", In); bytes <= 0 {
		t.Errorf("three messages take %v bytes", bytes)
	}
	if problems, err := testutil.GatherAndLint(reg); len(problems) > 0 || err != nil {
		t.Error(problems, err)
	}
	s.stop()
	eventually(t, "nobody knows", shows("plusone_stream_stored_messages", In, math.NaN()))
	s.start()
	eventually(t, "three are still stored", shows("plusone_stream_stored_messages", In, 3))
}

package ops

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// NewRegistry makes a registry that already knows the process, the Go runtime and which build this is. Everything else
// registers with it; nothing registers with Prometheus's global one, so that two roles or two tests never meet there.
func NewRegistry(version string) *prometheus.Registry {
	reg := prometheus.NewRegistry()
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "plusone_build_info",
		Help:        "Always 1; the label says which version this is.",
		ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	reg.MustRegister(
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collectors.NewGoCollector(),
		collectors.NewBuildInfoCollector(),
		build,
	)
	return reg
}

// HTTPMetrics counts and times the requests of one process. Make one, and wrap each server's handler once.
type HTTPMetrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inFlight prometheus.Gauge
}

// NewHTTPMetrics registers the metrics.
func NewHTTPMetrics(reg prometheus.Registerer) (*HTTPMetrics, error) {
	m := &HTTPMetrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "plusone_http_requests_total",
			Help: "HTTP requests answered, by route pattern, method and class of status.",
		}, []string{"route", "method", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "plusone_http_request_duration_seconds",
			Help: "How long requests took, by route pattern and method.",
			// From an answer out of memory to the write timeout: below 5 ms nobody waits, above 10 s somebody gave up.
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"route", "method"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "plusone_http_requests_in_flight",
			Help: "HTTP requests being served now.",
		}),
	}
	for _, c := range []prometheus.Collector{m.requests, m.duration, m.inFlight} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Expect makes the series of routes that a server has appear with zero, so that a rate over them sees their first
// increase. A route is a pattern as http.ServeMux knows it, and method how it is meant to be called.
func (m *HTTPMetrics) Expect(method string, routes ...string) {
	for _, route := range routes {
		for _, class := range []string{"2xx", "4xx", "5xx"} {
			m.requests.WithLabelValues(route, method, class)
		}
		m.duration.WithLabelValues(route, method)
	}
}

// Wrap counts the requests next serves. The route is the pattern that http.ServeMux matched, never the path, which a
// stranger can vary without end.
func (m *HTTPMetrics) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rec := &recorder{ResponseWriter: w}
		m.inFlight.Inc()
		defer func() {
			m.inFlight.Dec()
			route, method := routeOf(r), methodOf(r)
			m.requests.WithLabelValues(route, method, rec.class()).Inc()
			m.duration.WithLabelValues(route, method).Observe(time.Since(start).Seconds())
		}()
		next.ServeHTTP(rec, r)
	})
}

func routeOf(r *http.Request) string {
	if r.Pattern == "" {
		return "none"
	}
	return r.Pattern
}

// methodOf keeps the label bounded: a method can be any word.
func methodOf(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	default:
		return "other"
	}
}

// recorder remembers whether and with which status an answer began.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= 200 { // 1xx only announce an answer
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) class() string {
	if r.status == 0 {
		return "none" // aborted before an answer
	}
	return strconv.Itoa(r.status/100) + "xx"
}

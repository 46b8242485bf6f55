package links

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/testkit"
)

// fakeStream keeps what it is given, or takes nothing.
type fakeStream struct {
	mu     sync.Mutex
	away   bool
	stuck  chan struct{} // closed when the stream goes on; nil: it does not wait
	calls  int
	events map[string]fact.Event // by the message's id
}

func (s *fakeStream) Publish(ctx context.Context, subject, msgID string, header map[string]string, data []byte) error {
	if s.stuck != nil {
		select {
		case <-s.stuck:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.away {
		return errors.New("away")
	}
	e, err := fact.ParseCloudEvent(data)
	switch {
	case err != nil:
		return err
	case subject != "plusone.in."+e.Type || msgID != e.Key || header["Content-Type"] != "application/cloudevents+json":
		return fmt.Errorf("a %s on %s as %s", e.Type, subject, msgID)
	}
	if s.events == nil {
		s.events = make(map[string]fact.Event)
	}
	s.events[msgID] = e
	return nil
}

func (s *fakeStream) set(away bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = away
}

func (s *fakeStream) stored() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.events)
}

func (s *fakeStream) called() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

// counting is a queue that is being published.
type counting struct {
	*Visits

	log  *strings.Builder // to be read when it has stopped
	stop func()
}

func count(t *testing.T, to Publisher, room int) *counting {
	t.Helper()
	c := &counting{log: &strings.Builder{}}
	c.Visits = newVisits(to, room, NewMetrics(prometheus.NewRegistry()), slog.New(slog.NewTextHandler(c.log, nil)))
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	c.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(c.stop)
	return c
}

func (c *counting) noted(outcome string) int {
	return int(testutil.ToFloat64(c.metrics.visits.WithLabelValues(outcome)))
}

func (c *counting) waiting() int { return int(testutil.ToFloat64(c.metrics.waiting)) }

func visitOf(code string) fact.Visit { return fact.Visit{Code: code, Via: "x", At: noon} }

func TestVisitsArePublished(t *testing.T) {
	t.Parallel()
	s := &fakeStream{}
	c := count(t, s, 1000)
	for i := range 600 {
		if !c.add(visitOf(fmt.Sprintf("CODE%d", i))) {
			t.Fatalf("no room for visit %d", i)
		}
	}
	testkit.Eventually(t, time.Minute, func() (bool, string) { return c.noted("counted") == 600, fmt.Sprint(c.noted("counted")) })
	if s.stored() != 600 || c.waiting() != 0 {
		t.Errorf("%d stored, %d waiting", s.stored(), c.waiting())
	}
	for _, e := range s.events {
		if e.Type != fact.LinkVisited || e.Visit == nil || e.Visit.Via != "x" || !e.Visit.At.Equal(noon) {
			t.Fatalf("%+v", e)
		}
	}
}

// TestAStreamThatComesBack holds that visits wait for it, in the meantime without harm, and count once.
func TestAStreamThatComesBack(t *testing.T) {
	t.Parallel()
	s := &fakeStream{away: true}
	c := count(t, s, 1000)
	for i := range 10 {
		c.add(visitOf(fmt.Sprintf("CODE%d", i)))
	}
	testkit.Eventually(t, time.Minute, func() (bool, string) { return s.called() >= 30, fmt.Sprint(s.called()) })
	if c.noted("counted") != 0 || c.waiting() != 10 {
		t.Errorf("%d counted, %d waiting", c.noted("counted"), c.waiting())
	}
	s.set(false)
	testkit.Eventually(t, time.Minute, func() (bool, string) { return c.noted("counted") == 10, fmt.Sprint(c.noted("counted")) })
	c.stop()
	if s.stored() != 10 || strings.Count(c.log.String(), "does not take visits") != 1 || strings.Count(c.log.String(), "takes visits again") != 1 {
		t.Errorf("%d stored; the log:\n%s", s.stored(), c.log)
	}
}

// TestAFullQueueDrops holds that a stream that hangs costs no visitor any time, and memory has an end.
func TestAFullQueueDrops(t *testing.T) {
	t.Parallel()
	s := &fakeStream{stuck: make(chan struct{})}
	d := open(t, func(c *Config) { c.PerMinute = 1000 })
	visits := count(t, s, 5)
	d.links.Visits, d.links.Metrics = visits.Visits, visits.metrics
	for range 300 {
		if w := d.get("/r/ALICE234"); w.Code != http.StatusFound {
			t.Fatal(w.Code)
		}
	}
	dropped := visits.noted("dropped")
	if dropped < 300-maxBatch-5 || dropped+visits.waiting() != 300 {
		t.Errorf("%d dropped, %d waiting", dropped, visits.waiting())
	}
	close(s.stuck)
	testkit.Eventually(t, time.Minute, func() (bool, string) {
		return visits.noted("counted") == 300-dropped, fmt.Sprint(visits.noted("counted"))
	})
}

// TestStoppingPublishesWhatIsLeft is true also of what came in while a batch was on its way.
func TestStoppingPublishesWhatIsLeft(t *testing.T) {
	t.Parallel()
	s := &fakeStream{stuck: make(chan struct{})}
	c := count(t, s, 1000)
	for i := range 700 {
		c.add(visitOf(fmt.Sprintf("CODE%d", i)))
	}
	go close(s.stuck)
	c.stop()
	if s.stored() != 700 || c.noted("counted") != 700 || c.noted("dropped") != 0 || c.waiting() != 0 {
		t.Errorf("%d stored, %d counted, %d dropped, %d waiting", s.stored(), c.noted("counted"), c.noted("dropped"), c.waiting())
	}
}

// TestStoppingWithoutTheStream holds that it does not wait for ever, and says what is lost.
func TestStoppingWithoutTheStream(t *testing.T) {
	t.Parallel()
	c := count(t, &fakeStream{away: true}, 1000)
	for i := range 300 {
		c.add(visitOf(fmt.Sprintf("CODE%d", i)))
	}
	c.stop()
	if c.noted("dropped") != 300 || c.waiting() != 0 || !strings.Contains(c.log.String(), "visits=300") {
		t.Errorf("%d dropped, %d waiting; the log:\n%s", c.noted("dropped"), c.waiting(), c.log)
	}
}

// TestNothingPersonalIsPublished holds that an event has what is counted, and nothing of whoever followed the link.
func TestNothingPersonalIsPublished(t *testing.T) {
	t.Parallel()
	r := &recorder{}
	d := open(t)
	d.visits.to = r
	d.get("/r/ALICE234?via=qr&email=bob@example.com", "Referer", "https://news.example/bob", "Cookie", "session=secret", "remote", "198.51.100.77:1")
	if left := d.visits.publish(t.Context(), d.visits.fill(nil)); len(left) != 0 {
		t.Fatal(left)
	}
	var e map[string]any
	if err := json.Unmarshal(r.text, &e); err != nil {
		t.Fatal(err)
	}
	id, _ := e["id"].(string)
	delete(e, "id")
	if got := fmt.Sprint(e); len(id) != 36 || got != "map[data:map[code:ALICE234 via:qr] datacontenttype:application/json source:/plusone/links "+
		"specversion:1.0 time:2026-03-01T12:00:00Z type:link.visited]" {
		t.Errorf("%s %s", id, got)
	}
}

type recorder struct{ text []byte }

func (r *recorder) Publish(_ context.Context, _, _ string, _ map[string]string, data []byte) error {
	r.text = data
	return nil
}

package stream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// grouped is a publisher in groups, and what it counts.
func grouped(t *testing.T, nc *nats.Conn) (*Publisher, *prometheus.Registry) {
	t.Helper()
	reg := prometheus.NewRegistry()
	return newPublisher(t, nc, PublisherOptions{Grouped: true, Metrics: NewPublisherMetrics(reg)}), reg
}

// ride has messages published as one group.
func ride(t *testing.T, p *Publisher, msgs ...Msg) []error {
	t.Helper()
	raw := make([]*nats.Msg, len(msgs))
	for i, m := range msgs {
		raw[i] = m.nats()
	}
	return p.groups.publishAll(t.Context(), raw)
}

func someMsgs(from, to int) (msgs []Msg) {
	for i := from; i < to; i++ {
		msgs = append(msgs, Msg{Subject: "plusone.in.a", ID: fmt.Sprint(i), Data: []byte(fmt.Sprint(i))})
	}
	return msgs
}

// bodies are what the stream holds, in its order.
func bodies(t *testing.T, nc *nats.Conn) (all []string) {
	t.Helper()
	str, err := jetStream(t, nc).Stream(t.Context(), In)
	if err != nil {
		t.Fatal(err)
	}
	for seq := uint64(1); seq <= str.CachedInfo().State.LastSeq; seq++ {
		m, err := str.GetMsg(t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(m.Data))
	}
	return all
}

func splits(t *testing.T, p *Publisher, reason string) float64 {
	t.Helper()
	return testutil.ToFloat64(p.metrics.splits.WithLabelValues(reason))
}

func TestGroupIsStoredAsOne(t *testing.T) {
	_, nc := newStreams(t)
	p, reg := grouped(t, nc)
	for i, err := range ride(t, p, someMsgs(0, 7)...) {
		if err != nil {
			t.Errorf("message %d: %v", i, err)
		}
	}
	if got := strings.Join(bodies(t, nc), " "); got != "0 1 2 3 4 5 6" {
		t.Errorf("the stream holds %s", got)
	}
	if n := testutil.CollectAndCount(reg, "plusone_publish_group_messages"); n != 1 {
		t.Errorf("%d metrics of groups", n)
	}
}

func TestCallersShareGroups(t *testing.T) {
	s, nc := newStreams(t)
	p, reg := grouped(t, nc)
	const callers, each = 50, 20
	var all sync.WaitGroup
	for c := range callers {
		all.Go(func() {
			for i := range each {
				if err := p.Publish(t.Context(), "plusone.in.a", fmt.Sprint(c, "-", i), nil, []byte("x")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if n := stored(t, s, In); n != callers*each {
		t.Errorf("%d messages are stored, not %d", n, callers*each)
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "plusone_publish_group_messages" {
			if h := f.GetMetric()[0].GetHistogram(); h.GetSampleSum() < callers*each/2 {
				t.Errorf("only %v messages in %d groups", h.GetSampleSum(), h.GetSampleCount())
			}
		}
	}
}

func TestGroupWithDuplicates(t *testing.T) {
	_, nc := newStreams(t)
	if err := newPublisher(t, nc, PublisherOptions{}).PublishBatch(t.Context(), someMsgs(3, 5)); err != nil {
		t.Fatal(err)
	}
	p, _ := grouped(t, nc)
	msgs := append(someMsgs(0, 20), someMsgs(19, 20)...) // two are stored, and one is there twice
	for i, err := range ride(t, p, msgs...) {
		if err != nil {
			t.Errorf("message %d: %v", i, err)
		}
	}
	if n := len(bodies(t, nc)); n != 20 {
		t.Errorf("%d messages are stored, not 20", n)
	}
	if n := splits(t, p, "duplicate"); n < 1 || n > 12 {
		t.Errorf("the group was split %v times", n)
	}
}

func TestSentAgainGoesAlone(t *testing.T) {
	_, nc := newStreams(t)
	p, _ := grouped(t, nc)
	var callers sync.WaitGroup
	for range 10 {
		for i := range 20 {
			callers.Go(func() {
				if err := p.Publish(t.Context(), "plusone.in.a", fmt.Sprint(i), nil, nil); err != nil {
					t.Error(err)
				}
			})
		}
	}
	callers.Wait()
	if n := len(bodies(t, nc)); n != 20 {
		t.Errorf("%d messages are stored, not 20", n)
	}
	// A repeat may overtake the group of the first, which is then refused; but none rides with another.
	if n := splits(t, p, "refused"); n != 0 {
		t.Errorf("groups were refused %v times", n)
	}
}

func TestOneMessageDoesNotSpoilItsGroup(t *testing.T) {
	_, nc := newStreams(t)
	p, _ := grouped(t, nc)
	msgs := someMsgs(0, 6)
	msgs[2].Data = make([]byte, nc.MaxPayload()-deadRoom+1) // more than the stream takes
	for i, err := range ride(t, p, msgs...) {
		if i == 2 && !errors.Is(err, ErrTooLarge) || i != 2 && err != nil {
			t.Errorf("message %d: %v", i, err)
		}
	}
	if n := len(bodies(t, nc)); n != 5 {
		t.Errorf("%d messages are stored, not 5", n)
	}
	if err := p.Publish(t.Context(), "plusone.in.a", "", nil, make([]byte, nc.MaxPayload()+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("more than the server takes: %v", err)
	}
}

func TestGroupWhereBatchesAreNotAllowed(t *testing.T) {
	_, nc := newStreams(t)
	js := jetStream(t, nc)
	cfg := jetstream.StreamConfig{Name: "ELSE", Subjects: []string{"else.>"}}
	if _, err := js.CreateStream(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	p, _ := grouped(t, nc)
	msgs := someMsgs(0, 6)
	for i := range msgs {
		msgs[i].Subject = "else.a"
	}
	for i, err := range ride(t, p, msgs...) {
		if err != nil {
			t.Errorf("message %d: %v", i, err)
		}
	}
	if splits(t, p, "disabled") != 1 || !p.groups.paused() {
		t.Error("groups are still tried")
	}
	if err := p.PublishBatch(t.Context(), someMsgs(10, 12)); err != nil {
		t.Errorf("while groups are not tried: %v", err)
	}
	m, err := js.Stream(t.Context(), "ELSE")
	if err != nil {
		t.Fatal(err)
	}
	first, err := m.GetMsg(t.Context(), 1)
	if err != nil || m.CachedInfo().State.Msgs != 6 || first.Header.Get(headerBatch) != "" {
		t.Errorf("%d are stored, the first with %v (%v)", m.CachedInfo().State.Msgs, first.Header, err)
	}
}

func TestGroupOfAFullStream(t *testing.T) {
	_, nc := newStreams(t)
	limit(t, nc, In, 3)
	p, _ := grouped(t, nc)
	var took, full int
	for _, err := range ride(t, p, someMsgs(0, 6)...) {
		switch {
		case err == nil:
			took++
		case errors.Is(err, ErrFull):
			full++
		default:
			t.Error(err)
		}
	}
	if n := len(bodies(t, nc)); took != n || took+full != 6 {
		t.Errorf("%d taken, %d refused, %d stored", took, full, n)
	}
}

func TestReadCommit(t *testing.T) {
	for answer, want := range map[string]string{
		`{"stream":"S","seq":9,"batch":"b","count":3}`:                                    "",
		`{"stream":"S","seq":9}`:                                                          "knows no atomic batches",
		`{"stream":"S","seq":9,"batch":"b","count":2}`:                                    "knows no atomic batches",
		`{"error":{"code":400,"err_code":10201,"description":"contains duplicate"}}`:      "contains duplicate",
		`{"error":{"code":400,"err_code":10174,"description":"atomic publish disabled"}}`: "atomic publish disabled",
		`no JSON`: "not understood",
	} {
		err := readCommit([]byte(answer), 3)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", answer, err)
		}
	}
}

// TestGroupsOnThreeNodes publishes in groups to a replicated stream, also what is there already.
func TestGroupsOnThreeNodes(t *testing.T) {
	s := newCluster(t)
	nc := s.connect()
	js := jetStream(t, nc)
	eventually(t, "the streams are made", func() bool { return Ensure(t.Context(), js, Config{Replicas: 3}) == nil })
	p, _ := grouped(t, nc)
	for range 2 {
		for i, err := range ride(t, p, someMsgs(0, 20)...) {
			if err != nil {
				t.Errorf("message %d: %v", i, err)
			}
		}
	}
	if n := stored(t, s, In); n != 20 {
		t.Errorf("%d messages are stored, not 20", n)
	}
}

// TestGroupsInFlightWhenTheServerDies publishes in groups over restarts: nothing said to be stored may be missing.
func TestGroupsInFlightWhenTheServerDies(t *testing.T) {
	s, nc := newStreams(t)
	p, _ := grouped(t, nc)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	acked := newWork()
	var callers sync.WaitGroup
	for c := range 16 {
		callers.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				id := fmt.Sprint(c, "-", i)
				if p.Publish(t.Context(), "plusone.in.a", id, nil, []byte(id)) == nil {
					acked.commit([]*Message{{Data: []byte(id)}})
				}
			}
		})
	}
	for range 2 {
		before := acked.len()
		eventually(t, "some are stored", func() bool { return acked.len() > before+100 })
		s.stop()
		s.start()
	}
	before := acked.len()
	eventually(t, "more are stored after the restart", func() bool { return acked.len() > before+100 })
	cancel()
	callers.Wait()
	there := make(map[string]int)
	for _, body := range bodies(t, nc) {
		there[body]++
	}
	for id := range acked.done {
		if there[id] != 1 {
			t.Errorf("message %s was said to be stored, and is there %d times", id, there[id])
		}
	}
}

package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/plusone-dev/plusone/internal/stream"
	"github.com/plusone-dev/plusone/internal/testkit"
)

// settled is a database and a stream that workers of this process bring to rest.
type settled struct {
	t        testing.TB
	dsn, url string
	js       jetstream.JetStream
	probe    *stream.Probe

	published int
	mode      string // of Stripe's; "" is test
}

func newStreamAndDatabase(t testing.TB) *settled {
	t.Helper()
	s := &settled{t: t, dsn: testkit.Database(t), url: testkit.NATS(t)}
	nc, err := stream.Connect(s.url, "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	if s.js, err = jetstream.New(nc); err != nil {
		t.Fatal(err)
	}
	if err := stream.Ensure(t.Context(), s.js, stream.Config{}); err != nil {
		t.Fatal(err)
	}
	if s.probe, err = stream.NewProbe(nc, stream.In, ""); err != nil {
		t.Fatal(err)
	}
	return s
}

// newSettled is one with Alice, and Bob who was rewarded.
func newSettled(t testing.TB) *settled {
	t.Helper()
	s := newStreamAndDatabase(t)
	at := time.Now().Add(-time.Hour)
	s.work(1, signUp("alice", "", at))
	s.work(1, signUp("bob", s.codeOf("alice"), at), paid("bob", 1000, at.Add(time.Minute)))
	return s
}

func (s *settled) codeOf(user string) string {
	s.t.Helper()
	return query[string](s.t, s.dsn, "select code from codes c join users u on u.id = c.owner_id where u.external_id = $1", user)[0]
}

// work publishes messages as they are, without a de-duplication id, and has so many workers bring them to rest.
func (s *settled) work(workers int, messages ...message) {
	s.t.Helper()
	s.publish(messages)
	ctx, stop := context.WithCancel(s.t.Context())
	defer stop()
	var wait sync.WaitGroup
	for i := range workers {
		wait.Go(func() { s.worker(ctx, i) })
	}
	testkit.Eventually(s.t, patience, func() (bool, string) {
		lag, err := s.probe.Lag(s.t.Context())
		return err == nil && lag.Pending+lag.Unacked == 0 && s.acked(), fmt.Sprintf("%+v, %v", lag, err)
	})
	stop()
	wait.Wait()
}

// acked says whether everything has been answered for, from the first message on.
func (s *settled) acked() bool {
	c, err := s.js.Consumer(s.t.Context(), stream.In, stream.DefaultConsumer)
	return err == nil && c.CachedInfo().AckFloor.Stream == uint64(s.published)
}

func (s *settled) deadLetters() uint64 {
	s.t.Helper()
	dead, err := s.js.Stream(s.t.Context(), stream.Dead)
	if err != nil {
		s.t.Fatal(err)
	}
	return dead.CachedInfo().State.Msgs
}

func (s *settled) publish(messages []message) {
	s.t.Helper()
	for _, m := range messages {
		subject := "plusone.in.user.registered"
		if m.stripe {
			subject = "plusone.in.stripe.checkout.session.completed" // the worker reads the type from the bytes
		}
		if _, err := s.js.PublishAsync(subject, m.body); err != nil {
			s.t.Fatal(err)
		}
	}
	s.published += len(messages)
	select {
	case <-s.js.PublishAsyncComplete():
	case <-time.After(patience):
		s.t.Fatal("the stream does not take the messages")
	}
}

// worker is the real command, until the context ends.
func (s *settled) worker(ctx context.Context, number int) {
	var out, errs bytes.Buffer
	code := run(ctx, []string{
		"worker", "--nats-url", s.url, "--database-url", testkit.As(s.t, s.dsn, "plusone_worker"), "--hash-key", hashKey, "--stripe-mode", cmp.Or(s.mode, "test"),
		"--admin", "127.0.0.1:0", "--max-batch", "32",
	}, streams{&out, &errs})
	if code != 0 {
		s.t.Errorf("worker %d ended with %d:\n%s", number, code, errs.String())
	}
	if strings.Contains(errs.String(), `"level":"ERROR"`) {
		s.t.Errorf("worker %d has trouble:\n%s", number, errs.String())
	}
	mustHideSecrets(s.t, errs.String())
}

// outcome is what law 1 speaks of: who stands where, and who has what.
type outcome struct {
	Referrals map[string]string
	Balances  map[string]int64
	// Crowd counts those whose names start with "crowd": which of them got a place on the code depends on arrival.
	Crowd map[string]int
}

func (s *settled) outcome() outcome {
	s.t.Helper()
	o := outcome{Referrals: map[string]string{}, Balances: map[string]int64{}, Crowd: map[string]int{}}
	for _, row := range query[[]string](s.t, s.dsn, `select array[u.external_id, r.status, coalesce(r.reason, '')]
		from referrals r join users u on u.id = r.referee_id`) {
		if strings.HasPrefix(row[0], "crowd") {
			o.Crowd[row[1]+" "+row[2]]++
		} else {
			o.Referrals[row[0]] = row[1] + " " + row[2]
		}
	}
	for _, row := range query[[]string](s.t, s.dsn, `select array[u.external_id, b.minor::text]
		from balances b join users u on u.id = b.user_id where minor <> 0`) {
		if strings.HasPrefix(row[0], "crowd") {
			o.Crowd["has "+row[1]]++
		} else {
			o.Balances[row[0]], _ = strconv.ParseInt(row[1], 10, 64)
		}
	}
	return o
}

// TestAnyNumberOfWorkersComesToTheSame has two, four and eight workers race for one stream, with everything in it three
// times and in any order, and a code that four times as many would use as may.
func TestAnyNumberOfWorkersComesToTheSame(t *testing.T) {
	want := raceOutcome()
	for _, workers := range []int{1, 2, 4, 8} {
		t.Run(fmt.Sprintf("%d workers", workers), func(t *testing.T) {
			s := newStreamAndDatabase(t)
			at := time.Now().Add(-time.Hour)
			s.work(1, signUp("queen", "", at), signUp("anna", "", at), signUp("otto", "", at))
			codes := map[string]string{}
			for _, user := range []string{"queen", "anna", "otto"} {
				codes[user] = s.codeOf(user)
			}
			s.work(workers, raceMessages(codes, at)...)
			if diff := gocmp.Diff(want, s.outcome()); diff != "" {
				t.Errorf("not what one would expect (-want +got):\n%s", diff)
			}
			if code, out, errs := invoke(t, "audit", "--database-url", testkit.As(t, s.dsn, "plusone_tools")); code != 0 {
				t.Errorf("the audit ended with %d: %s%s", code, out, errs)
			}
			if letters := s.deadLetters(); letters != 0 {
				t.Errorf("%d dead letters", letters)
			}
		})
	}
}

func raceMessages(codes map[string]string, at time.Time) (all []message) {
	add := func(user, referrer string, cents int64) {
		all = append(all, signUp(user, codes[referrer], at), paid(user, cents, at.Add(time.Minute)), charged(user, cents, at.Add(time.Minute)))
	}
	for i := range 40 {
		add(fmt.Sprintf("crowd%02d", i), "queen", 1000)
	}
	for i := range 6 {
		add(fmt.Sprintf("a%d", i), "anna", 2000)
		add(fmt.Sprintf("o%d", i), "otto", []int64{500, 1500}[min(i, 1)])
	}
	for _, user := range []string{"o1", "o2"} {
		all = append(all, refunded(user, 1500, at.Add(2*time.Minute)))
	}
	all = slices.Concat(all, all, all)
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

func raceOutcome() outcome {
	o := outcome{
		Referrals: map[string]string{"o0": "pending ", "o1": "cancelled refunded", "o2": "cancelled refunded"},
		Balances:  map[string]int64{"queen": 10_000, "anna": 6_000, "otto": 3_000},
		Crowd:     map[string]int{"rewarded ": 10, "cancelled code_exhausted": 30, "has 1000": 10},
	}
	for _, user := range []string{"a0", "a1", "a2", "a3", "a4", "a5", "o3", "o4", "o5"} {
		o.Referrals[user], o.Balances[user] = "rewarded ", 1000
	}
	return o
}

// TestAWorkerWaitsForItsSchema is started before the migration, as an orchestrator may: nothing is lost by that.
func TestAWorkerWaitsForItsSchema(t *testing.T) {
	s := newStreamAndDatabase(t)
	execute(t, s.dsn, "drop schema public cascade; create schema public")
	s.publish([]message{signUp("alice", "", time.Now().Add(-time.Hour))})
	p := start(t, nil, "worker", "--nats-url", s.url, "--database-url", testkit.As(t, s.dsn, "plusone_worker"), "--hash-key", hashKey, "--stripe-mode", "test",
		"--admin", "127.0.0.1:0", "--ack-wait", "1s")
	p.WaitLine(patience, "pulling pauses")
	p.WaitLine(patience, "not ready to pull")
	if code, _, errs := invoke(t, "migrate", "--database-url", s.dsn); code != 0 {
		t.Fatalf("migrate ended with %d: %s", code, errs)
	}
	testkit.Eventually(t, patience, func() (bool, string) { return s.acked(), p.Output() })
	if s.codeOf("alice") == "" || s.deadLetters() != 0 {
		t.Errorf("%d dead letters", s.deadLetters())
	}
}

package worker

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/stream"
	"github.com/plusone-dev/plusone/internal/testkit"
)

// malformedMessages are what can never be understood, and a word of the reason that is given.
func malformedMessages() map[message]string {
	at := noon.Add(-time.Minute)
	signUpWith := func(name, old, text string) message {
		m := signUp("mallory", "C-ALICE", at)
		return message{m.subject, name, strings.Replace(m.body, old, text, 1)}
	}
	sessionWith := func(name, old, text string) message {
		m := session(9, "mallory", 1000, at)
		return message{m.subject, name, strings.Replace(m.body, old, text, 1)}
	}
	long := strings.Repeat("x", 256)
	return map[message]string{
		{"plusone.in.stripe.charge.refunded", "not JSON", "mallory@example.com{"}:               "not JSON",
		{"plusone.in.stripe.charge.refunded", "no event", `{"object": "charge"}`}:               "not a Stripe event",
		sessionWith("no id", `"evt_session_9"`, "null"):                                         "no usable id",
		sessionWith("no time", fmt.Sprint(at.Unix()), `"soon"`):                                 "created",
		sessionWith("negative", "1000", "-1000"):                                                "must not be negative",
		sessionWith("overflow", "1000", "9223372036854775808"):                                  "fits 64 bits",
		sessionWith("fraction", "1000", "10.5"):                                                 "whole number",
		sessionWith("currency", `"usd"`, `"US$"`):                                               "currency",
		stripe("refund.updated", "evt_odd", `{"id": "re_1", "amount": 1, "status": "odd"}`, at): "status",
		{"plusone.in.user.registered", "no JSON", "mallory@example.com"}:                        "not JSON",
		signUpWith("no user", `"user_id": "mallory"`, `"user_id": ""`):                          "data.user_id",
		signUpWith("user of the wrong type", `"user_id": "mallory"`, `"user_id": 7`):            "data.user_id",
		signUpWith("control characters", `"user_id": "mallory"`, `"user_id": "mal\nlory"`):      "control characters",
		signUpWith("a long id", `"user_id": "mallory"`, fmt.Sprintf(`"user_id": %q`, long)):     "longer than 255",
		signUpWith("no e-mail", `"mallory@example.com"`, `"mallory"`):                           "data.email",
		signUpWith("verified by whom", `"email_verified": true`, `"email_verified": "yes"`):     "data.email_verified",
		signUpWith("another program", `"username"`, `"program": "V.I.P.", "username"`):          "data.program",
		// A service that may tell of users, and would like to decide about referrals.
		{"plusone.in.user.reviewed", "a decision among users", review("mallory")}:                                               "not of the subject",
		{"plusone.in.code.assigned", "a decision among codes", review("mallory")}:                                               "not of the subject",
		{"plusone.in.link.visited", "a decision among visits", review("mallory")}:                                               "not of the subject",
		{"plusone.in.user.visited", "a visit among users", visit("1", "C-ALICE", at).body}:                                      "not of the subject",
		{"plusone.in.link.visited", "a visit of no code", strings.Replace(visit("2", "C-ALICE", at).body, `"code"`, `"of"`, 1)}: "data.code is missing",
		{"plusone.in.referral.reviewed", "a sign-up", signUp("mallory", "", at).body}:                                           "not of the subject",
		{"plusone.in.referral.reviewed", "a review by nobody", strings.Replace(review("mallory"), `"by"`, `"of"`, 1)}:           "data.by is missing",
	}
}

func review(user string) string {
	return fmt.Sprintf(`{"specversion": "1.0", "id": "review-%[1]s", "source": "/office", "type": "referral.reviewed", "time": %[2]q,
		"data": {"user_id": %[1]q, "referral_code": "C-ALICE", "verdict": "approved", "by": "carol", "why": "a friend"}}`, user, noon.Format(time.RFC3339))
}

func TestMalformedMessages(t *testing.T) {
	w := newWorld(t, "")
	w.work()
	bad := malformedMessages()
	for m := range bad {
		w.publish(m)
	}
	w.publish(story()...)
	for m := range bad { // any of these repeated changes nothing else
		w.publish(m)
	}
	w.settle()
	if diff := cmp.Diff(storyOutcome, w.outcome()); diff != "" {
		t.Error(diff)
	}
	w.lawful()
	w.toldOnce()

	letters := make(map[string]int)
	for _, m := range w.stored(stream.Dead) {
		why := m.Header.Get(stream.HeaderDeadReason)
		original := message{m.Header.Get(stream.HeaderDeadSubject), strings.Split(m.Header.Get("Plusone-Original-Nats-Msg-Id"), "#")[0], string(m.Data)}
		letters[original.name]++
		if want, ok := bad[original]; !ok || !strings.Contains(why, want) {
			t.Errorf("a dead letter %+v because %q, want %q", original, why, want)
		}
		if m.Subject != stream.DeadSubject(original.subject) {
			t.Errorf("a dead letter from %s is on %s", original.subject, m.Subject)
		}
		if strings.Contains(why, "mallory") {
			t.Errorf("the reason repeats what is personal: %s", why)
		}
	}
	for m := range bad {
		if letters[m.name] != 2 {
			t.Errorf("%s: %d dead letters for two messages", m.name, letters[m.name])
		}
	}
	w.wantMetrics(map[string]float64{
		"plusone_worker_events_total result=malformed":                                 float64(2 * len(bad)),
		"plusone_worker_events_total result=malformed type=user.registered":            18,
		"plusone_worker_events_total result=malformed type=referral.reviewed":          8,
		"plusone_worker_events_total result=malformed type=link.visited":               4,
		"plusone_worker_events_total result=malformed type=checkout.session.completed": 12,
		"plusone_worker_events_total result=malformed type=charge.refunded":            4,
		"plusone_worker_events_total result=malformed type=refund.updated":             2,
		"plusone_worker_events_total result=recorded":                                  12,
		"plusone_stream_dead_letters_total class=rejected":                             float64(2 * len(bad)),
		"plusone_stream_dead_letters_total":                                            float64(2 * len(bad)),
	})
}

func TestIgnoredTypes(t *testing.T) {
	w := newWorld(t, "")
	w.work()
	w.handle(
		stripe("invoice.payment_succeeded", "evt_1", `{"id": "in_1"}`, noon),
		stripe("made.up_by_a_stranger", "evt_2", `{"id": "x_1"}`, noon),
		stripe("another.one", "evt_3", `{"id": "x_2"}`, noon),
		stripe("checkout.session.completed", "evt_4", `{"id": "cs_1", "mode": "setup"}`, noon),
		message{"plusone.in.user.moved", "moved", strings.ReplaceAll(signUp("bob", "", noon).body, "user.registered", "user.moved")},
		message{"plusone.in.weather.changed", "rain", "{}"},
		message{"plusone.in.link.hovered", "hover", strings.ReplaceAll(visit("1", "C-BOB", noon).body, "link.visited", "link.hovered")},
		message{"plusone.in.referral.praised", "praise", strings.ReplaceAll(review("bob"), "referral.reviewed", "referral.praised")},
	)
	if dead := w.stored(stream.Dead); len(dead) != 0 {
		t.Errorf("%d dead letters", len(dead))
	}
	w.wantMetrics(map[string]float64{
		"plusone_worker_events_total type=other result=ignored":                      7,
		"plusone_worker_events_total type=checkout.session.completed result=ignored": 1,
		"plusone_worker_events_total":                                                8,
		"plusone_stream_messages_total verdict=acked":                                8,
		"plusone_worker_transaction_seconds":                                         0,
	})
	// An ignored type is not marked as seen: the version that reads it can replay it.
	w.rows("select count(*) from events", func(scan func(...any) error) error {
		var n int
		err := scan(&n)
		if n != 0 {
			t.Errorf("%d events are marked as seen", n)
		}
		return err
	})
}

func TestFullBatchWithOneMalformedMessage(t *testing.T) {
	const size = 256
	var all []message
	for i := range size {
		all = append(all, signUp(fmt.Sprintf("user-%d", i), "", noon))
	}
	all[101].body = `{"specversion": "1.0"}`

	t.Run("as one batch", func(t *testing.T) {
		w := newWorld(t, "")
		batch := make([]*stream.Message, 0, size)
		for i, m := range all {
			batch = append(batch, &stream.Message{Subject: m.subject, Data: []byte(m.body), Time: stored, Sequence: uint64(i)})
		}
		w.must(w.worker.Handle(t.Context(), batch))
		for i, m := range batch {
			if why, rejected := m.Rejected(); rejected != (i == 101) {
				t.Errorf("message %d: rejected %t, %s", i, rejected, why)
			}
		}
		w.wantMetrics(map[string]float64{
			"plusone_worker_transaction_seconds":           1,
			"plusone_worker_events_total result=recorded":  size - 1,
			"plusone_worker_events_total result=malformed": 1,
		})
	})
	t.Run("from the stream", func(t *testing.T) {
		w := newWorld(t, "")
		w.publish(all...)
		w.work()
		w.settle()
		if dead := w.stored(stream.Dead); len(dead) != 1 || string(dead[0].Data) != all[101].body {
			t.Errorf("%d dead letters, not the one", len(dead))
		}
		w.wantMetrics(map[string]float64{
			"plusone_worker_events_total result=recorded": size - 1,
			"plusone_stream_messages_total verdict=acked": size - 1,
			"plusone_stream_bisections_total":             0,
		})
	})
}

func TestTheSameEventTwiceInOneBatch(t *testing.T) {
	w := newWorld(t, "")
	m := signUp("bob", "", noon)
	batch := []*stream.Message{{Subject: m.subject, Data: []byte(m.body), Time: stored}, {Subject: m.subject, Data: []byte(m.body), Time: stored}}
	w.must(w.worker.Handle(t.Context(), batch))
	w.must(w.worker.Handle(t.Context(), batch))
	w.wantMetrics(map[string]float64{
		"plusone_worker_events_total result=recorded":  1,
		"plusone_worker_events_total result=duplicate": 3,
	})
}

// TestPoison has the database refuse one event for ever: it alone is given up, after its faults, and the rest goes on.
func TestPoison(t *testing.T) {
	w := newWorld(t, "")
	_, err := w.pool.Exec(t.Context(), `
		create function poison() returns trigger language plpgsql as $$
		begin
			if new.key like '%cs_666' then raise exception 'poison' using errcode = 'check_violation'; end if;
			return new;
		end $$;
		create trigger poison before insert on objects for each row execute function poison()`)
	w.must(err)
	all := story()
	for i := range 100 {
		all = append(all, session(1000+i, fmt.Sprintf("buyer-%d", i), 1000, noon))
	}
	poison := session(666, "mallory", 1000, noon)
	all = append(all[:50], append([]message{poison}, all[50:]...)...)
	w.publish(all...)
	w.work()
	w.settle()
	if diff := cmp.Diff(storyOutcome, w.outcome()); diff != "" {
		t.Error(diff)
	}
	w.lawful()
	w.toldOnce()
	dead := w.stored(stream.Dead)
	if len(dead) != 1 || string(dead[0].Data) != poison.body || !strings.Contains(dead[0].Header.Get(stream.HeaderDeadReason), "poison") {
		t.Errorf("%d dead letters, not the one", len(dead))
	}
	w.wantMetrics(map[string]float64{
		"plusone_worker_events_total result=recorded":   float64(len(all) - 1),
		"plusone_worker_events_total":                   float64(len(all) - 1),
		"plusone_stream_dead_letters_total class=fault": 1,
		"plusone_stream_dead_letters_total":             1,
		"plusone_stream_pauses_total":                   0,
	})
	if n := w.metric("plusone_stream_bisections_total"); n < 1 {
		t.Errorf("%v bisections", n)
	}
}

// TestDatabaseAway has nothing counted, rejected or given up while the database can not be reached.
func TestDatabaseAway(t *testing.T) {
	w := newWorld(t, "")
	pool, err := pgxpool.New(t.Context(), strings.Replace(w.dsn, "/test_", "/gone_", 1))
	w.must(err)
	t.Cleanup(pool.Close)
	away, err := store.New(pool, store.Options{HashKey: []byte("0123456789abcdef")})
	w.must(err)
	w.worker.store = away
	good, bad := signUp("bob", "", noon), message{"plusone.in.user.registered", "", "{"}
	batch := []*stream.Message{{Subject: good.subject, Data: []byte(good.body), Time: stored}, {Subject: bad.subject, Data: []byte(bad.body), Time: stored}}
	err = w.worker.Handle(t.Context(), batch)
	if err == nil || !store.Transient(err) {
		t.Errorf("the error %v does not count as one that may pass", err)
	}
	if _, rejected := batch[1].Rejected(); rejected {
		t.Error("a message was rejected in a batch that was not committed")
	}
	ctx, cancel := context.WithCancel(t.Context())
	w.worker.tick(ctx, &outage{log: w.worker.log})
	w.worker.measureOutbox(ctx)
	if w.worker.drain(ctx, w.pub, &outage{log: w.worker.log}) {
		t.Error("the relay saw nothing wrong")
	}
	w.wantMetrics(map[string]float64{
		"plusone_worker_events_total":                    0,
		"plusone_worker_clock_ticks_total result=failed": 1,
		"plusone_worker_relay_failures_total":            1,
	})
	if rows := w.metric("plusone_outbox_rows"); !math.IsNaN(rows) {
		t.Errorf("the outbox has %v rows, though nobody could ask", rows)
	}
	cancel() // what fails because we stop is nobody's failure
	w.worker.tick(ctx, &outage{log: w.worker.log})
	w.worker.drain(ctx, w.pub, &outage{log: w.worker.log})
	w.wantMetrics(map[string]float64{
		"plusone_worker_clock_ticks_total result=failed": 1,
		"plusone_worker_relay_failures_total":            1,
	})
	if err := w.worker.Handle(ctx, batch); !errors.Is(err, context.Canceled) {
		t.Errorf("a batch that was cut short ended with %v", err)
	}
}

// TestAnswersOfTheServerStateNothing: whoever may ask NATS for something can have the answer sent to the worker, whatever
// they may publish. What a server says, and what plusone itself has told, changes nothing there.
func TestAnswersOfTheServerStateNothing(t *testing.T) {
	w := newWorld(t, "")
	w.work()
	w.handle(story()...)
	before := w.outcome()
	requests := map[string]string{
		"$JS.API.STREAM.INFO." + stream.Out: "", "$JS.API.STREAM.MSG.GET." + stream.Out: `{"seq": 1}`,
		"$JS.API.CONSUMER.INFO." + stream.In + "." + stream.DefaultConsumer: "",
		"$JS.API.CONSUMER.CREATE." + stream.Out + ".spy":                    `{"stream_name": "PLUSONE_OUT", "config": {"name": "spy", "durable_name": "spy", "ack_policy": "none"}}`,
		"$JS.API.CONSUMER.MSG.NEXT." + stream.Out + ".spy":                  `{"batch": 100, "no_wait": true}`,
		"plusone.out.x": "{}",
	}
	told := w.stored(stream.Out)
	for _, subject := range []string{"plusone.in.stripe.x", "plusone.in.user.registered", "plusone.in.user.x"} {
		for request, body := range requests {
			w.must(w.nc.PublishRequest(request, subject, []byte(body)))
		}
		for _, event := range told { // as a stream answers that may be read directly
			w.must(w.nc.Publish(subject, event.Data))
		}
	}
	w.must(w.nc.Flush())
	in, err := w.js.Stream(t.Context(), stream.In)
	w.must(err)
	testkit.Eventually(t, patience, func() (bool, string) {
		info, err := in.Info(t.Context())
		w.must(err)
		landed := int(info.State.Msgs) - w.sent
		return landed >= 3*(len(told)+len(requests)-2), fmt.Sprintf("%d answers have landed", landed)
	})
	info, err := in.Info(t.Context())
	w.must(err)
	w.sent = int(info.State.Msgs)
	w.settle()
	if after := w.outcome(); after != before {
		t.Errorf("they said something:\n%s", cmp.Diff(before, after))
	}
	w.lawful()
}

package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// shipped is the configuration that operators are given.
const shipped = "../../deploy/nats/nats.conf"

// passwords as operators make them. Some of what openssl makes begins like a number, and a bcrypt like a variable.
var passwords = map[string]string{
	"ingress": "7e5a1f20c4d94a6f", "worker": "12k0ab34", "api": "5d41402a", "tools": "0e1122334455667788990a", "producer": "feedface", "consumer": "1b2c",
	"sys": "sys-password", "route": "9g8h7i",
}

// secured is a cluster of three servers in this process with the shipped configuration; only ports and folders are others.
type secured struct {
	t    *testing.T
	all  []*server.Server
	urls []string
}

func newSecured(t *testing.T) *secured {
	t.Helper()
	for user, password := range passwords {
		t.Setenv("PLUSONE_NATS_"+strings.ToUpper(user)+"_PASSWORD", password)
	}
	t.Setenv("PLUSONE_NATS_SYS_PASSWORD", "$2a$04$g6Ll2sINqeSgxPvC9i3NNOrVaPwUTd2.KMnsh5RQg/0xbMenvxCGq") // of sys-password
	t.Setenv("PLUSONE_NATS_MONITOR", "127.0.0.1:8222")
	addrs := freeAddrs(t, 3)
	var routes []string
	for _, addr := range addrs {
		routes = append(routes, "nats://route:"+passwords["route"]+"@"+addr)
	}
	t.Setenv("PLUSONE_NATS_ROUTES", "["+strings.Join(routes, ", ")+"]")
	s := &secured{t: t}
	for i, addr := range addrs {
		s.start(fmt.Sprintf("nats-%d", i+1), addr)
	}
	return s
}

func (s *secured) start(name, cluster string) *server.Server {
	s.t.Helper()
	s.t.Setenv("PLUSONE_NATS_NAME", name)
	s.t.Setenv("PLUSONE_NATS_STORE", s.t.TempDir())
	opts, err := server.ProcessConfigFile(shipped)
	if err != nil {
		s.t.Fatal(err)
	}
	at, err := url.Parse("nats://" + cluster)
	if err != nil {
		s.t.Fatal(err)
	}
	opts.Host, opts.Port, opts.HTTPPort = "127.0.0.1", server.RANDOM_PORT, server.RANDOM_PORT
	opts.Cluster.Host = at.Hostname()
	if _, err := fmt.Sscan(at.Port(), &opts.Cluster.Port); err != nil {
		s.t.Fatal(err)
	}
	opts.NoLog, opts.NoSigs = true, true
	srv, err := server.NewServer(opts)
	if err != nil {
		s.t.Fatal(err)
	}
	srv.Start()
	s.t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(20 * time.Second) {
		s.t.Fatal("the server did not start")
	}
	s.all = append(s.all, srv)
	s.urls = append(s.urls, srv.Addr().String())
	return srv
}

// url is where a user connects: all servers, of which only the first names the user.
func (s *secured) url(user string) string {
	return "nats://" + user + ":" + passwords[user] + "@" + strings.Join(s.urls, ",")
}

// as connects as a role's process does. What the user does by right must not be refused on the way.
func (s *secured) as(user string) *nats.Conn {
	s.t.Helper()
	nc, err := Connect(s.url(user), user, nil)
	if err != nil {
		s.t.Fatalf("%s: %v", user, err)
	}
	s.t.Cleanup(nc.Close)
	return nc
}

func (s *secured) makeStreams() {
	s.t.Helper()
	js := jetStream(s.t, s.as("tools"))
	eventually(s.t, "the tools make the streams", func() bool { return Ensure(s.t.Context(), js, Config{Replicas: 3}) == nil })
}

func mustNotHaveBeenRefused(t *testing.T, conns ...*nats.Conn) {
	t.Helper()
	for _, nc := range conns {
		if err := nc.LastError(); err != nil {
			t.Errorf("%s was refused: %v", nc.Opts.Name, err)
		}
	}
}

// TestEachRoleDoesItsWork takes an event all the way, each step as the user whose it is.
func TestEachRoleDoesItsWork(t *testing.T) {
	s := newSecured(t)
	s.mustAskForStreams("ingress", "worker")
	s.makeStreams()
	ctx := t.Context()
	ingress, worker, api, tools, consumer := s.as("ingress"), s.as("worker"), s.as("api"), s.as("tools"), s.as("consumer")
	for _, nc := range []*nats.Conn{ingress, worker} {
		if err := Ensure(ctx, jetStream(t, nc), Config{}); err != nil {
			t.Errorf("%s: with streams as they should be: %v", nc.Opts.Name, err)
		}
		probe, err := NewProbe(nc, "", "")
		if err == nil {
			err = probe.Check(ctx)
		}
		if err != nil {
			t.Errorf("%s: %v", nc.Opts.Name, err)
		}
	}

	publishes(t, ingress, "plusone.in.stripe.charge.refunded", "plusone.in.user.registered")
	decisions := []string{
		"plusone.in.referral.reviewed", "plusone.in.referral.reopened", "plusone.in.referral.attributed",
		"plusone.in.user.verified", "plusone.in.user.erased", "plusone.in.code.assigned", "plusone.in.link.visited",
	}
	publishes(t, api, decisions...)
	s.produce("plusone.in.user.registered", "rejected")
	s.work(worker, 3+len(decisions))

	publishes(t, worker, "plusone.out.reward.granted", "plusone.out.referral.pending")
	hears(t, consumer, 2)

	dead := letters(t, tools)
	if len(dead) != 1 || string(dead[0].Data) != "rejected" {
		t.Fatalf("%d dead letters", len(dead))
	}
	mustReadLetter(t, api, "rejected")
	again := newPublisher(t, tools, PublisherOptions{})
	if err := again.Publish(ctx, dead[0].Header.Get(HeaderDeadSubject), "again", nil, dead[0].Data); err != nil {
		t.Errorf("publishing a dead letter anew: %v", err)
	}
	letterbox, err := jetStream(t, tools).Stream(ctx, Dead)
	if err == nil {
		err = letterbox.DeleteMsg(ctx, dead[0].Sequence)
	}
	if err != nil {
		t.Errorf("removing a dead letter: %v", err)
	}
	mustNotHaveBeenRefused(t, ingress, worker, api, tools, consumer)
}

// mustReadLetter reads the one dead letter, and how the stream stands, as the console does.
func mustReadLetter(t *testing.T, nc *nats.Conn, body string) {
	t.Helper()
	l, err := NewLetters(nc)
	if err != nil {
		t.Fatal(err)
	}
	page, total, _, err := l.Page(t.Context(), 0, 10)
	if err != nil || total != 1 || len(page) != 1 || string(page[0].Body) != body {
		t.Errorf("%s reads %+v of %d letters, %v", nc.Opts.Name, page, total, err)
	}
	if st, err := l.Standing(t.Context()); err != nil || st.Dead != 1 {
		t.Errorf("%s: the stream stands at %+v, %v", nc.Opts.Name, st, err)
	}
}

// publishes has the stream take messages. One that was just made may have no leader yet.
func publishes(t *testing.T, nc *nats.Conn, subjects ...string) {
	t.Helper()
	p := newPublisher(t, nc, PublisherOptions{})
	for _, subject := range subjects {
		eventually(t, subject+" is taken", func() bool {
			err := p.Publish(t.Context(), subject, subject, nil, []byte(subject))
			if err != nil && !errors.Is(err, ErrUnavailable) {
				t.Fatalf("%s: %s: %v", nc.Opts.Name, subject, err)
			}
			return err == nil
		})
	}
}

// mustAskForStreams has roles begin on servers without streams: they can not make them, and say what to do.
func (s *secured) mustAskForStreams(users ...string) {
	s.t.Helper()
	for _, user := range users {
		nc := s.as(user)
		var err error
		eventually(s.t, "the cluster has a leader who answers", func() bool {
			_, err = jetStream(s.t, nc).Stream(s.t.Context(), In)
			return errors.Is(err, jetstream.ErrStreamNotFound)
		})
		began := time.Now()
		err = Ensure(s.t.Context(), jetStream(s.t, nc), Config{})
		if !errors.Is(err, ErrForbidden) || !strings.Contains(err.Error(), "plusone streams") || !strings.Contains(err.Error(), "STREAM.CREATE.PLUSONE_IN") {
			s.t.Errorf("%s: making the streams: %v", user, err)
		}
		if took := time.Since(began); took > 4*time.Second {
			s.t.Errorf("%s learnt only after %s that it may not", user, took)
		}
		probe, err := NewProbe(nc, "", "")
		if err != nil {
			s.t.Fatal(err)
		}
		if err := probe.Check(s.t.Context()); err == nil || !strings.Contains(err.Error(), "plusone streams") {
			s.t.Errorf("%s: without streams its readiness says %v", user, err)
		}
	}
}

// produce publishes as a service of the business does, with a client that was told nothing but the URL.
func (s *secured) produce(subject, body string) {
	s.t.Helper()
	nc, err := nats.Connect(s.url("producer"), nats.UserInfo("producer", passwords["producer"]), nats.Name("producer"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer nc.Close()
	if _, err := jetStream(s.t, nc).Publish(s.t.Context(), subject, []byte(body)); err != nil {
		s.t.Errorf("the producer: %v", err)
	}
	mustNotHaveBeenRefused(s.t, nc)
}

// work consumes so many messages, and rejects those that say so.
func (s *secured) work(nc *nats.Conn, n int) {
	s.t.Helper()
	done := newWork()
	run := consume(s.t, quick(nc), func(_ context.Context, batch []*Message) error {
		for _, m := range batch {
			if string(m.Data) == "rejected" {
				m.Reject("a test says so")
			}
		}
		done.commit(batch)
		return nil
	})
	eventually(s.t, "all are handled", func() bool { return done.len() == n })
	eventually(s.t, "and answered for", allAnswered(s.t, nc))
	probe, err := NewProbe(nc, "", "")
	if err != nil {
		s.t.Fatal(err)
	}
	if lag, err := probe.Lag(s.t.Context()); err != nil || lag != (Lag{}) {
		s.t.Errorf("the lag is %+v, %v", lag, err)
	}
	run.end()
	publishes(s.t, s.as("ingress"), "plusone.in.stripe.x")
	eventually(s.t, "the age of what waits is read", func() bool {
		lag, err := probe.Lag(s.t.Context())
		if err != nil {
			s.t.Error(err)
		}
		return lag.Pending == 1 && lag.OldestAge > 0
	})
}

// hears reads the outbound events in the two ways that services have: from where they left off, and all from the start.
func hears(t *testing.T, nc *nats.Conn, n int) {
	t.Helper()
	js := jetStream(t, nc)
	durable, err := js.CreateOrUpdateConsumer(t.Context(), Out, jetstream.ConsumerConfig{Durable: "billing", FilterSubject: "plusone.out.reward.>"})
	if err != nil {
		t.Fatal(err)
	}
	m, err := durable.Next(jetstream.FetchMaxWait(10 * time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.DoubleAck(t.Context()); err != nil {
		t.Errorf("acknowledging: %v", err)
	}
	ordered, err := js.OrderedConsumer(t.Context(), Out, jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	batch, err := ordered.Fetch(n, jetstream.FetchMaxWait(10*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	got := 0
	for range batch.Messages() {
		got++
	}
	if got != n || batch.Error() != nil {
		t.Errorf("%d of %d events, %v", got, n, batch.Error())
	}
}

// refusedPublish is what each user may not publish, the requests that JetStream takes among it.
var refusedPublish = map[string][]string{
	"ingress": {
		"plusone.out.reward.granted", "plusone.dead.in.user.registered", "plusone.in.referral.reviewed", "plusone.in.code.assigned", "plusone.in.link.visited", "plusone.in", "other",
		"$JS.API.STREAM.MSG.GET.PLUSONE_IN", "$JS.API.DIRECT.GET.PLUSONE_IN", "$JS.API.STREAM.INFO.OTHER",
		"$JS.API.CONSUMER.CREATE.PLUSONE_IN.worker", "$JS.API.CONSUMER.CREATE.PLUSONE_IN.spy", "$JS.API.CONSUMER.CREATE.PLUSONE_IN.spy.plusone.in.>",
		"$JS.API.CONSUMER.DURABLE.CREATE.PLUSONE_IN.spy", "$JS.API.CONSUMER.INFO.PLUSONE_IN.worker",
		"$JS.API.CONSUMER.MSG.NEXT.PLUSONE_IN.worker", "$JS.ACK.PLUSONE_IN.worker.1.1.1.1.0",
	},
	"worker": {
		"plusone.in.stripe.charge.refunded", "plusone.in.user.registered", "plusone.in.referral.reviewed", "other",
		"$JS.API.STREAM.MSG.GET.PLUSONE_OUT", "$JS.API.STREAM.MSG.GET.PLUSONE_DEAD", "$JS.API.DIRECT.GET.PLUSONE_DEAD",
		"$JS.API.CONSUMER.CREATE.PLUSONE_IN.spy", "$JS.API.CONSUMER.CREATE.PLUSONE_OUT.worker", "$JS.API.CONSUMER.CREATE.PLUSONE_DEAD.worker",
		"$JS.API.CONSUMER.MSG.NEXT.PLUSONE_OUT.billing", "$JS.ACK.PLUSONE_OUT.billing.1.1.1.1.0",
	},
	"api": {
		"$JS.API.STREAM.MSG.DELETE.PLUSONE_DEAD", "$JS.API.CONSUMER.CREATE.PLUSONE_DEAD.spy", "$JS.API.STREAM.INFO.PLUSONE_OUT",
		"$JS.API.STREAM.MSG.GET.PLUSONE_OUT", "$JS.API.DIRECT.GET.PLUSONE_IN", "$JS.API.CONSUMER.INFO.PLUSONE_OUT.billing",
		"plusone.in.stripe.charge.refunded", "plusone.in.user.registered", "plusone.in.user.verified.x", "plusone.in.referral", "plusone.in.code.x", "plusone.in.link.x",
		"plusone.out.reward.granted", "plusone.dead.in.user.registered", "other",
		"$JS.API.STREAM.INFO.PLUSONE_IN", "$JS.API.STREAM.MSG.GET.PLUSONE_IN", "$JS.API.CONSUMER.CREATE.PLUSONE_IN.spy",
		"$JS.API.CONSUMER.MSG.NEXT.PLUSONE_IN.worker", "$JS.ACK.PLUSONE_IN.worker.1.1.1.1.0",
	},
	"tools": {"plusone.out.reward.granted", "plusone.dead.in.user.registered", "other", "$SYS.REQ.SERVER.PING"},
	"producer": {
		"plusone.in.stripe.charge.refunded", "plusone.in.referral.reviewed", "plusone.in.code.assigned", "plusone.in.link.visited", "plusone.in.user.registered.x",
		"plusone.out.reward.granted", "plusone.dead.in.user.registered", "other",
		"$JS.API.STREAM.INFO.PLUSONE_IN", "$JS.API.STREAM.MSG.GET.PLUSONE_IN", "$JS.API.CONSUMER.CREATE.PLUSONE_IN.spy",
		"$JS.API.CONSUMER.MSG.NEXT.PLUSONE_IN.worker", "$JS.ACK.PLUSONE_IN.worker.1.1.1.1.0",
	},
	"consumer": {
		"plusone.in.stripe.charge.refunded", "plusone.in.user.registered", "plusone.out.reward.granted", "plusone.dead.in.user.registered", "other",
		"$JS.API.STREAM.INFO.PLUSONE_IN", "$JS.API.STREAM.MSG.GET.PLUSONE_IN", "$JS.API.STREAM.MSG.GET.PLUSONE_DEAD",
		"$JS.API.CONSUMER.CREATE.PLUSONE_IN.spy", "$JS.API.CONSUMER.CREATE.PLUSONE_DEAD.spy", "$JS.API.CONSUMER.MSG.NEXT.PLUSONE_IN.worker",
		"$JS.API.CONSUMER.DELETE.PLUSONE_IN.worker", "$JS.ACK.PLUSONE_IN.worker.1.1.1.1.0",
	},
}

// reserved is what only the tools may ask for.
func reserved() (all []string) {
	for _, stream := range []string{In, Out, Dead} {
		for _, verb := range []string{"CREATE", "UPDATE", "DELETE", "PURGE", "MSG.DELETE", "SNAPSHOT", "RESTORE", "LEADER.STEPDOWN"} {
			all = append(all, "$JS.API.STREAM."+verb+"."+stream)
		}
	}
	return append(all, "$JS.API.STREAM.LIST", "$JS.API.STREAM.NAMES", "$JS.API.CONSUMER.DELETE.PLUSONE_IN.worker",
		"$JS.API.CONSUMER.LIST.PLUSONE_IN", "$JS.API.CONSUMER.PAUSE.PLUSONE_IN.worker", "$JS.API.INFO", "$SYS.REQ.SERVER.PING",
		"$JS.SNAPSHOT.RESTORE.PLUSONE_IN.x", "$JS.SNAPSHOT.ACK.PLUSONE_IN.x", "_INBOX_worker.reply", "_INBOX_ingress.reply")
}

// refusedSubscribe is what each user may not listen to: everything but what they are answered. Consumers may hear the news
// as well.
var refusedSubscribe = []string{
	">", "plusone.>", "plusone.in.>", "plusone.in.stripe.charge.refunded", "plusone.dead.>", "$JS.>", "$JS.API.>", "$JS.ACK.>", "$SYS.>", "_INBOX_*.>",
}

// TestEachRefusalRefuses asks for all that nobody should be given. It is the server that must say no: an answer that does
// not come would prove nothing.
func TestEachRefusalRefuses(t *testing.T) {
	s := newSecured(t)
	s.makeStreams()
	for user, subjects := range refusedPublish {
		t.Run(user, func(t *testing.T) {
			nc := s.as(user)
			if user != "tools" {
				subjects = append(subjects, reserved()...)
			}
			for _, subject := range subjects {
				mustRefuse(t, nc, fmt.Sprintf(`Publish to "%s"`, subject), nc.Publish(subject, []byte("{}")))
			}
			listens := refusedSubscribe
			for other := range passwords {
				if other != user {
					listens = append(listens, "_INBOX_"+other+".>")
				}
			}
			if user != "producer" {
				listens = append(listens, "_INBOX.>")
			}
			if user != "consumer" {
				listens = append(listens, "plusone.out.>")
			}
			for _, subject := range listens {
				_, err := nc.SubscribeSync(subject)
				mustRefuse(t, nc, fmt.Sprintf(`Subscription to "%s"`, subject), err)
			}
		})
	}
	for name, c := range infos(t, jetStream(t, s.as("tools"))) {
		if c.Replicas != 3 {
			t.Errorf("%s has %d replicas", name, c.Replicas)
		}
	}
}

// mustRefuse waits for the server's answer to what was sent: its refusal comes before the answer to a ping.
func mustRefuse(t *testing.T, nc *nats.Conn, what string, sent error) {
	t.Helper()
	if sent != nil {
		t.Fatal(sent)
	}
	if err := nc.FlushTimeout(10 * time.Second); err != nil {
		t.Fatal(err)
	}
	if err := nc.LastError(); !errors.Is(err, nats.ErrPermissionViolation) || !strings.Contains(err.Error(), what) {
		t.Errorf("not refused: %s (%v)", what, err)
	}
}

// TestStrangersStayOut has those come who are no users, also to the servers' own port.
func TestStrangersStayOut(t *testing.T) {
	s := newSecured(t)
	for _, user := range []string{"", "api@", "api:api@", "worker:@", "worker:" + passwords["ingress"] + "@", passwords["worker"] + "@", "sys:sys@"} {
		if nc, err := Connect("nats://"+user+s.urls[0], "stranger", nil); !errors.Is(err, nats.ErrAuthorization) {
			t.Errorf("%q: %v", user, err)
			nc.Close()
		}
	}
	s.as("sys") // by the password whose bcrypt the server has
	t.Setenv("PLUSONE_NATS_ROUTES", strings.ReplaceAll(routesOf(s), passwords["route"], "guessed"))
	t.Setenv("PLUSONE_NATS_ROUTE_PASSWORD", "guessed")
	var log logbook
	s.all[0].SetLogger(serverLog{log.logger()}, false, false)
	intruder := s.start("nats-4", freeAddrs(t, 1)[0])
	said := ""
	eventually(t, "the intruder is refused", func() bool {
		said += log.take()
		return strings.Contains(said, server.ErrAuthentication.Error())
	})
	for _, srv := range s.all[:3] { // the intruder itself counts those it has dialled, until they are closed
		routes, err := srv.Routez(nil)
		if err != nil {
			t.Fatal(err)
		}
		if routes.NumRoutes == 0 {
			t.Errorf("%s has no routes at all", srv.Name())
		}
		for _, r := range routes.Routes {
			if r.RemoteID == intruder.ID() {
				t.Errorf("%s has a route to a server with a wrong password", srv.Name())
			}
		}
	}
}

// serverLog writes what a server says into our log.
type serverLog struct{ *slog.Logger }

func (l serverLog) Noticef(format string, args ...any) { l.Info(fmt.Sprintf(format, args...)) }
func (l serverLog) Warnf(format string, args ...any)   { l.Warn(fmt.Sprintf(format, args...)) }
func (l serverLog) Errorf(format string, args ...any)  { l.Error(fmt.Sprintf(format, args...)) }
func (l serverLog) Fatalf(format string, args ...any)  { l.Error(fmt.Sprintf(format, args...)) }
func (serverLog) Debugf(string, ...any)                {}
func (serverLog) Tracef(string, ...any)                {}

func routesOf(s *secured) string {
	var all []string
	for _, srv := range s.all {
		all = append(all, "nats://route:"+passwords["route"]+"@"+srv.ClusterAddr().String())
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// TestAConnectionFollowsItsCluster knows of one server only, and goes on with another when that is gone.
func TestAConnectionFollowsItsCluster(t *testing.T) {
	s := newSecured(t)
	s.makeStreams()
	first := strings.Split(s.url("worker"), ",")[0]
	nc, err := Connect(first, "worker", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	eventually(t, "it hears of the others", func() bool { return len(nc.DiscoveredServers()) == 2 })
	s.all[0].Shutdown()
	eventually(t, "it goes on", func() bool { return nc.IsConnected() && nc.ConnectedAddr() != s.urls[0] })
	probe, err := NewProbe(nc, "", "")
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "and works", func() bool { return probe.Check(t.Context()) == nil })
}

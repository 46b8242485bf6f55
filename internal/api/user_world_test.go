package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/plusone-dev/plusone/internal/decide"
	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/testkit"
	"github.com/plusone-dev/plusone/internal/usertoken"
)

const userSecret = "the secret that the business signs with, in tests"

// userWorld is a world in which users ask.
type userWorld struct {
	*world
	worker  *workerStream
	bare    http.Handler // the handler whose answers are held to nothing
	reg     *prometheus.Registry
	options Users
	now     time.Time // of the limits
}

func newUserWorld(t testing.TB) *userWorld {
	t.Helper()
	u := &userWorld{world: newWorld(t), reg: prometheus.NewRegistry(), now: noon}
	u.worker = &workerStream{world: u.world, known: make(map[string]bool)}
	tokens, err := usertoken.New(usertoken.Config{Secrets: []string{userSecret}})
	u.must(err)
	u.options = Users{
		Store: u.as("plusone_api").Database, Tokens: tokens, PublicURL: "https://refer.example.com", PerMinute: 10_000,
		Desk:    decide.New(u.worker, "/plusone/api", slog.New(slog.DiscardHandler), nil),
		Metrics: NewUserMetrics(u.reg), Now: func() time.Time { return u.now },
	}
	u.serve()
	return u
}

// serve makes the handler anew, with what the options are by now.
func (u *userWorld) serve() {
	log := slog.New(slog.NewJSONHandler(u.log, nil))
	u.bare = New(u.as("plusone_api").Database, []string{token}, log, WithUsers(u.options))
	u.handler = testkit.Documented(u.t, u.bare)
}

// workerStream is a stream with a worker behind it: it drops a message that it has had, as JetStream does.
type workerStream struct {
	world *world
	mu    sync.Mutex
	known map[string]bool
	away  error
	slow  bool         // nothing is applied
	apply []fact.Event // what was published
}

func (s *workerStream) Publish(ctx context.Context, _, msgID string, _ map[string]string, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away != nil {
		return s.away
	}
	e, err := fact.ParseCloudEvent(data)
	if err != nil || s.known[msgID] {
		return err
	}
	s.known[msgID] = true
	s.apply = append(s.apply, e)
	if s.slow {
		return nil
	}
	_, err = s.world.store.Apply(ctx, []fact.Event{e})
	return err
}

// bearer is a user's own token.
func (u *userWorld) bearer(userID string) string {
	u.t.Helper()
	token, err := usertoken.Mint(userSecret, userID, time.Now(), time.Hour)
	u.must(err)
	return "Bearer " + token
}

// ask asks as a user, and reads the answer into something.
func (u *userWorld) ask(userID, target string, into any) string {
	u.t.Helper()
	answer := u.do(http.MethodGet, target, u.bearer(userID))
	if answer.Code != http.StatusOK || answer.Header().Get("Content-Type") != "application/json" || answer.Header().Get("Cache-Control") != "no-store" {
		u.t.Fatalf("%s as %s: %d %v %s", target, userID, answer.Code, answer.Header(), answer.Body)
	}
	u.must(json.Unmarshal(answer.Body.Bytes(), into))
	return answer.Body.String()
}

// validates has a code validated, by a user or with "" by a visitor.
func (u *userWorld) validates(userID, code string) *httptest.ResponseRecorder {
	u.t.Helper()
	body, err := json.Marshal(map[string]string{"referral_code": code})
	u.must(err)
	if userID == "" {
		return u.send(http.MethodPost, "/referral/validate", string(body))
	}
	return u.send(http.MethodPost, "/referral/validate", string(body), u.bearer(userID))
}

// from asks from an address.
func (u *userWorld) from(address, body string, authorization ...string) *httptest.ResponseRecorder {
	u.t.Helper()
	r := httptest.NewRequestWithContext(u.t.Context(), http.MethodPost, "/referral/validate", strings.NewReader(body))
	r.RemoteAddr = address
	for _, a := range authorization {
		r.Header.Add("Authorization", a)
	}
	answer := httptest.NewRecorder()
	u.handler.ServeHTTP(answer, r)
	return answer
}

// lateSignUp is a store to which a sign-up comes after the first question.
type lateSignUp struct {
	UserStore
	apply func()
	once  sync.Once
}

func (s *lateSignUp) OwnCode(ctx context.Context, userID string, events []string) (store.OwnCode, error) {
	own, err := s.UserStore.OwnCode(ctx, userID, events)
	s.once.Do(s.apply)
	return own, err
}

// UnmarshalJSON lets tests read an answer; its plain numbers are looked at as text.
func (*decimal) UnmarshalJSON([]byte) error { return nil }

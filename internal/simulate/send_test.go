package simulate

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76/webhook"
)

const secret = "whsec_test"

// entrance is a door that the test keeps, with the codes of those who came in.
type entrance struct {
	*httptest.Server

	t      *testing.T
	mu     sync.Mutex
	answer func(number int) int // the status for the request of this number
	seen   int
	bodies map[string]int // how often each event came
	taken  int
}

func open(t *testing.T, answer func(number int) int) *entrance {
	t.Helper()
	e := &entrance{t: t, answer: answer, bodies: map[string]int{}}
	e.Server = httptest.NewServer(e)
	t.Cleanup(e.Close)
	return e
}

func (e *entrance) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text := make([]byte, r.ContentLength)
	if _, err := r.Body.Read(text); err != nil && err.Error() != "EOF" {
		e.t.Error(err)
	}
	if r.URL.Path == "/webhooks/stripe" {
		if _, err := webhook.ConstructEventWithOptions(text, r.Header.Get("Stripe-Signature"), secret, webhook.ConstructEventOptions{IgnoreAPIVersionMismatch: true}); err != nil {
			e.t.Errorf("a webhook is not signed: %v", err)
		}
	} else if r.URL.Path != "/v1/events" || r.Header.Get("Authorization") != "Bearer token" {
		e.t.Errorf("%s with %s", r.URL.Path, r.Header.Get("Authorization"))
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	status := e.answer(e.seen)
	e.seen++
	e.bodies[string(text)]++
	if status == 200 {
		e.taken++
	} else {
		w.Header().Set("Content-Type", "application/problem+json")
	}
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`{"reason":"because"}`))
}

// Codes gives everybody one.
func (*entrance) Codes(_ context.Context, users []string) (map[string]string, error) {
	codes := map[string]string{}
	for _, u := range users {
		codes[u] = "C" + u
	}
	return codes, nil
}

// noCodes has none, for a reason.
type noCodes struct{ err error }

func (n noCodes) Codes(context.Context, []string) (map[string]string, error) { return nil, n.err }

func small(users int) *Run {
	return NewRun(New(Config{Users: users, Rules: ours, Seed: 1, Duplicates: 0.3, Shuffle: 0.3, Refunds: 0.3}), "t", noon, false)
}

// send tells a run, quickly and without much patience.
func send(t *testing.T, run *Run, codes Codes, pace Pace, targets ...string) (Sent, error) {
	t.Helper()
	return sendFor(t, 300*time.Millisecond, run, codes, pace, targets...)
}

func sendFor(t *testing.T, giveUp time.Duration, run *Run, codes Codes, pace Pace, targets ...string) (Sent, error) {
	t.Helper()
	if pace.Patience == 0 {
		pace.Patience = 200 * time.Millisecond
	}
	to := Door{Targets: targets, Secret: secret, Token: "token", Connections: 8, GiveUp: giveUp}
	accepted := map[int32]int{}
	sent, err := Send(t.Context(), run, to, codes, pace, func(fact int32) { accepted[fact]++ }, func(func() Tally) {})
	for i, s := range sent.Statuses {
		if n := accepted[int32(i)]; n > 1 || (n == 1) != (s == Accepted) {
			t.Errorf("fact %d has the status %d, and was told of %d times", i, s, n)
		}
	}
	return sent, err
}

func always(status int) func(int) int { return func(int) int { return status } }

func TestAllIsTold(t *testing.T) {
	run := small(200)
	e := open(t, always(200))
	sent, err := send(t, run, e, Pace{}, e.URL)
	got := sent.Tally
	if err != nil || got.Accepted != len(run.Order) || got.Done != got.Planned || got.Requests != got.Accepted ||
		got.Duplicates != len(run.Order)-len(run.Facts) || got.NotSent+got.Unknown+sent.Waited != 0 || sent.Gone != "" {
		t.Errorf("%v, %+v", err, sent.Tally)
	}
	if len(e.bodies) != len(run.Facts) {
		t.Errorf("%d different events came for %d facts", len(e.bodies), len(run.Facts))
	}
	if l := got.Latency; l.P50 <= 0 || l.P50 > l.P90 || l.P90 > l.P99 || l.P99 > l.Max {
		t.Errorf("latencies %+v", l)
	}
	for i, p := range run.People { // each sign-up names the referrer's code
		if p.Referrer == Nobody {
			continue
		}
		text, found := `"referral_code":"C`+run.UserID(p.Referrer)+`"`, false
		for body := range e.bodies {
			found = found || strings.Contains(body, text) && strings.Contains(body, `"user_id":"`+run.UserID(int32(i))+`"`)
		}
		if !found {
			t.Fatalf("the sign-up of %d does not name the code of %d", i, p.Referrer)
		}
	}
}

// TestWhatIsNotTakenIsSentAgain until it is: the same event, to the byte.
func TestWhatIsNotTakenIsSentAgain(t *testing.T) {
	run := small(50)
	e := open(t, func(n int) int { return []int{200, 200, 503, 200, 200, 500, 200, 200, 429}[n%9] })
	sent, err := sendFor(t, time.Minute, run, e, Pace{}, e.URL)
	if err != nil || sent.Tally.Accepted != len(run.Order) {
		t.Errorf("%v, %+v", err, sent.Tally)
	}
	again := sent.Tally.SentAgain
	if again["503 because"] == 0 || again["500 because"] == 0 || again["429 because"] == 0 ||
		sent.Tally.Requests != sent.Tally.Accepted+again["503 because"]+again["500 because"]+again["429 because"] {
		t.Errorf("%+v", sent.Tally)
	}
	if len(e.bodies) != len(run.Facts) {
		t.Errorf("%d different events came for %d facts", len(e.bodies), len(run.Facts))
	}
}

func TestWhenOneTargetIsAwayTheOtherIsAsked(t *testing.T) {
	run := small(50)
	e, sick := open(t, always(200)), open(t, always(503))
	gone := open(t, always(200))
	gone.Close()
	sent, err := send(t, run, e, Pace{}, gone.URL, e.URL, sick.URL)
	if err != nil || sent.Tally.Accepted != len(run.Order) || sent.Tally.SentAgain["no answer"] == 0 || sent.Tally.SentAgain["503 because"] == 0 {
		t.Errorf("%v, %+v", err, sent.Tally)
	}
}

// TestRefusalsAreFinal, and some more of them in the beginning mean that nothing will ever be taken.
func TestRefusalsAreFinal(t *testing.T) {
	run := small(50)
	e := open(t, func(n int) int {
		if n == 30 {
			return 400
		}
		return 200
	})
	sent, err := send(t, run, e, Pace{}, e.URL)
	if err != nil || sent.Tally.Rejected["400 because"] != 1 || sent.Tally.Requests != sent.Tally.Accepted+1 {
		t.Errorf("%v, %+v", err, sent.Tally)
	}
	e = open(t, always(401))
	sent, err = send(t, run, e, Pace{}, e.URL)
	if !errors.Is(err, ErrShut) || !strings.Contains(err.Error(), "401 because") || sent.Tally.Requests > 2*hopeless+8 {
		t.Errorf("%v, %+v", err, sent.Tally)
	}
}

// TestNobodyAtHome: it does not try for ever, nor every event as long as the first.
func TestNobodyAtHome(t *testing.T) {
	e := open(t, always(200))
	e.Close()
	began := time.Now()
	sent, err := send(t, small(500), e, Pace{}, e.URL)
	if !errors.Is(err, ErrShut) || sent.Tally.Unknown == 0 || sent.Tally.Done > 30 || time.Since(began) > 10*time.Second {
		t.Errorf("%v, %+v", err, sent.Tally)
	}
}

func TestADoorThatShutsLater(t *testing.T) {
	run := small(200)
	e := open(t, func(n int) int {
		if n > 300 {
			return 503
		}
		return 200
	})
	sent, err := send(t, run, e, Pace{}, e.URL)
	if err != nil || sent.Gone != "503 because" || sent.Tally.Unknown == 0 || sent.Tally.NotSent == 0 || sent.Tally.Accepted != 301 {
		t.Errorf("%v, %s, %+v", err, sent.Gone, sent.Tally)
	}
	known := 0
	for _, s := range sent.Statuses {
		if s == Accepted || s == Rejected {
			known++
		}
	}
	if known+sent.Tally.Unknown+sent.Tally.NotSent != len(run.Facts) {
		t.Errorf("%d known, %+v, of %d facts", known, sent.Tally, len(run.Facts))
	}
}

// TestWithoutCodesFriendsWait: they are not sent, everything else is.
func TestWithoutCodesFriendsWait(t *testing.T) {
	run := small(50)
	e := open(t, always(200))
	sent, err := send(t, run, noCodes{errors.New("closed on Sundays")}, Pace{}, e.URL)
	if err != nil || sent.Waited == 0 || sent.CodesErr == nil || sent.Tally.Unknown != 0 {
		t.Errorf("%v, %d wait, %v, %+v", err, sent.Waited, sent.CodesErr, sent.Tally)
	}
	for i, f := range run.Facts {
		waits := f.Kind == SignUp && run.People[f.User].Referrer != Nobody
		if waits != (sent.Statuses[i] == NotSent) {
			t.Errorf("fact %+v has the status %d", f, sent.Statuses[i])
		}
	}
}

// TestFriendsOfWhoWasRefusedAreNotMissed: no code can come, and nobody waits for it.
func TestFriendsOfWhoWasRefusedAreNotMissed(t *testing.T) {
	run := NewRun(New(Config{Users: 60, Rules: ours, Seed: 1}), "t", noon, false)
	e := open(t, always(200))
	refused := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), `"user_id":"`+run.UserID(0)+`"`) { // the first hands out a code
			http.Error(w, "no", http.StatusBadRequest)
			return
		}
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(string(body))), int64(len(body))
		e.ServeHTTP(w, r)
	}))
	defer refused.Close()
	sent, err := sendFor(t, time.Minute, run, e, Pace{Patience: time.Minute}, refused.URL)
	if err != nil || sent.Waited != 0 || sent.Tally.NotSent < int(run.People[0].Invites) || run.People[0].Invites == 0 {
		t.Errorf("%v, %d wait, %+v", err, sent.Waited, sent.Tally)
	}
}

// TestADoorThatRefusesSignUps, and takes all else: nobody got in, so that there is nothing that could differ. It is a
// problem nevertheless.
func TestADoorThatRefusesSignUps(t *testing.T) {
	run := small(30)
	e := open(t, always(200))
	door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/events" {
			http.Error(w, "no", http.StatusServiceUnavailable)
			return
		}
		e.ServeHTTP(w, r)
	}))
	defer door.Close()
	sent, err := send(t, run, e, Pace{}, door.URL)
	if err != nil || sent.Tally.Accepted == 0 || sent.Tally.Unknown == 0 || sent.Tally.NotSent == 0 || sent.Ended {
		t.Fatalf("%v, %+v", err, sent)
	}
	text := strings.Join(NewReport(run, sent).Problems, "\n")
	if !strings.Contains(text, "events were never answered 200") || !strings.Contains(text, "not sent") {
		t.Errorf("it says %q", text)
	}
}

func TestThePaceIsKept(t *testing.T) {
	run := small(50)
	e := open(t, always(200))
	sent, err := send(t, run, e, Pace{Rate: 400}, e.URL)
	least := time.Duration(len(run.Order)-1) * time.Second / 400
	if err != nil || sent.Ended || sent.Tally.Took < least || sent.Tally.Accepted != len(run.Order) {
		t.Errorf("%v: %d events took %s, want at least %s", err, sent.Tally.Accepted, sent.Tally.Took, least)
	}
	sent, err = send(t, run, e, Pace{Rate: 50, For: 200 * time.Millisecond}, e.URL)
	if err != nil || sent.Tally.Accepted == 0 || sent.Tally.Accepted > 11 || sent.Tally.NotSent == 0 || !sent.Ended {
		t.Errorf("%v, %+v", err, sent.Tally)
	}
}

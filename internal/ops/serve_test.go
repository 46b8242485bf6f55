package ops

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"
)

var quiet = slog.New(slog.DiscardHandler)

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// start serves h and returns how to stop it, what serve returned, and what the one request to it got.
func start(t *testing.T, h http.HandlerFunc, grace time.Duration) (stop context.CancelFunc, served, got <-chan error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l := listen(t)
	s, g := make(chan error, 1), make(chan error, 1)
	go func() { s <- serve(ctx, l, h, quiet, grace) }()
	go func() {
		res, err := http.Get("http://" + l.Addr().String())
		if err == nil {
			_, err = io.ReadAll(res.Body)
			_ = res.Body.Close()
		}
		g <- err
	}()
	return cancel, s, g
}

func TestServeFinishesWhatIsUnderWay(t *testing.T) {
	entered, finish := make(chan struct{}), make(chan struct{})
	stop, served, got := start(t, func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-finish
		if r.Context().Err() != nil {
			t.Error("the request's context ended with the server's")
		}
		w.WriteHeader(http.StatusNoContent)
	}, time.Minute)
	<-entered
	stop()
	select {
	case err := <-served:
		t.Fatalf("it did not wait: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(finish)
	if err := <-got; err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestServeCutsOffWhatNeverEnds(t *testing.T) {
	entered := make(chan struct{})
	stop, served, got := start(t, func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
	}, 10*time.Millisecond)
	<-entered
	stop()
	if err := <-served; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if err := <-got; err == nil {
		t.Error("the request was answered")
	}
}

func TestServeSaysWhenItCannotListen(t *testing.T) {
	l := listen(t)
	_ = l.Close()
	if err := Serve(t.Context(), l, http.NotFoundHandler(), quiet); !errors.Is(err, net.ErrClosed) {
		t.Errorf("error %v", err)
	}
}

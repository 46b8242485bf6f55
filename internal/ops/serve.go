package ops

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// The limits of every HTTP server: generous for a slow but honest client, and an end for any other.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 20 * time.Second
	writeTimeout      = 40 * time.Second // from the end of the header, so it covers reading, working and answering
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 32 << 10
	shutdownGrace     = 10 * time.Second
)

// Serve answers requests on a listener until ctx ends; then it takes no more, lets those under way finish for ten
// seconds, and cuts off the rest. It returns nil when it was told to stop and all requests were finished.
// A request's context does not end with ctx: a request under way is to be finished, not dropped.
func Serve(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger) error {
	return serve(ctx, l, h, log, shutdownGrace)
}

func serve(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger, grace time.Duration) error {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug), // mostly strangers that speak no HTTP
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("http server on %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err := srv.Shutdown(stop)
	if err != nil {
		// Shutdown does not end the requests it stopped waiting for.
		err = errors.Join(fmt.Errorf("http server on %s: requests cut off: %w", l.Addr(), err), srv.Close())
	}
	if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

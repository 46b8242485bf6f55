package main

import (
	"io"
	"net"
	"net/http"
	"time"
)

// serveYes is the door's yardstick: net/http reads the body and answers 200, and that is all.
func serveYes(stdin io.Reader, stdout io.Writer) error {
	return serveHTTP(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"received":true}`))
	}, stdin, stdout)
}

func serveHTTP(handler http.HandlerFunc, stdin io.Reader, stdout io.Writer) error {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it does not wait
	if err != nil {
		return err
	}
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: handler}
	go func() { _ = server.Serve(l) }()
	defer server.Close() //nolint:errcheck // it has served
	return untilReleased("http://"+l.Addr().String(), stdin, stdout)
}

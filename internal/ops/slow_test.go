package ops

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// TestServeCutsOffASlowClient: whoever does not come to the end of the header holds a connection for so long and no longer, and
// reaches no handler.
func TestServeCutsOffASlowClient(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	l := listen(t)
	served := make(chan error, 1)
	go func() {
		served <- Serve(ctx, l, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was handled") }), quiet)
	}()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST /referral/validate HTTP/1.1\r\nHost: x\r\nX-Slow: "); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(6 * readHeaderTimeout)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(conn); err != nil { // it ends when the server closes the connection
		t.Errorf("it was not cut off: %v", err)
	}
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

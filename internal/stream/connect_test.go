package stream

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

func TestConnectTellsNoCredentials(t *testing.T) {
	for _, url := range []string{
		"nats://alice:hunter2@127.0.0.1:1",
		"nats://alice:hun ter2@127.0.0.1:1",
		"nats://alice:p/hunter2@x@127.0.0.1:1",
		"nats://hunter2@127.0.0.1:1,nats://bob:hunter2@127.0.0.1:2",
		"nats://alice:hunter2@127.0.0.1:port",
	} {
		var out bytes.Buffer
		nc, err := Connect(url, "test", slog.New(slog.NewTextHandler(&out, nil)))
		if err == nil {
			nc.Close()
			t.Errorf("%s: connected", url)
			continue
		}
		if text := err.Error() + out.String(); strings.Contains(text, "ter2") {
			t.Errorf("%s: the error tells %q", url, text)
		}
	}
}

func TestConnectMayStartBeforeTheServer(t *testing.T) {
	s := newServer(t)
	url := s.srv.ClientURL()
	s.stop()
	if _, err := Connect(url, "test", nil); !errors.Is(err, nats.ErrNoServers) {
		t.Errorf("the error is %v", err)
	}
	nc, err := Connect(url, "test", nil, nats.RetryOnFailedConnect(true), nats.ReconnectWait(10*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	s.start()
	eventually(t, "it connects", nc.IsConnected)
}

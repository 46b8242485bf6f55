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

// TestAWrongPasswordIsAnOutage: it may be the server's that is wrong, and be mended there.
func TestAWrongPasswordIsAnOutage(t *testing.T) {
	s := newServer(t)
	restart := func(password string) {
		s.stop()
		s.opts.Username, s.opts.Password = "worker", password
		s.start()
	}
	restart("old")
	var log logbook
	url := "nats://worker:new@" + s.srv.Addr().String()
	nc, err := Connect(url, "test", log.logger(), nats.RetryOnFailedConnect(true), nats.ReconnectWait(time.Millisecond),
		nats.ReconnectJitter(time.Millisecond, time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	said := ""
	eventually(t, "it says so", func() bool {
		said += log.take()
		return strings.Contains(said, "Authorization Violation")
	})
	eventually(t, "it has tried more often", func() bool {
		v, err := s.srv.Varz(nil)
		return err == nil && v.TotalConnections > 10
	})
	if said += log.take(); strings.Count(said, "Authorization Violation") > 4 || strings.Contains(said, "new") {
		t.Errorf("it says %s", said)
	}
	restart("new")
	eventually(t, "it connects", nc.IsConnected)
}

// TestInboxesAreTheUsersOwn, and no token and no half of a password ever stands in a subject.
func TestInboxesAreTheUsersOwn(t *testing.T) {
	for url, want := range map[string]string{
		"nats://worker:secret@127.0.0.1:1":                        "_INBOX_worker.",
		"nats://127.0.0.1:1, worker:secret@127.0.0.1:2":           "_INBOX_worker.",
		"nats://team%2Dworker:secret@127.0.0.1:1":                 "_INBOX_team-worker.",
		"nats://a.b:secret@127.0.0.1:1":                           "_INBOX.",
		"nats://%3E:secret@127.0.0.1:1":                           "_INBOX.",
		"nats://token@127.0.0.1:1":                                "_INBOX.",
		"nats://127.0.0.1:1":                                      "_INBOX.",
		"nats://token@127.0.0.1:1,nats://worker:sec@127.0.0.1:2":  "_INBOX_worker.",
		"nats://:secret@127.0.0.1:1":                              "_INBOX.",
		"tls://first:secret@127.0.0.1:1,tls://second:s@127.0.0.1": "_INBOX_first.",
	} {
		nc, err := Connect(url, "test", nil, nats.RetryOnFailedConnect(true))
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		if got := nc.NewInbox(); !strings.HasPrefix(got, want) || strings.Contains(got, "token") || strings.Contains(got, "secret") {
			t.Errorf("%s: %s, not %s…", url, got, want)
		}
		nc.Close()
	}
}

package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDevRefusesWhatCanNotWork says what is in the way and what to do, and leaves everything as it was.
func TestDevRefusesWhatCanNotWork(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	busy := taken.Addr().String()
	bad := write(t, "bad.yaml", "name: default\nhold: 3 weeks\n")
	for _, c := range []struct {
		name    string
		prepare func(t *testing.T, data string)
		args    []string
		code    int
		says    []string
	}{
		{name: "port in use", args: []string{"--listen", busy}, code: 1, says: []string{busy + " is in use by another program", "--listen"}},
		{name: "NATS port in use", args: []string{"--nats-listen", busy}, code: 1, says: []string{busy + " is in use by another program", "--nats-listen"}},
		{name: "no address", args: []string{"--listen", "8080", "--nats-listen", "4222"}, code: 2,
			says: []string{"--listen (PLUSONE_LISTEN) is \"8080\"", "--nats-listen (PLUSONE_NATS_LISTEN) is \"4222\"", "host:port"}},
		{name: "another version's data", prepare: oldData, code: 1, says: []string{"PostgreSQL 9", "Nothing was changed"}},
		{name: "no PostgreSQL", prepare: noBinaries, code: 1, says: []string{"holds no PostgreSQL server"}},
		{name: "bad program", args: []string{"--program", bad}, code: 1, says: []string{bad + ":2:"}},
		{name: "no program", args: []string{"--program", "/nowhere.yaml"}, code: 2, says: []string{"/nowhere.yaml"}},
		{name: "a file for a folder", prepare: fileForFolder, code: 1, says: []string{"data"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data")
			if c.prepare != nil {
				c.prepare(t, data)
			}
			code, out, errs := invoke(t, append([]string{"dev", "--data", data, "--listen", "127.0.0.1:0"}, c.args...)...)
			if code != c.code {
				t.Errorf("it ended with %d, want %d", code, c.code)
			}
			mustSay(t, errs, append(c.says, "plusone: ")...)
			mustNotSay(t, out, "plusone is listening")
		})
	}
}

func oldData(t *testing.T, data string) {
	folder := filepath.Join(data, "postgres", "data")
	if err := os.MkdirAll(folder, 0o750); err != nil {
		t.Fatal(err)
	}
	version := filepath.Join(folder, "PG_VERSION")
	if err := os.WriteFile(version, []byte("9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if text, err := os.ReadFile(version); err != nil || string(text) != "9\n" {
			t.Errorf("the folder was touched: %q, %v", text, err)
		}
	})
}

func noBinaries(t *testing.T, _ string) { t.Setenv("PLUSONE_PG_BIN", t.TempDir()) }

func fileForFolder(t *testing.T, data string) {
	if err := os.WriteFile(data, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// write puts a file in a folder of the test's own.
func write(t testing.TB, name, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// otherTerms are such that the story ends otherwise: every reward is held first.
const otherTerms = `
name: default
qualify:
  minimum: {usd: "5.00"}
hold: 14d
rewards:
  - {to: referrer, fixed: {usd: "1.00"}}
`

// TestDevSideBySide runs two at once, one of them under terms of its own and in Stripe's live mode.
func TestDevSideBySide(t *testing.T) {
	t.Parallel()
	one := startDev(t, filepath.Join(t.TempDir(), "one"))
	other := startDev(t, filepath.Join(t.TempDir(), "other"), "--program", write(t, "terms.yaml", otherTerms),
		"--stripe-mode", "live", "--stripe-webhook-secret", webhookSecret+",whsec_another")
	one.mustTellTheStory(t)
	a, b := one.state(t), other.state(t)
	if a.URL == b.URL || a.NATSURL == b.NATSURL || a.DatabaseURL == b.DatabaseURL {
		t.Errorf("they share something: %s %s, %s %s", a.URL, a.NATSURL, b.URL, b.NATSURL)
	}
	for _, d := range []*devProcess{one, other} {
		url := d.state(t).NATSURL
		mustSay(t, d.Output(), "NATS "+url)
		if !strings.HasSuffix(url, ":4222") { // true of one of them at least; of both where another program has the port
			mustSay(t, d.Output(), "the customary port of NATS is in use, so a free one was taken", `"nats":"`+url+`"`)
		}
	}
	mustSay(t, other.Output(), webhookSecret, "held until", "qualified", "cancelled")
	mustNotSay(t, other.Output(), "rewarded", `"level":"WARN"`)
	auditHolds(t, other.data)
	other.interrupt(t)
	auditHolds(t, one.data)
	one.interrupt(t)
}

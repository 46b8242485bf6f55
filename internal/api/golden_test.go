package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestAnswers holds the answers, byte for byte but for the indentation, to the files in testdata.
func TestAnswers(t *testing.T) {
	w := newWorld(t)
	w.story()
	for name, target := range map[string]string{
		"user-referrer":          "/v1/users/alice",
		"user-referee":           "/v1/users/bob",
		"user-taken-back":        "/v1/users/dave",
		"user-unknown-code":      "/v1/users/erin",
		"user-own-code":          "/v1/users/frank",
		"referrals":              "/v1/referrals",
		"referrals-of-a-referee": "/v1/referrals?referee=bob",
		"referrals-page":         "/v1/referrals?limit=1",
		"referrals-none":         "/v1/referrals?referee=nobody",
		"problem-not-found":      "/v1/users/nobody",
		"referral":               "/v1/referrals/1",
		"problem-no-referral":    "/v1/referrals/4711",
		"problem-bad-request":    "/v1/referrals?refree=bob",
	} {
		t.Run(name, func(t *testing.T) {
			answer := w.golden(t, name, target)
			if h := answer.Header(); h.Get("Cache-Control") != "no-store" || (answer.Code == http.StatusOK && h.Get("Content-Type") != "application/json") {
				t.Errorf("headers %v", h)
			}
		})
	}
}

// golden holds an answer to a file.
func (w *world) golden(t *testing.T, name, target string) *httptest.ResponseRecorder {
	t.Helper()
	answer := w.get(target)
	var got bytes.Buffer
	if err := json.Indent(&got, answer.Body.Bytes(), "", "  "); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Error(diff)
	}
	return answer
}

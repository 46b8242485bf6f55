package problem_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plusone-dev/plusone/internal/problem"
)

func TestWrite(t *testing.T) {
	tests := []struct {
		name   string
		give   problem.Problem
		status int
		want   map[string]any
	}{
		{
			name: "a reason becomes the type", status: 400,
			give: problem.Problem{Status: 400, Reason: "bad-signature", Detail: "no secret fits"},
			want: map[string]any{
				"type": "/problems/bad-signature", "title": "Bad Request", "status": 400.0,
				"detail": "no secret fits", "reason": "bad-signature",
			},
		},
		{
			name: "without a reason it is about:blank", status: 503,
			give: problem.Problem{Status: 503},
			want: map[string]any{"type": "about:blank", "title": "Service Unavailable", "status": 503.0},
		},
		{
			name: "its own type and title stand, and errors are listed", status: 422,
			give: problem.Problem{
				Status: 422, Type: "/problems/x", Title: "X", Reason: "y",
				Errors: []problem.Error{{Pointer: "", Detail: "must be an object"}},
			},
			want: map[string]any{
				"type": "/problems/x", "title": "X", "status": 422.0, "reason": "y",
				"errors": []any{map[string]any{"pointer": "", "detail": "must be an object"}},
			},
		},
		{
			name: "a forgotten status is a fault of ours", status: 500,
			give: problem.Problem{},
			want: map[string]any{"type": "about:blank", "title": "Internal Server Error", "status": 500.0},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			w.Header().Set("Content-Length", "3") // left by a handler that meant to answer something else
			problem.Write(w, tt.give)
			if w.Code != tt.status {
				t.Errorf("status %d, want %d", w.Code, tt.status)
			}
			if got := w.Header().Get("Content-Type"); got != problem.ContentType {
				t.Errorf("Content-Type %q", got)
			}
			if got := w.Header().Get("Content-Length"); got != "" {
				t.Errorf("Content-Length %q is still set", got)
			}
			var got map[string]any
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestWriteIsReadable: people read a problem in their terminal, as it was written.
func TestWriteIsReadable(t *testing.T) {
	w := httptest.NewRecorder()
	problem.Write(w, problem.Problem{Status: 401, Detail: "send `Authorization: Bearer <token>` & no other"})
	if body := w.Body.String(); !strings.Contains(body, "Bearer <token>` & no other") {
		t.Error(body)
	}
}

func TestMethodNotAllowed(t *testing.T) {
	w := httptest.NewRecorder()
	problem.MethodNotAllowed(w, "POST")
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "POST" {
		t.Errorf("status %d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
}

func TestInternal(t *testing.T) {
	w := httptest.NewRecorder()
	problem.Internal(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != http.StatusInternalServerError || w.Header().Get("Content-Type") != problem.ContentType {
		t.Errorf("status %d, Content-Type %q", w.Code, w.Header().Get("Content-Type"))
	}
}

func TestNotFound(t *testing.T) {
	w := httptest.NewRecorder()
	problem.NotFound(w, httptest.NewRequest("GET", "/nowhere", nil))
	if w.Code != http.StatusNotFound || w.Header().Get("Content-Type") != problem.ContentType {
		t.Errorf("status %d, Content-Type %q", w.Code, w.Header().Get("Content-Type"))
	}
}

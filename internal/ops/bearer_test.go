package ops_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/plusone-dev/plusone/internal/ops"
)

func TestRequireBearer(t *testing.T) {
	tests := []struct {
		name    string
		tokens  []string
		headers []string
		want    int
	}{
		{"the token", []string{"one", "two"}, []string{"Bearer two"}, 204},
		{"the other one", []string{"one", "two"}, []string{"bearer  one "}, 204},
		{"none", []string{"one"}, nil, 401},
		{"wrong", []string{"one"}, []string{"Bearer onf"}, 401},
		{"a part", []string{"one"}, []string{"Bearer on"}, 401},
		{"longer", []string{"one"}, []string{"Bearer one1"}, 401},
		{"other scheme", []string{"one"}, []string{"Basic one"}, 401},
		{"no scheme", []string{"one"}, []string{"one"}, 401},
		{"empty", []string{"one"}, []string{"Bearer "}, 401},
		{"two headers", []string{"one"}, []string{"Bearer one", "Bearer one"}, 401},
		{"no token is configured", nil, []string{"Bearer "}, 401},
		{"an empty token is configured", []string{""}, []string{"Bearer "}, 401},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
			r := httptest.NewRequest("GET", "/", nil)
			r.Header["Authorization"] = tt.headers
			w := httptest.NewRecorder()
			ops.RequireBearer(tt.tokens, ok, nil).ServeHTTP(w, r)
			if w.Code != tt.want {
				t.Errorf("status %d, want %d", w.Code, tt.want)
			}
			if asked := w.Header().Get("WWW-Authenticate") != ""; asked != (tt.want == 401) {
				t.Errorf("WWW-Authenticate is %q", w.Header().Get("WWW-Authenticate"))
			}
		})
	}
}

func TestRequireBearerDeniesInTheCallersWords(t *testing.T) {
	teapot := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }
	w := httptest.NewRecorder()
	ops.RequireBearer([]string{"one"}, http.NotFoundHandler(), teapot).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != http.StatusTeapot {
		t.Errorf("status %d", w.Code)
	}
}

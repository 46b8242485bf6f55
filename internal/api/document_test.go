package api

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestDocumentIsServed checks that everybody gets the document, that it refers to nothing outside of itself, and that a
// copy of it is not sent again.
func TestDocumentIsServed(t *testing.T) {
	w := newWorld(t)
	answer := w.do(http.MethodGet, "/openapi.json")
	var doc struct {
		OpenAPI string `json:"openapi"`
		Paths   map[string]any
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &doc); err != nil || answer.Code != http.StatusOK {
		t.Fatalf("%d: %v", answer.Code, err)
	}
	if doc.OpenAPI != "3.1.0" || doc.Paths["/v1/referrals"] == nil {
		t.Errorf("it is %+v", doc)
	}
	if strings.Contains(answer.Body.String(), `"$ref":"http`) || strings.Contains(answer.Body.String(), `.json#`) {
		t.Error("it refers to another document")
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/openapi.json", nil)
	r.Header.Set("If-None-Match", answer.Header().Get("ETag"))
	again := httptest.NewRecorder()
	w.handler.ServeHTTP(again, r)
	if again.Code != http.StatusNotModified || again.Body.Len() > 0 {
		t.Errorf("whoever has it is answered %d with %d bytes", again.Code, again.Body.Len())
	}
}

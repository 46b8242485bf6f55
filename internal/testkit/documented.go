package testkit

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/errors"

	openapi "github.com/plusone-dev/plusone/docs/api"
)

// contract holds requests and answers to docs/api/openapi.yaml. Members that are not in the document are mistakes, here.
var contract = sync.OnceValues(func() (validator.Validator, error) {
	text, err := openapi.Document()
	if err != nil {
		return nil, err
	}
	doc, err := libopenapi.NewDocument(text)
	if err != nil {
		return nil, err
	}
	v, errs := validator.NewValidator(doc, config.WithFormatAssertions(), config.WithoutSecurityValidation(), config.WithStrictMode(),
		config.WithStrictIgnoredHeadersExtra("X-Content-Type-Options"))
	if len(errs) > 0 {
		return nil, errs[0]
	}
	if ok, errs := v.ValidateDocument(); !ok {
		return nil, fmt.Errorf("openapi.yaml is no OpenAPI document: %s", explain(errs))
	}
	return v, nil
})

// Documented is a handler whose every answer is held to docs/api/openapi.yaml. What is served beside the API (a path that the
// document does not have, answered 404) and methods that are not allowed pass. Requests are not held to it: more is taken
// than is asked for.
func Documented(t testing.TB, h http.Handler) http.Handler {
	t.Helper()
	v, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, r)
		hold(t, v, r, answer.Result())
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	})
}

func hold(t testing.TB, v validator.Validator, r *http.Request, answer *http.Response) {
	t.Helper()
	if r.URL.Path == "/openapi.json" && answer.StatusCode == http.StatusOK {
		return // it does not describe itself, member by member
	}
	if kind := answer.Header.Get("Content-Type"); strings.HasPrefix(kind, "application/x-ndjson") {
		return // the validator takes it for one JSON text; the document's own test holds each line to its schema
	}
	missing := answer.StatusCode == http.StatusNotFound
	if answer.StatusCode == http.StatusMethodNotAllowed || r.Method == http.MethodHead || missing && strings.HasSuffix(r.URL.Path, "/") {
		return
	}
	ok, errs := v.ValidateHttpResponse(r, answer)
	if ok || missing && len(errs) == 1 && errs[0].IsPathMissingError() {
		return
	}
	t.Errorf("%s %s: %d is not as in docs/api/openapi.yaml: %s", r.Method, r.URL.Path, answer.StatusCode, explain(errs))
}

func explain(errs []*errors.ValidationError) string {
	var all []string
	for _, e := range errs {
		all = append(all, e.Message+": "+e.Reason)
		for _, s := range e.SchemaValidationErrors {
			all = append(all, s.FieldPath+": "+s.Reason)
		}
	}
	return strings.Join(all, "; ")
}

package shop

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
)

// refusal is why something was not done, in words for whoever asked.
type refusal struct {
	status int
	detail string
}

func (e *refusal) Error() string { return e.detail }

func refuse(status int, detail string) error { return &refusal{status, detail} }

// refusalOf is what to say of an error: what is nobody's business stays in the log.
func (s *Shop) refusalOf(err error) *refusal {
	var r *refusal
	switch {
	case errors.As(err, &r):
		return r
	case errors.Is(err, errUnavailable), errors.Is(err, errFull):
		return &refusal{http.StatusServiceUnavailable, err.Error()}
	}
	s.Log.Error("the demo shop could not do something", "error", err)
	return &refusal{http.StatusInternalServerError, "something went wrong here; the log says what"}
}

// apiProblem answers a program with what went wrong.
func (s *Shop) apiProblem(w http.ResponseWriter, err error) {
	r := s.refusalOf(err)
	writeJSON(w, r.status, "application/problem+json",
		map[string]any{"type": "about:blank", "title": http.StatusText(r.status), "status": r.status, "detail": r.detail})
}

// answer answers a program.
func answer(w http.ResponseWriter, status int, body any) {
	writeJSON(w, status, "application/json", body)
}

func writeJSON(w http.ResponseWriter, status int, kind string, body any) {
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) //nolint:errchkjson // maps of texts and numbers; who has gone away gets nothing
}

// address is that of whoever asks.
func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

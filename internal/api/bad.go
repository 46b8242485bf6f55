package api

import (
	"net/http"
	"regexp"

	"github.com/plusone-dev/plusone/internal/problem"
)

// badRequestError says what is wrong with a request and what to do: with which parameter of its query or header, or which
// member of its body, when it is one of them.
type badRequestError struct {
	detail    string
	parameter string
	member    string
}

func (e *badRequestError) Error() string { return e.detail }

// wrongParameter is of a parameter or a header; the detail begins with its name.
func wrongParameter(name, rest string) error {
	return &badRequestError{detail: name + " " + rest, parameter: name}
}

// wrongMember is the same of a member of the body.
func wrongMember(name, rest string) error {
	return &badRequestError{detail: name + " " + rest, member: name}
}

func (e *badRequestError) problem() problem.Problem {
	p := problem.Problem{
		Status: http.StatusBadRequest, Reason: "bad-request", Title: "The request can not be understood", Detail: e.detail, Parameter: e.parameter,
	}
	if e.member != "" {
		p.Errors = []problem.Error{{Pointer: "/" + e.member, Detail: e.detail}}
	}
	return p
}

// plain are names that can be repeated to who sent them: an answer must not carry just anything back.
var plain = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,40}$`)

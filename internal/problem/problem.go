// Package problem answers HTTP requests that failed with an RFC 9457 problem document (application/problem+json).
// It owns the document's shape and nothing else: what went wrong, and in which words, is the caller's to say.
package problem

import (
	"encoding/json"
	"net/http"
)

// ContentType is the media type of a problem document.
const ContentType = "application/problem+json"

// typePrefix makes a reason a problem type: a relative URI, because plusone cannot know under which host it is reached.
const typePrefix = "/problems/"

// Problem is one problem document. Status is required; Title and Type have defaults made from Status and Reason.
type Problem struct {
	// Type names the kind of problem. Empty: "/problems/" and the reason, or "about:blank" without a reason.
	Type string `json:"type"`
	// Title says what kind of problem it is, the same for all of its kind. Empty: the status in words.
	Title string `json:"title"`
	// Status is the HTTP status of the answer.
	Status int `json:"status"`
	// Detail says what is wrong with this request and, where it can, what to do about it.
	Detail string `json:"detail,omitempty"`
	// Reason is the stable code a program can branch on, and the label it is counted under ("bad-signature").
	Reason string `json:"reason,omitempty"`
	// Parameter is the name of the parameter of the query, or of the header, that is wrong, when it is one.
	Parameter string `json:"parameter,omitempty"`
	// Errors lists what is wrong where, when there may be several things.
	Errors []Error `json:"errors,omitempty"`
}

// Error is one thing that is wrong with a document that was sent.
type Error struct {
	// Pointer is the JSON Pointer (RFC 6901) of the place: "/data/user_id". Empty for the document as a whole.
	Pointer string `json:"pointer"`
	// Detail says what must be true there. It never repeats the value, which may be a secret or a person's; that of a
	// program's terms may, for these are neither.
	Detail string `json:"detail"`
	// Line and Column are the place in a text that has lines, both from 1; 0 elsewhere.
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
}

// Write answers with p. Headers that belong to the status, such as Retry-After, are set by the caller before.
func Write(w http.ResponseWriter, p Problem) {
	p = p.withDefaults()
	h := w.Header()
	h.Set("Content-Type", ContentType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Del("Content-Length")
	w.WriteHeader(p.Status)
	body := json.NewEncoder(w)
	body.SetEscapeHTML(false) // people read it in a terminal; no browser takes it for a page
	_ = body.Encode(p)        //nolint:errchkjson // the status is sent; a client that is gone by now has no use for an error
}

// MethodNotAllowed answers 405 and lists the methods that are allowed.
func MethodNotAllowed(w http.ResponseWriter, allow string) {
	w.Header().Set("Allow", allow)
	Write(w, Problem{
		Status: http.StatusMethodNotAllowed,
		Reason: "method-not-allowed",
		Detail: "only " + allow + " is allowed here",
	})
}

// NotFound is a handler for paths nobody serves.
func NotFound(w http.ResponseWriter, _ *http.Request) {
	Write(w, Problem{Status: http.StatusNotFound, Reason: "not-found", Detail: "there is nothing at this path"})
}

// Internal is a handler for what must not have happened.
func Internal(w http.ResponseWriter, _ *http.Request) {
	Write(w, Problem{Status: http.StatusInternalServerError, Reason: "internal", Detail: "this is a fault of plusone's; its log says more"})
}

func (p Problem) withDefaults() Problem {
	if p.Status < 400 || p.Status > 599 {
		p.Status = http.StatusInternalServerError // a forgotten status must not become 200, nor panic in WriteHeader
	}
	if p.Type == "" {
		p.Type = "about:blank"
		if p.Reason != "" {
			p.Type = typePrefix + p.Reason
		}
	}
	if p.Title == "" {
		p.Title = http.StatusText(p.Status)
	}
	return p
}

package ingress

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/plusone-dev/plusone/docs/events"
	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/problem"
)

// userTypes are the types of events that are taken here. Decisions of whoever runs plusone are not: the token of this
// door is that of services which tell who their users are, and would else decide who is paid.
var userTypes = []string{fact.UserRegistered, fact.UserVerified, fact.UserErased}

// eventReader holds events to their schemas.
type eventReader struct{ schemas map[string]*jsonschema.Schema }

// userSchemas are compiled once: they are the same for every reader.
var userSchemas = sync.OnceValues(func() (map[string]*jsonschema.Schema, error) {
	schemas := make(map[string]*jsonschema.Schema, len(userTypes))
	for _, typ := range userTypes {
		s, err := events.Compile(typ)
		if err != nil {
			return nil, err
		}
		schemas[typ] = s
	}
	return schemas, nil
})

func newEventReader() (*eventReader, error) {
	schemas, err := userSchemas()
	return &eventReader{schemas: schemas}, err
}

// event validates the text of one event and makes the bytes to publish of it: one document for one event, whatever its
// members' order was. Then it reads them as the worker will, so that what is accepted here can be read there.
func (r *eventReader) event(text []byte) (fact.Event, []byte, *refusal) {
	doc, err := events.Decode(text)
	if err != nil {
		return fact.Event{}, nil, errNotJSON()
	}
	if ref := r.validate(doc, text); ref != nil {
		return fact.Event{}, nil, ref
	}
	return publishable(doc)
}

// validate holds an event to its schema, and its text to what the schema cannot see.
func (r *eventReader) validate(doc any, text []byte) *refusal {
	typ := typeOf(doc)
	schema, ok := r.schemas[typ]
	if !ok {
		return refuseType(typ)
	}
	if err := schema.Validate(doc); err != nil {
		ref := refuse("invalid-event", "the event is not a valid "+typ)
		ref.errors = explain(err, typ)
		return ref
	}
	if bad, ok := errors.AsType[*fact.MalformedError](fact.CheckText(text)); ok {
		ref := refuse("invalid-event", bad.Why)
		ref.errors = []problem.Error{{Pointer: bad.Pointer, Detail: bad.Why}}
		return ref
	}
	return nil
}

// typeOf is what an event says it is. One that does not say is held to be a sign-up, so that it is told what it lacks.
func typeOf(doc any) string {
	if object, ok := doc.(map[string]any); ok {
		if typ, ok := object["type"].(string); ok && typ != "" {
			return typ
		}
	}
	return fact.UserRegistered
}

// refuseType says what to do with an event of a type that is not taken here.
func refuseType(typ string) *refusal {
	switch typ {
	case fact.ReferralReviewed, fact.ReferralReopened, fact.ReferralAttributed, fact.CodeAssigned:
		return &refusal{
			status: http.StatusForbidden,
			reason: "decision",
			detail: "a decision is not taken here: ask the API, with its admin token, or run `plusone referral` or `plusone code`",
		}
	}
	return refuse("unsupported-type", "the types of events taken here are "+strings.Join(userTypes, ", "))
}

// publishable writes a valid event as it is published, and reads what it wrote.
func publishable(doc any) (fact.Event, []byte, *refusal) {
	data, err := canonical(doc)
	if err != nil {
		return fact.Event{}, nil, refuse("invalid-event", "the event cannot be written as JSON")
	}
	if len(data) > fact.MaxCloudEvent {
		return fact.Event{}, nil, &refusal{
			status: http.StatusRequestEntityTooLarge,
			reason: "event-too-large",
			detail: "an event has at most " + strconv.Itoa(fact.MaxCloudEvent) + " bytes",
		}
	}
	ev, err := fact.ParseCloudEvent(data)
	if m, ok := errors.AsType[*fact.MalformedError](err); ok {
		return fact.Event{}, nil, refuse("invalid-event", m.Why)
	}
	if err != nil {
		return fact.Event{}, nil, refuse("invalid-event", "the event cannot be read")
	}
	return ev, data, nil
}

// canonical writes a value with its members in order, and its text as it is.
func canonical(doc any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(doc); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// inBatch says of which event of a batch a refusal speaks.
func (r *refusal) inBatch(index int) *refusal {
	r.detail = fmt.Sprintf("event %d of the batch (counted from 0): %s; none of the batch was accepted", index, r.detail)
	for i := range r.errors {
		r.errors[i].Pointer = "/" + strconv.Itoa(index) + r.errors[i].Pointer
	}
	return r
}

// pointer writes a place in a document as a JSON Pointer.
func pointer(path []string) string {
	var b strings.Builder
	for _, name := range path {
		b.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name))
	}
	return b.String()
}

package ingress

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"unicode/utf8"

	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/binding/spec"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
)

// maxBatch is how many events one request may bring.
const maxBatch = 1000

// decodeRequest takes the events of a request in any of CloudEvents' three modes, each as its text in structured form.
// Whether that is JSON, and what it says, is not looked into yet, except where events have to be told apart.
//
// Which mode it is, and what the headers of the binary mode mean, is the SDK's to say. Its event.Event is left out: it
// stops at an empty member name, takes text after the document, rewrites URIs and puts U+FFFD for what is not UTF-8, so
// what was validated would not be what was sent.
func decodeRequest(ctx context.Context, h http.Header, body []byte) (texts []json.RawMessage, batch bool, err error) {
	if err := checkEventHeaders(h); err != nil {
		return nil, false, err
	}
	m := cehttp.NewMessage(h, nil)
	switch m.ReadEncoding() {
	case binding.EncodingStructured:
		return []json.RawMessage{body}, false, nil
	case binding.EncodingBatch:
		texts, err := splitBatch(body)
		return texts, true, err
	case binding.EncodingBinary:
		text, err := composeBinary(ctx, m, body)
		return []json.RawMessage{text}, false, err
	default:
		return nil, false, &refusal{
			status: http.StatusUnsupportedMediaType,
			reason: "not-a-cloudevent",
			detail: "send a CloudEvent: Content-Type application/cloudevents+json (structured), " +
				"application/cloudevents-batch+json (batch), or ce-specversion: 1.0 and the other ce- headers (binary)",
		}
	}
}

func splitBatch(body []byte) ([]json.RawMessage, error) {
	var texts []json.RawMessage
	err := json.Unmarshal(body, &texts)
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok || (err == nil && texts == nil) { // null is no array
		return nil, refuse("not-a-batch", "the body is not a JSON array of events")
	}
	if err != nil {
		return nil, errNotJSON()
	}
	if len(texts) > maxBatch {
		return nil, &refusal{
			status: http.StatusRequestEntityTooLarge,
			reason: "batch-too-large",
			detail: "a batch has at most " + strconv.Itoa(maxBatch) + " events",
		}
	}
	return texts, nil
}

func errNotJSON() *refusal {
	return refuse("not-json", "this is not one JSON document in UTF-8")
}

// eventHeader is a header of the binary mode: the prefix and the name of an attribute.
var eventHeader = regexp.MustCompile(`^Ce-[A-Za-z0-9]+$`)

// checkEventHeaders refuses what the SDK would read in its own way: it takes the first of two headers, and panics at one
// that is nothing but the prefix.
func checkEventHeaders(h http.Header) error {
	for name, values := range h {
		if len(name) < 3 || name[:3] != "Ce-" {
			continue
		}
		if !eventHeader.MatchString(name) {
			return refuse("bad-event-header", "the name of a CloudEvents attribute is letters and digits, after ce-")
		}
		if name == "Ce-Data" || name == "Ce-Datacontenttype" {
			return refuse("bad-event-header", "data is the body, and its content type the header Content-Type")
		}
		if len(values) != 1 {
			return refuse("bad-event-header", "a ce- header is there twice")
		}
		if !utf8.ValidString(values[0]) { // with U+FFFD in its place, two ids could become one
			return refuse("bad-event-header", "a ce- header is not UTF-8")
		}
	}
	return nil
}

// composeBinary makes the text of a structured event of headers and body. Values stand as they were sent: like the SDK,
// and unlike the letter of the specification, it does not undo percent encoding, because senders do not apply it either.
func composeBinary(ctx context.Context, m *cehttp.Message, body []byte) (json.RawMessage, error) {
	doc := structured{}
	if err := m.ReadBinary(ctx, doc); err != nil {
		return nil, refuse("bad-event-header", "the ce- headers cannot be read")
	}
	if len(body) > 0 {
		doc["data"] = json.RawMessage(body)
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return nil, refuse("not-json", "the body, which is the event's data in binary mode, is not one JSON document in UTF-8")
	}
	return text, nil
}

// structured collects the parts of a binary message as the members of a structured one.
type structured map[string]any

var _ binding.BinaryWriter = structured{}

func (s structured) SetAttribute(a spec.Attribute, value any) error {
	return s.SetExtension(a.Name(), value)
}

func (s structured) SetExtension(name string, value any) error {
	s[name] = value
	return nil
}

func (structured) Start(context.Context) error { return nil }
func (structured) SetData(io.Reader) error     { return nil } // the body was read before, up to its cap
func (structured) End(context.Context) error   { return nil }

package ingress

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"strconv"

	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/binding/spec"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"

	"github.com/plusone-dev/plusone/docs/events"
)

// maxBatch is how many events one request may bring.
const maxBatch = 1000

// decodeRequest reads the events of a request in any of CloudEvents' three modes, as JSON values in structured form.
//
// Which mode it is, and what the headers of the binary mode mean, is the SDK's to say. Its event.Event is left out: it
// stops at an empty member name, takes text after the document, rewrites URIs and puts U+FFFD for what is not UTF-8, so
// what was validated would not be what was sent.
func decodeRequest(ctx context.Context, h http.Header, body []byte) (docs []any, batch bool, err error) {
	if err := checkEventHeaders(h); err != nil {
		return nil, false, err
	}
	m := cehttp.NewMessage(h, nil)
	switch m.ReadEncoding() {
	case binding.EncodingStructured:
		doc, err := events.Decode(body)
		if err != nil {
			return nil, false, refuse("not-json", "the body is not one JSON document in UTF-8")
		}
		return []any{doc}, false, nil
	case binding.EncodingBatch:
		docs, err := decodeBatch(body)
		return docs, true, err
	case binding.EncodingBinary:
		doc, err := decodeBinary(ctx, m, body)
		return []any{doc}, false, err
	default:
		return nil, false, &refusal{
			status: http.StatusUnsupportedMediaType,
			reason: "not-a-cloudevent",
			detail: "send a CloudEvent: Content-Type application/cloudevents+json (structured), " +
				"application/cloudevents-batch+json (batch), or ce-specversion: 1.0 and the other ce- headers (binary)",
		}
	}
}

func decodeBatch(body []byte) ([]any, error) {
	doc, err := events.Decode(body)
	if err != nil {
		return nil, refuse("not-json", "the body is not one JSON document in UTF-8")
	}
	docs, ok := doc.([]any)
	if !ok {
		return nil, refuse("not-a-batch", "the body is not a JSON array of events")
	}
	if len(docs) > maxBatch {
		return nil, &refusal{
			status: http.StatusRequestEntityTooLarge,
			reason: "batch-too-large",
			detail: "a batch has at most " + strconv.Itoa(maxBatch) + " events",
		}
	}
	return docs, nil
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
	}
	return nil
}

// decodeBinary makes a structured event of headers and body. Values stand as they were sent: like the SDK, and unlike
// the letter of the specification, it does not undo percent encoding, because senders do not apply it either.
func decodeBinary(ctx context.Context, m *cehttp.Message, body []byte) (any, error) {
	doc := structured{}
	if err := m.ReadBinary(ctx, doc); err != nil {
		return nil, refuse("bad-event-header", "the ce- headers cannot be read")
	}
	if len(body) > 0 {
		data, err := events.Decode(body)
		if err != nil {
			return nil, refuse("not-json", "the body, which is the event's data in binary mode, is not one JSON document in UTF-8")
		}
		doc["data"] = data
	}
	return map[string]any(doc), nil
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

package fact

import (
	"strconv"

	"github.com/tidwall/gjson"
)

// The types of CloudEvents that state a fact.
const (
	UserRegistered     = "user.registered"
	UserVerified       = "user.verified"
	UserErased         = "user.erased"
	ReferralReviewed   = "referral.reviewed"
	ReferralReopened   = "referral.reopened"
	ReferralAttributed = "referral.attributed"
	CodeAssigned       = "code.assigned"
	LinkVisited        = "link.visited"
)

// cloudData reads the data of one type of event.
type cloudData interface {
	// slot is where a member that is read is put; nil for the others.
	slot(name string) *gjson.Result
	// state reads the members into the event, as the fact they state.
	state(r *memberReader, e *Event)
}

// cloudReaders says which types are read, and how. Every other type is ignored.
var cloudReaders = map[string]func() cloudData{
	UserRegistered:     func() cloudData { return new(signUpMembers) },
	UserVerified:       func() cloudData { return new(verifiedMembers) },
	UserErased:         func() cloudData { return new(erasedMembers) },
	ReferralReviewed:   func() cloudData { return new(reviewedMembers) },
	ReferralReopened:   func() cloudData { return new(reopenedMembers) },
	ReferralAttributed: func() cloudData { return new(attributedMembers) },
	CodeAssigned:       func() cloudData { return new(assignmentMembers) },
	LinkVisited:        func() cloudData { return new(visitMembers) },
}

// MessageID is the key of a CloudEvent, and the de-duplication id of the message that carries it. The length in front
// keeps pairs apart: without it ("a:", "b") and ("a", ":b") would be one.
func MessageID(source, id string) string {
	return "ce:" + strconv.Itoa(len(source)) + ":" + source + ":" + id
}

// ParseCloudEvent reads a CloudEvent 1.0 in structured JSON, as it is published to the stream. It gives exactly the
// verdict of the schemas in docs/events, without their cost; a test holds the two together. What it refuses beyond them
// is what CheckText refuses: a schema cannot see that, and a guess could pay the wrong person. Errors: ErrIgnored for any
// other type, with the envelope read; *MalformedError for what can never be read.
func ParseCloudEvent(data []byte) (Event, error) {
	root, err := readCloudJSON(data)
	if err != nil {
		return Event{}, err
	}
	env, err := readCloudEnvelope(root)
	if err != nil {
		return Event{}, err
	}
	open, ok := cloudReaders[env.event.Type]
	if !ok {
		return env.event, ErrIgnored
	}
	members := open()
	if err := collect("data", "/data", env.data, members.slot); err != nil {
		return Event{}, err
	}
	r := memberReader{sent: env.event.At}
	members.state(&r, &env.event)
	if r.err != nil {
		return Event{}, r.err
	}
	if env.event.At.IsZero() {
		env.event.At = r.happened
	}
	return env.event, nil
}

// cloudEnvelope is a CloudEvent around its data, which is not looked into yet.
type cloudEnvelope struct {
	event Event
	data  value
}

// cloudMembers are the members of the envelope that are read. Extensions are not.
type cloudMembers struct {
	specVersion, id, source, typ, subject, time, contentType, dataSchema, data, dataBase64 gjson.Result
}

func (m *cloudMembers) slot(name string) *gjson.Result {
	switch name {
	case "specversion":
		return &m.specVersion
	case "id":
		return &m.id
	case "source":
		return &m.source
	case "type":
		return &m.typ
	case "subject":
		return &m.subject
	case "time":
		return &m.time
	case "datacontenttype":
		return &m.contentType
	case "dataschema":
		return &m.dataSchema
	case "data":
		return &m.data
	case "data_base64":
		return &m.dataBase64
	}
	return nil
}

func readCloudEnvelope(root value) (cloudEnvelope, error) {
	var m cloudMembers
	if err := collect("the message", "", root, m.slot); err != nil {
		return cloudEnvelope{}, err
	}
	var r memberReader
	if v := m.specVersion; r.required("specversion", v) != "1.0" {
		r.fail("specversion must be \"1.0\"")
	}
	id, source := r.required("id", m.id), r.required("source", m.source)
	typ := r.line("type", r.required("type", m.typ), 255)
	r.line("subject", r.filled("subject", m.subject), 255)
	r.line("dataschema", r.filled("dataschema", m.dataSchema), 1024)
	at := r.time("time", m.time)
	r.check("id", isCloudID(id), "1 to 255 printable ASCII characters, no blank at either end")
	r.check("source", isCloudSource(source), "a URI reference of 1 to 255 characters")
	r.contentType(m.contentType)
	if m.dataBase64.Type != gjson.Null {
		r.fail("data_base64 is not taken: data must be JSON, in the member data")
	}
	return cloudEnvelope{
		event: Event{Key: MessageID(source, id), Name: id, Type: typ, At: at},
		data:  root.member("data"),
	}, r.err
}

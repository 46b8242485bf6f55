package fact

import (
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// UserRegistered is the only type of CloudEvent that states a fact for now.
const UserRegistered = "user.registered"

// MessageID is the key of a CloudEvent, and the de-duplication id of the message that carries it. The length in front
// keeps pairs apart: without it ("a:", "b") and ("a", ":b") would be one.
func MessageID(source, id string) string {
	return "ce:" + strconv.Itoa(len(source)) + ":" + source + ":" + id
}

// ParseCloudEvent reads a CloudEvent 1.0 in structured JSON, as it is published to the stream. It gives exactly the
// verdict of the schemas in docs/events, without their cost; a test holds the two together. What it refuses beyond them
// is what CheckText refuses: a schema cannot see that, and a guess could pay the wrong person. Errors: ErrIgnored for any other type, with the envelope read; *MalformedError for what can never be read.
func ParseCloudEvent(data []byte) (Event, error) {
	if err := checkJSON(data); err != nil {
		return Event{}, err
	}
	env, err := readCloudEnvelope(gjson.ParseBytes(data))
	if err != nil {
		return Event{}, err
	}
	if env.event.Type != UserRegistered {
		return env.event, ErrIgnored
	}
	s, err := readSignUp(env.data)
	if err != nil {
		return Event{}, err
	}
	switch at := env.event.At; {
	case at.IsZero() && s.RegisteredAt.IsZero():
		return Event{}, malformed("neither data.registered_at nor time says when it was")
	case at.IsZero():
		env.event.At = s.RegisteredAt
	case s.RegisteredAt.IsZero():
		s.RegisteredAt = at
	}
	env.event.SignUp = &s
	return env.event, nil
}

// cloudEnvelope is a CloudEvent around its data, which is not looked into yet.
type cloudEnvelope struct {
	event Event
	data  gjson.Result
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

func readCloudEnvelope(root gjson.Result) (cloudEnvelope, error) {
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
		data:  m.data,
	}, r.err
}

// signUpMembers are the members of a sign-up's data that are read. Others are not.
type signUpMembers struct {
	userID, username, email, verified, referralCode, registeredAt, ip, device, customer, program, code gjson.Result
}

func (m *signUpMembers) slot(name string) *gjson.Result {
	switch name {
	case "user_id":
		return &m.userID
	case "username":
		return &m.username
	case "email":
		return &m.email
	case "email_verified":
		return &m.verified
	case "referral_code":
		return &m.referralCode
	case "registered_at":
		return &m.registeredAt
	case "ip":
		return &m.ip
	case "device_id":
		return &m.device
	case "stripe_customer_id":
		return &m.customer
	case "program":
		return &m.program
	case "code":
		return &m.code
	}
	return nil
}

func readSignUp(data gjson.Result) (SignUp, error) {
	var m signUpMembers
	if err := collect("data", "/data", data, m.slot); err != nil {
		return SignUp{}, err
	}
	var r memberReader
	s := SignUp{
		UserID:        r.line("data.user_id", r.required("data.user_id", m.userID), 255),
		Username:      r.line("data.username", r.optional("data.username", m.username), 255),
		Email:         r.line("data.email", r.optional("data.email", m.email), 320),
		EmailVerified: r.boolean("data.email_verified", m.verified),
		Code:          r.line("data.referral_code", r.optional("data.referral_code", m.referralCode), 64),
		RegisteredAt:  r.time("data.registered_at", m.registeredAt),
		IP:            r.line("data.ip", r.optional("data.ip", m.ip), 64),
		DeviceID:      r.line("data.device_id", r.optional("data.device_id", m.device), 255),
		Customer:      r.optional("data.stripe_customer_id", m.customer),
	}
	s.Code = strings.ToUpper(strings.TrimSpace(s.Code))
	r.check("data.email", m.email.Type == gjson.Null || strings.Contains(s.Email, "@"), "an e-mail address")
	r.check("data.stripe_customer_id", m.customer.Type == gjson.Null || isCustomerID(s.Customer), "the id of a Stripe customer (cus_…)")
	if p := r.optional("data.program", m.program); m.program.Type != gjson.Null && p != "default" {
		r.fail("data.program is not yet supported: only \"default\" is")
	}
	if m.code.Type != gjson.Null {
		r.fail("data.code is not yet supported")
	}
	return s, r.err
}

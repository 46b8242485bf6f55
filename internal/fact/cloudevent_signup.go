package fact

import (
	"strings"

	"github.com/tidwall/gjson"
)

// signUpMembers are the members of a sign-up's data that are read. Others are not.
type signUpMembers struct {
	userID, username, email, verified, referralCode, registeredAt, ip, device, customer, program, code, source gjson.Result
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
	case "source":
		return &m.source
	}
	return nil
}

func (m *signUpMembers) state(r *memberReader, e *Event) {
	s := &SignUp{
		UserID:        r.userID(m.userID),
		Username:      r.line("data.username", r.optional("data.username", m.username), 255),
		Email:         r.line("data.email", r.optional("data.email", m.email), 320),
		EmailVerified: r.boolean("data.email_verified", m.verified),
		Code:          r.line("data.referral_code", r.optional("data.referral_code", m.referralCode), 64),
		RegisteredAt:  r.date("registered_at", m.registeredAt),
		IP:            r.line("data.ip", r.optional("data.ip", m.ip), 64),
		DeviceID:      r.line("data.device_id", r.optional("data.device_id", m.device), 255),
		Customer:      r.optional("data.stripe_customer_id", m.customer),
		Program:       r.program(m.program),
		Source:        r.optional("data.source", m.source),
	}
	s.Code = strings.ToUpper(strings.TrimSpace(s.Code))
	if m.code.Type != gjson.Null {
		s.OwnCode = r.code("data.code", m.code)
	}
	r.check("data.email", m.email.Type == gjson.Null || strings.Contains(s.Email, "@"), "an e-mail address")
	r.check("data.stripe_customer_id", m.customer.Type == gjson.Null || isCustomerID(s.Customer), "the id of a Stripe customer (cus_…)")
	r.check("data.source", m.source.Type == gjson.Null || isSource(s.Source), "1 to 40 of a to z, 0 to 9, -, _ and .")
	e.SignUp = s
}

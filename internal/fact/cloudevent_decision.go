package fact

import "github.com/tidwall/gjson"

// decidedMembers are the members of the data of everything a person decides about a referral.
type decidedMembers struct{ userID, referralCode, by, why, at gjson.Result }

func (m *decidedMembers) slot(name string) *gjson.Result {
	switch name {
	case "user_id":
		return &m.userID
	case "referral_code":
		return &m.referralCode
	case "by":
		return &m.by
	case "why":
		return &m.why
	case "at":
		return &m.at
	}
	return nil
}

// The bounds of who decided and why, in characters.
const (
	maxBy  = 255
	maxWhy = 1000
)

func (m *decidedMembers) attribution(r *memberReader) Attribution {
	return Attribution{
		UserID: r.userID(m.userID),
		Code:   r.code("data.referral_code", m.referralCode),
		By:     r.line("data.by", r.required("data.by", m.by), maxBy),
		Why:    r.line("data.why", r.required("data.why", m.why), maxWhy),
		At:     r.date("at", m.at),
	}
}

// reviewedMembers are the members of a review's data that are read.
type reviewedMembers struct {
	decidedMembers

	verdict gjson.Result
}

func (m *reviewedMembers) slot(name string) *gjson.Result {
	if name == "verdict" {
		return &m.verdict
	}
	return m.decidedMembers.slot(name)
}

func (m *reviewedMembers) state(r *memberReader, e *Event) {
	verdict := DecisionVerdict(r.required("data.verdict", m.verdict))
	r.check("data.verdict", verdict == Approved || verdict == Rejected, `"approved" or "rejected"`)
	e.Decision = m.decision(r, verdict)
}

// reopenedMembers are the members of a reopening's data that are read.
type reopenedMembers struct{ decidedMembers }

func (m *reopenedMembers) state(r *memberReader, e *Event) { e.Decision = m.decision(r, Reopened) }

// attributedMembers are the members of the data of an attribution by hand that are read.
type attributedMembers struct{ decidedMembers }

func (m *attributedMembers) state(r *memberReader, e *Event) {
	a := m.attribution(r)
	e.Attribution = &a
}

func (m *decidedMembers) decision(r *memberReader, verdict DecisionVerdict) *Decision {
	a := m.attribution(r)
	return &Decision{UserID: a.UserID, Code: a.Code, Verdict: verdict, By: a.By, Why: a.Why, At: a.At}
}

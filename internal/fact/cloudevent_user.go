package fact

import "github.com/tidwall/gjson"

// verifiedMembers are the members of a verification's data that are read.
type verifiedMembers struct{ userID, verifiedAt gjson.Result }

func (m *verifiedMembers) slot(name string) *gjson.Result {
	switch name {
	case "user_id":
		return &m.userID
	case "verified_at":
		return &m.verifiedAt
	}
	return nil
}

func (m *verifiedMembers) state(r *memberReader, e *Event) {
	e.Verified = &Verified{UserID: r.userID(m.userID), At: r.date("verified_at", m.verifiedAt)}
}

// erasedMembers are the members of an erasure's data that are read.
type erasedMembers struct{ userID, erasedAt gjson.Result }

func (m *erasedMembers) slot(name string) *gjson.Result {
	switch name {
	case "user_id":
		return &m.userID
	case "erased_at":
		return &m.erasedAt
	}
	return nil
}

func (m *erasedMembers) state(r *memberReader, e *Event) {
	e.Erased = &Erased{UserID: r.userID(m.userID), At: r.date("erased_at", m.erasedAt)}
}

// assignmentMembers are the members of an assignment's data that are read.
type assignmentMembers struct{ userID, code, program, at gjson.Result }

func (m *assignmentMembers) slot(name string) *gjson.Result {
	switch name {
	case "user_id":
		return &m.userID
	case "code":
		return &m.code
	case "program":
		return &m.program
	case "at":
		return &m.at
	}
	return nil
}

func (m *assignmentMembers) state(r *memberReader, e *Event) {
	e.Assignment = &Assignment{
		UserID: r.userID(m.userID), Code: r.code("data.code", m.code), Program: r.program(m.program), At: r.date("at", m.at),
	}
}

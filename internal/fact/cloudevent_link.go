package fact

import "github.com/tidwall/gjson"

// visitMembers are the members of a visit's data that are read.
type visitMembers struct{ code, via, at gjson.Result }

func (m *visitMembers) slot(name string) *gjson.Result {
	switch name {
	case "code":
		return &m.code
	case "via":
		return &m.via
	case "at":
		return &m.at
	}
	return nil
}

func (m *visitMembers) state(r *memberReader, e *Event) {
	v := &Visit{Code: r.code("data.code", m.code), Via: r.optional("data.via", m.via), At: r.date("at", m.at)}
	r.check("data.via", m.via.Type == gjson.Null || isVia(v.Via), "1 to 20 of a to z, 0 to 9 and -")
	e.Visit = v
}

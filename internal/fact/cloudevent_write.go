package fact

// CloudEvent is an event as plusone itself publishes one: CloudEvents 1.0, in the structured JSON format. Its members always
// stand in the same order. ParseCloudEvent reads it.
type CloudEvent struct {
	SpecVersion string `json:"specversion"`
	ID          string `json:"id"`
	Source      string `json:"source"`
	Type        string `json:"type"`
	Time        string `json:"time"` // RFC 3339
	ContentType string `json:"datacontenttype"`
	Data        any    `json:"data"` // an object
}

// NewCloudEvent makes an event that says so at a time, as RFC 3339 has it.
func NewCloudEvent(source, id, typ, at string, data any) CloudEvent {
	return CloudEvent{
		SpecVersion: "1.0", ID: id, Source: source, Type: typ, Time: at, ContentType: "application/json", Data: data,
	}
}

package ingress

import (
	"errors"
	"net/http"
	"time"

	"github.com/plusone-dev/plusone/internal/fact"
)

// userSubject is what the type of a user's event is appended to. That is one of userTypes: nothing else is published.
const userSubject = "plusone.in."

// eventsDoor takes CloudEvents over HTTP, for services that do not speak NATS.
type eventsDoor struct {
	read *eventReader
	now  func() time.Time
	out  publishing
}

// take publishes all events of a request, or none: a batch with one bad event is refused whole, because a sender that
// has to find out which ones were taken will get it wrong.
func (d *eventsDoor) take(r *http.Request, body []byte) (outcome, error) {
	texts, batch, err := decodeRequest(r.Context(), r.Header, body)
	if err != nil {
		return outcome{}, err
	}
	out := outcome{
		status: http.StatusAccepted, body: map[string]int{"accepted": len(texts)}, result: resultAccepted,
		events: len(texts),
	}
	messages := make([]message, 0, len(texts))
	for i, text := range texts {
		ev, data, err := d.read.event(text)
		if err == nil {
			err = d.checkDate(ev)
		}
		if err != nil {
			if batch {
				err = err.inBatch(i)
			}
			return outcome{}, err
		}
		out.names = append(out.names, named{ev.Name, userSubject + ev.Type})
		messages = append(messages, message{
			subject: userSubject + ev.Type, id: ev.Key, contentType: "application/cloudevents+json", data: data,
		})
	}
	return out, d.out.all(r.Context(), messages)
}

// checkDate refuses what the worker would refuse for its date.
func (d *eventsDoor) checkDate(ev fact.Event) *refusal {
	if bad, ok := errors.AsType[*fact.MalformedError](ev.CheckDate(d.now())); ok {
		return refuse("invalid-event", bad.Why)
	}
	return nil
}

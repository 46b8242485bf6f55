package store

import (
	"encoding/json"
	"strconv"
	"time"
)

// usualEvent is how many bytes an event has at most, as a rule.
const usualEvent = 512

// jsonWriter writes events as encoding/json does, member by member and byte by byte; a test holds the two together. By
// reflection it was a twelfth of the time in which the store prepares a batch.
type jsonWriter struct{ text []byte }

func (w *jsonWriter) events(all []cloudEvent) []byte {
	w.text = append(make([]byte, 0, len(all)*usualEvent), '[')
	for i := range all {
		if i > 0 {
			w.text = append(w.text, ',')
		}
		w.event(&all[i])
	}
	return append(w.text, ']')
}

func (w *jsonWriter) event(e *cloudEvent) {
	w.member(`{"specversion":`, e.SpecVersion)
	w.member(`,"id":`, e.ID)
	w.member(`,"source":`, e.Source)
	w.member(`,"type":`, e.Type)
	w.member(`,"subject":`, e.Subject)
	w.time(`,"time":`, e.Time)
	w.member(`,"datacontenttype":`, e.DataContentType)
	w.text = append(w.text, `,"data":`...)
	switch data := e.Data.(type) {
	case *movedData:
		w.moved(data)
	case *rewardData:
		w.rewarded(data)
	}
	w.text = append(w.text, '}')
}

func (w *jsonWriter) moved(d *movedData) {
	w.member(`{"referral_id":`, d.ReferralID)
	w.member(`,"program":`, d.Program)
	w.optional(`,"referrer":`, d.Referrer)
	w.optional(`,"referee":`, d.Referee)
	w.member(`,"code":`, d.Code)
	w.optional(`,"from":`, d.From)
	w.member(`,"status":`, d.Status)
	w.optional(`,"reason":`, d.Reason)
	w.time(`,"at":`, d.At)
	w.member(`,"cause":`, d.Cause)
	w.text = append(w.text, '}')
}

func (w *jsonWriter) rewarded(d *rewardData) {
	w.member(`{"referral_id":`, d.ReferralID)
	w.member(`,"program":`, d.Program)
	w.member(`,"transfer_id":`, d.TransferID)
	w.member(`,"to":`, d.To)
	w.member(`,"on":`, d.On)
	w.optional(`,"user_id":`, d.UserID)
	w.member(`,"currency":`, d.Currency)
	w.member(`,"amount":`, d.Amount)
	w.text = strconv.AppendInt(append(w.text, `,"minor":`...), d.Minor, 10)
	w.time(`,"at":`, d.At)
	w.member(`,"cause":`, d.Cause)
	w.text = append(w.text, '}')
}

// member writes a text behind its name. One that needs no escape is written as it is.
func (w *jsonWriter) member(name, value string) {
	w.text = append(w.text, name...)
	if !plain(value) {
		escaped, _ := json.Marshal(value) //nolint:errchkjson // of a string there is always one
		w.text = append(w.text, escaped...)
		return
	}
	w.text = append(w.text, '"')
	w.text = append(w.text, value...)
	w.text = append(w.text, '"')
}

func (w *jsonWriter) optional(name string, value *string) {
	if value == nil {
		w.text = append(append(w.text, name...), "null"...)
		return
	}
	w.member(name, *value)
}

func (w *jsonWriter) time(name string, at time.Time) {
	w.text = append(append(w.text, name...), '"')
	w.text = append(at.AppendFormat(w.text, time.RFC3339Nano), '"')
}

// plain says that a text is ASCII that encoding/json does not escape.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return false
		}
	}
	return true
}

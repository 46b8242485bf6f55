package store

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestEventsAreWrittenAsByEncodingJSON holds the writer of events to the standard library, byte by byte.
func TestEventsAreWrittenAsByEncodingJSON(t *testing.T) {
	texts := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ -~]{0,20}`), rapid.Just("a\xffb"), rapid.Just("\u2028 <&> \x7f \"\\"))
	optional := rapid.Ptr(texts, true)
	times := rapid.Custom(func(t *rapid.T) time.Time {
		return time.Unix(rapid.Int64Range(-62135596800, 253402300799).Draw(t, "seconds"), rapid.Int64Range(0, 999999999).Draw(t, "ns")).UTC()
	})
	rapid.Check(t, func(t *rapid.T) {
		all := make([]cloudEvent, 0, 3)
		for range rapid.IntRange(0, 3).Draw(t, "events") {
			e := cloudEvent{
				SpecVersion: texts.Draw(t, "specversion"), ID: texts.Draw(t, "id"), Source: texts.Draw(t, "source"),
				Type: texts.Draw(t, "type"), Subject: texts.Draw(t, "subject"), Time: times.Draw(t, "time"),
				DataContentType: texts.Draw(t, "content type"),
			}
			who := parties{ReferralID: texts.Draw(t, "referral"), Program: texts.Draw(t, "program")}
			if rapid.Bool().Draw(t, "moved") {
				e.Data = &movedData{
					parties: who, Referrer: optional.Draw(t, "referrer"), Referee: optional.Draw(t, "referee"), Code: texts.Draw(t, "code"),
					From: optional.Draw(t, "from"), Status: texts.Draw(t, "status"), Reason: optional.Draw(t, "reason"),
					At: times.Draw(t, "at"), Cause: texts.Draw(t, "cause"),
				}
			} else {
				e.Data = &rewardData{
					parties: who, TransferID: texts.Draw(t, "transfer"), To: texts.Draw(t, "to"), On: texts.Draw(t, "on"),
					UserID: optional.Draw(t, "user"), Currency: texts.Draw(t, "currency"), Amount: texts.Draw(t, "amount"),
					Minor: rapid.Int64().Draw(t, "minor"), At: times.Draw(t, "at"), Cause: texts.Draw(t, "cause"),
				}
			}
			all = append(all, e)
		}
		want, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		if got := new(jsonWriter).events(all); string(got) != string(want) {
			t.Fatalf("%s\nis not\n%s", got, want)
		}
	})
}

package simulate

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestAReportNamesWhatIsNotAsItShouldBe(t *testing.T) {
	run := small(20)
	but := func(change func(*Sent)) Sent {
		s := Sent{Tally: Tally{Accepted: 5}}
		change(&s)
		return s
	}
	good := but(func(*Sent) {})
	for says, c := range map[string]struct {
		sent Sent
		add  func(*Report)
	}{
		"":                  {sent: good},
		"nothing was":       {sent: Sent{}},
		"7 events were ref": {sent: but(func(s *Sent) { s.Tally.Rejected = map[string]int{"400 a": 3, "401 b": 4} })},
		"2 events were never answered 200, so nobody knows": {sent: but(func(s *Sent) { s.Tally.Unknown = 2 })},
		"given up with 3 events not sent":                   {sent: but(func(s *Sent) { s.Gone, s.Waited, s.Tally.NotSent = "no answer", 3, 3 })},
		"given up with 4 events not sent":                   {sent: but(func(s *Sent) { s.Gone, s.Ended, s.Tally.NotSent = "no answer", true, 4 })},
		"3 sign-ups were not sent, for their referrers' codes did not come: closed": {sent: but(func(s *Sent) {
			s.Waited, s.Tally.NotSent, s.CodesErr = 4, 3, errors.New("closed")
		})},
		"is a worker running?": {sent: but(func(s *Sent) { s.Waited, s.Tally.NotSent = 3, 3 })},
		"3 sign-ups were not sent, for those whose codes they need did not get in": {sent: but(func(s *Sent) { s.Tally.NotSent = 3 })},
		"2 of the 5 events that were accepted are not recorded, such as key:": {sent: good, add: func(r *Report) {
			r.Settle(Settled{Events: 5, Recorded: 3, Missing: []string{"key"}})
		}},
		"3 rows have waited in the outbox, the oldest since 2023-11-14T22:13:20Z": {sent: good, add: func(r *Report) {
			r.Settle(Settled{Events: 5, Recorded: 5, Waiting: 3, WaitingSince: time.Unix(1_700_000_000, 0)})
		}},
		"4 things are": {sent: good, add: func(r *Report) { r.Compare(Outcome{Differences: 4}) }},
	} {
		r := NewReport(run, c.sent)
		if c.add != nil {
			c.add(r)
		}
		text := strings.Join(r.Problems, "\n")
		if (says == "") != (text == "") || !strings.Contains(text, says) || strings.Contains(text, "\n") {
			t.Errorf("%q: %s", says, text)
		}
	}
	late := but(func(s *Sent) { s.Ended, s.Waited, s.Tally.NotSent = true, 3, 3 })
	if r := NewReport(run, late); len(r.Problems) != 0 { // they were not sent for time was up
		t.Errorf("%q", r.Problems)
	}
}

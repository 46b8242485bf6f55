package simulate

import (
	"errors"
	"strings"
	"testing"
)

func TestAReportNamesWhatIsNotAsItShouldBe(t *testing.T) {
	run := small(20)
	good := func() Sent { return Sent{Tally: Tally{Accepted: 5}} }
	for says, c := range map[string]struct {
		sent   func() Sent
		timeUp bool
		add    func(*Report)
	}{
		"":                  {sent: good},
		"nothing was":       {sent: func() Sent { return Sent{} }},
		"7 events were ref": {sent: func() Sent { s := good(); s.Tally.Rejected = map[string]int{"400 a": 3, "401 b": 4}; return s }},
		"given up":          {sent: func() Sent { s := good(); s.Gone, s.Waited = "no answer", 3; return s }},
		"3 sign-ups were not sent, for their referrers' codes did not come: closed": {sent: func() Sent { s := good(); s.Waited, s.CodesErr = 3, errors.New("closed"); return s }},
		"is a worker running?": {sent: func() Sent { s := good(); s.Waited = 3; return s }},
		"2 of the 5 events that were accepted are not recorded, such as key:": {sent: good, add: func(r *Report) {
			r.Settle(Settled{Events: 5, Recorded: 3, Missing: []string{"key"}})
		}},
		"4 things are": {sent: good, add: func(r *Report) { r.Compare(Outcome{Differences: 4}) }},
	} {
		r := NewReport(run, c.sent(), c.timeUp)
		if c.add != nil {
			c.add(r)
		}
		text := strings.Join(r.Problems, "\n")
		if (says == "") != (text == "") || !strings.Contains(text, says) || strings.Contains(text, "\n") {
			t.Errorf("%q: %s", says, text)
		}
	}
	late := good()
	late.Waited = 3
	if r := NewReport(run, late, true); len(r.Problems) != 0 { // they were not sent for time was up
		t.Errorf("%q", r.Problems)
	}
}

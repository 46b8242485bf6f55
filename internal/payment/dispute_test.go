package payment

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// said is one report about a dispute, so many seconds after noon.
type said struct {
	id     string
	status DisputeStatus
	second int
}

// How its disputes leave a payment. Each report may come at any time, in any order and any number of times.
func TestDisputed(t *testing.T) {
	t.Parallel()
	const none = -1
	for name, c := range map[string]struct {
		said    []said
		want    Disputed
		inquiry int // when the dispute was opened whose inquiry is open: seconds after noon
	}{
		"nothing":                          {nil, Undisputed, none},
		"an inquiry":                       {[]said{{"dp_1", DisputeWarningNeedsResponse, 5}}, Undisputed, 5},
		"an inquiry that was answered":     {[]said{{"dp_1", DisputeWarningNeedsResponse, 5}, {"dp_1", DisputeWarningUnderReview, 9}}, Undisputed, 5},
		"an inquiry that came to nothing":  {[]said{{"dp_1", DisputeWarningNeedsResponse, 5}, {"dp_1", DisputeWarningClosed, 9}}, Undisputed, none},
		"one that was prevented":           {[]said{{"dp_1", DisputePrevented, 5}}, Undisputed, none},
		"an inquiry that became a dispute": {[]said{{"dp_1", DisputeWarningUnderReview, 5}, {"dp_1", DisputeNeedsResponse, 9}}, Withdrawn, none},
		"a dispute":                        {[]said{{"dp_1", DisputeNeedsResponse, 5}}, Withdrawn, none},
		"a dispute that was answered":      {[]said{{"dp_1", DisputeNeedsResponse, 5}, {"dp_1", DisputeUnderReview, 9}}, Withdrawn, none},
		"won":                              {[]said{{"dp_1", DisputeNeedsResponse, 5}, {"dp_1", DisputeWon, 9}}, Undisputed, none},
		"lost":                             {[]said{{"dp_1", DisputeNeedsResponse, 5}, {"dp_1", DisputeLost, 9}}, Lost, none},
		"lost from the start":              {[]said{{"dp_1", DisputeLost, 5}}, Lost, none},
		"lost, then won":                   {[]said{{"dp_1", DisputeLost, 5}, {"dp_1", DisputeWon, 9}}, Undisputed, none},
		"won, then lost":                   {[]said{{"dp_1", DisputeWon, 5}, {"dp_1", DisputeLost, 9}}, Lost, none},
		"won, and under review the moment before": {
			[]said{{"dp_1", DisputeUnderReview, 8}, {"dp_1", DisputeWon, 9}}, Undisputed, none,
		},
		"won, and under review in the same second":  {[]said{{"dp_1", DisputeUnderReview, 9}, {"dp_1", DisputeWon, 9}}, Undisputed, none},
		"lost, and under review in the same second": {[]said{{"dp_1", DisputeUnderReview, 9}, {"dp_1", DisputeLost, 9}}, Lost, none},
		"lost and won in the same second":           {[]said{{"dp_1", DisputeLost, 9}, {"dp_1", DisputeWon, 9}}, Undisputed, none},
		"a second dispute, after one was won":       {[]said{{"dp_1", DisputeWon, 5}, {"dp_2", DisputeNeedsResponse, 9}}, Withdrawn, none},
		"one lost, another won":                     {[]said{{"dp_1", DisputeLost, 5}, {"dp_2", DisputeWon, 9}}, Lost, none},
		"one lost, another open after it":           {[]said{{"dp_1", DisputeLost, 5}, {"dp_2", DisputeUnderReview, 9}}, Lost, none},
		"one lost, another open":                    {[]said{{"dp_1", DisputeNeedsResponse, 5}, {"dp_2", DisputeLost, 9}}, Lost, none},
		"both won":                                  {[]said{{"dp_1", DisputeWon, 5}, {"dp_2", DisputeWon, 9}}, Undisputed, none},
		"a dispute, and an inquiry beside it":       {[]said{{"dp_1", DisputeUnderReview, 5}, {"dp_2", DisputeWarningNeedsResponse, 9}}, Withdrawn, 9},
		"the later of two inquiries":                {[]said{{"dp_1", DisputeWarningNeedsResponse, 7}, {"dp_2", DisputeWarningUnderReview, 6}}, Undisputed, 7},
		"the later of two inquiries, which is over": {[]said{{"dp_1", DisputeWarningNeedsResponse, 6}, {"dp_2", DisputeWarningClosed, 7}}, Undisputed, 6},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				order := slices.Clone(c.said)
				if len(order) > 0 {
					order = rapid.Permutation(append(order, rapid.SliceOf(rapid.SampledFrom(order)).Draw(t, "again")...)).Draw(t, "order")
				}
				p := Derive(listed(joinEach(reports(order))), someTies)
				wantInquiry := time.Time{}
				if c.inquiry != none {
					wantInquiry = noon.Add(time.Duration(c.inquiry) * time.Second)
				}
				if p.Disputed != c.want || !p.InquiryAt.Equal(wantInquiry) {
					t.Fatalf("%v: got %d, inquiry at %s; want %d, inquiry at %s", order, p.Disputed, p.InquiryAt, c.want, wantInquiry)
				}
			})
		})
	}
}

// reports are what Stripe says of disputes: each report has the moment at which its dispute was opened, which is that of
// the first report on it.
func reports(all []said) []Report {
	opened := make(map[string]time.Time)
	for _, s := range all {
		opened[s.id] = earlier(opened[s.id], noon.Add(time.Duration(s.second)*time.Second))
	}
	made := make([]Report, 0, len(all))
	for _, s := range all {
		d := DisputeState{Minor: 1000, Status: s.status, At: noon.Add(time.Duration(s.second) * time.Second), Opened: opened[s.id]}
		made = append(made, Report{s.id, Evidence{Kind: Dispute, Dispute: d}})
	}
	return made
}

// A dispute says nothing of what was paid, by whom, or what went back: those stand as they were.
func TestDisputedLeavesThePaymentAlone(t *testing.T) {
	t.Parallel()
	session := Object{"cs_1", Evidence{Kind: Session, User: Claim{UserID: "bob", At: noon}, Paid: Paid{eur(1000), noon}}}
	charge := Object{"ch_1", Evidence{Kind: Charge, Refunded: 300}}
	dispute := Object{"dp_1", Evidence{Kind: Dispute, Dispute: DisputeState{Minor: 5000, Status: DisputeLost, At: after, Opened: noon}}}
	p := Derive([]Object{session, charge, dispute}, someTies)
	if p.UserID != "bob" || p.Paid.Amount != eur(1000) || p.Refunded != 300 || p.Disputed != Lost {
		t.Errorf("got %+v", p)
	}
}

// When the latest warning that can be acted on was made.
func TestWarned(t *testing.T) {
	t.Parallel()
	warning := func(id string, actionable bool, at, opened time.Time) Report {
		return Report{id, Evidence{Kind: Warning, Warning: WarningState{Known: true, Actionable: actionable, At: at, Opened: opened}}}
	}
	for name, c := range map[string]struct {
		reports []Report
		want    time.Time
	}{
		"none":                              {nil, time.Time{}},
		"one":                               {[]Report{warning("issfr_1", true, noon, before)}, before},
		"one that never could be":           {[]Report{warning("issfr_1", false, noon, before)}, time.Time{}},
		"one that was acted on":             {[]Report{warning("issfr_1", true, noon, before), warning("issfr_1", false, after, before)}, time.Time{}},
		"one that was, in the same second":  {[]Report{warning("issfr_1", true, noon, before), warning("issfr_1", false, noon, before)}, time.Time{}},
		"the later of two":                  {[]Report{warning("issfr_1", true, after, noon), warning("issfr_2", true, noon, before)}, noon},
		"the earlier, the later being over": {[]Report{warning("issfr_1", false, after, noon), warning("issfr_2", true, noon, before)}, before},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 2 {
				if got := Derive(listed(joinEach(c.reports)), someTies).WarnedAt; !got.Equal(c.want) {
					t.Errorf("got %s, want %s", got, c.want)
				}
				slices.Reverse(c.reports)
			}
		})
	}
}

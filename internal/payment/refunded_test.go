package payment

import (
	"math"
	"testing"
)

// What has gone back of a payment, by the charges' cumulative figures and by the single refunds.
func TestRefunded(t *testing.T) {
	t.Parallel()
	type refunds map[RefundStatus][]int64
	for name, c := range map[string]struct {
		charges []int64
		refunds refunds
		want    int64
	}{
		"nothing":                             {nil, nil, 0},
		"the charge's figure alone":           {[]int64{400}, nil, 400},
		"a refund alone":                      {nil, refunds{RefundSucceeded: {400}}, 400},
		"both tell the same":                  {[]int64{400}, refunds{RefundSucceeded: {400}}, 400},
		"two partial refunds":                 {[]int64{1000}, refunds{RefundSucceeded: {400, 600}}, 1000},
		"the charge knows of one more":        {[]int64{1000}, refunds{RefundSucceeded: {400}}, 1000},
		"the refunds are ahead of the charge": {[]int64{400}, refunds{RefundSucceeded: {400, 600}}, 1000},
		"a pending refund is not back yet":    {nil, refunds{RefundPending: {400}, RefundRequiresAction: {600}}, 0},
		"a pending refund in the charge's figure counts": {
			[]int64{400}, refunds{RefundPending: {400}}, 400,
		},
		"600 failed beside 400, and the charge's figure was not lowered": {
			[]int64{1000}, refunds{RefundFailed: {600}, RefundSucceeded: {400}}, 400,
		},
		"600 failed beside 400, and the charge's figure was lowered": {
			[]int64{400}, refunds{RefundFailed: {600}, RefundSucceeded: {400}}, 400,
		},
		"600 canceled beside 400": {[]int64{1000}, refunds{RefundCanceled: {600}, RefundSucceeded: {400}}, 400},
		"all failed":              {[]int64{1000}, refunds{RefundFailed: {1000}}, 0},
		"failed alone":            {nil, refunds{RefundFailed: {1000}}, 0},
		"two charges":             {[]int64{300, 400}, nil, 700},
		"charges beyond counting": {[]int64{math.MaxInt64, 1}, nil, math.MaxInt64},
		"refunds beyond counting": {nil, refunds{RefundSucceeded: {math.MaxInt64, math.MaxInt64}}, math.MaxInt64},
		"failures beyond counting leave what succeeded": {
			[]int64{1000}, refunds{RefundFailed: {math.MaxInt64, math.MaxInt64}, RefundSucceeded: {400}}, 400,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var objects []Object
			for i, figure := range c.charges {
				objects = append(objects, Object{"ch_" + string(rune('1'+i)), Evidence{Kind: Charge, Refunded: figure}})
			}
			for status, all := range c.refunds {
				for i, minor := range all {
					e := Evidence{Kind: Refund, Refund: RefundState{minor, status, noon}}
					objects = append(objects, Object{"re_" + string(rune('a'+status)) + string(rune('1'+i)), e})
				}
			}
			if got := Derive(objects, someTies).Refunded; got != c.want {
				t.Errorf("%d went back, want %d", got, c.want)
			}
		})
	}
}

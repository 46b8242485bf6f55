package program

import (
	"math"
	"time"

	"github.com/plusone-dev/plusone/internal/referral"
)

// onlyName is the one program there is; several are not yet supported.
const onlyName = "default"

// readTerms reads the whole program over the defaults it finds in t. The order of the takes is that of the messages
// that list the keys.
func readTerms(o *object, t *referral.Terms) {
	readName(o, t)
	readCodes(o.takeObject("codes", "{length: 8, max_uses: 10}"), &t.Codes)
	minimum := readQualify(o, &t.Qualify)
	o.takeDuration("hold", &t.Hold, 0)
	if policy, ok := o.takeChoice("refunds",
		string(referral.RefundAny), string(referral.RefundBelowMinimum), string(referral.RefundFull)); ok {
		t.Refunds = referral.RefundPolicy(policy)
	}
	readRewards(o, t, minimum)
	o.notYetUnlessEmpty("tiers", emptyList)
	o.notYetUnlessEmpty("badges", emptyList)
	o.notYetUnlessFalse("credit_purchases")
	o.notYetUnlessEmpty("fraud", emptyMapping)
	o.close()
}

func readName(o *object, t *referral.Terms) {
	v, ok := o.take("name")
	if !ok {
		return
	}
	name, ok := v.word("a name")
	if ok && name != onlyName {
		v.refuse("several programs are not yet supported: write name: %s", onlyName)
	}
	t.Program = name
}

func readCodes(o *object, c *referral.CodeTerms) {
	o.takeNumber("length", &c.Length, 6, 32)
	o.takeNumber("max_uses", &c.MaxUses, 0, 1_000_000_000)
	o.close()
}

// readQualify gives back the minimum as the file says it (nil: the default), for the rewards are checked against it.
func readQualify(program *object, q *referral.QualifyTerms) *amounts {
	v, ok := program.take("qualify")
	if !ok {
		return nil
	}
	o := v.object("{within: 90d}")
	if o == nil {
		return &amounts{} // what the minimum was meant to be is not known
	}
	o.notYetUnlessPassedOver("purchase")
	minimum := o.takeAmounts("minimum", math.MaxInt64)
	if minimum != nil {
		q.Minimum = minimum.minor
	}
	o.takeDuration("within", &q.Within, time.Second)
	o.takeDuration("grace", &q.Grace, 0)
	o.notYetUnlessFalse("verified_email")
	o.notYetUnlessFalse("requalify")
	o.close()
	return minimum
}

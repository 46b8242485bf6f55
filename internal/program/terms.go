package program

import (
	"math"
	"regexp"
	"time"

	"github.com/plusone-dev/plusone/internal/referral"
)

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
	readTiers(o, t, minimum)
	readBadges(o, t)
	o.takeFlag("credit_purchases", &t.CreditPurchases)
	readLinks(o.takeObject("links", "{remember: 30d}"), &t.Links)
	readFraud(o, &t.Fraud)
	o.close()
}

// programName is what a name may be: it stands in addresses, in files and on command lines.
var programName = regexp.MustCompile(`^[a-z0-9_-]{1,40}$`)

func readName(o *object, t *referral.Terms) {
	v, ok := o.take("name")
	if !ok {
		return
	}
	name, ok := v.word("a name")
	if ok && !programName.MatchString(name) {
		v.refuse("%s is not a program's name: write 1 to 40 of a-z, 0-9, - and _", shown(name))
	}
	t.Program = name
}

func readCodes(o *object, c *referral.CodeTerms) {
	o.takeNumber("length", &c.Length, 6, 32)
	o.takeNumber("max_uses", &c.MaxUses, 0, maxCount)
	o.close()
}

func readLinks(o *object, l *referral.LinkTerms) {
	o.takeDuration("remember", &l.Remember, 0)
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
	if mode, ok := o.takeChoice("purchase", string(referral.FirstAtMinimum), string(referral.First)); ok {
		q.Purchase = referral.PurchaseMode(mode)
	}
	minimum := o.takeAmounts("minimum", math.MaxInt64, "nothing is paid in points: take them out")
	if minimum != nil {
		q.Minimum = minimum.minor
	}
	o.takeDuration("within", &q.Within, time.Second)
	o.takeDuration("grace", &q.Grace, 0)
	o.takeFlag("verified_email", &q.VerifiedEmail)
	o.takeFlag("requalify", &q.Requalify)
	if q.Requalify && q.Purchase == referral.First {
		o.fields["requalify"].refuse("no other purchase takes the place of the first: write false, or purchase: %s", referral.FirstAtMinimum)
	}
	o.close()
	return minimum
}

package program

import (
	"time"

	"github.com/plusone-dev/plusone/internal/referral"
)

const (
	signUpsPerIP = "signups_per_ip"

	exampleFraud        = "{same_card: review}"
	exampleSignUpsPerIP = "{max: 5, per: 1m, then: review}"
)

// signal is a fraud signal that has no more to it than what follows.
type signal struct {
	key    string
	action *referral.Action
}

// signals are those of the terms, in the order in which they are written.
func signals(f *referral.FraudTerms) []signal {
	return []signal{
		{"same_card", &f.SameCard},
		{"same_ip", &f.SameIP},
		{"same_device", &f.SameDevice},
		{"same_email", &f.SameEmail},
		{"disposable_email", &f.DisposableEmail},
	}
}

// readFraud reads what each signal leads to. Nothing after the key is no signal at all.
func readFraud(o *object, f *referral.FraudTerms) {
	v, ok := o.take("fraud")
	if !ok || v.isNull() {
		return
	}
	fraud := v.object(exampleFraud)
	for _, s := range signals(f) {
		fraud.takeAction(s.key, s.action)
	}
	readSignUpsPerIP(fraud, &f.SignUpsPerIP)
	fraud.close()
}

// readSignUpsPerIP reads the one signal with a measure. All of it is asked for: no default would suit a shop and a
// university alike.
func readSignUpsPerIP(fraud *object, s *referral.SignUpsPerIP) {
	v, ok := fraud.take(signUpsPerIP)
	if !ok {
		return
	}
	o := v.object(exampleSignUpsPerIP)
	if o == nil {
		return
	}
	o.takeNumber("max", &s.Max, 1, maxCount)
	o.takeDuration("per", &s.Per, time.Second)
	o.takeAction("then", &s.Then)
	for _, key := range o.known {
		if _, given := o.fields[key]; !given {
			o.refuse("%s is missing: write all of %s", key, exampleSignUpsPerIP)
		}
	}
	o.close()
}

func (o *object) takeAction(key string, to *referral.Action) {
	if word, ok := o.takeChoice(key, string(referral.Flag), string(referral.Review), string(referral.Cancel)); ok {
		*to = referral.Action(word)
	}
}

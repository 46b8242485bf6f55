package referral

// The rules about who the two people are.

func (a *assessment) superseded() bool {
	if !a.history.Standing {
		a.check("sign_up", false, "an earlier sign-up of the same user stands, or an attribution by hand")
		return a.cancel(Superseded)
	}
	if a.history.NoSignUp {
		a.check("sign_up", true, "attributed by hand at %s, and no sign-up is known", stamp(a.history.SignedUpAt))
		return false
	}
	a.check("sign_up", true, "signed up at %s", stamp(a.history.SignedUpAt))
	return false
}

func (a *assessment) samePerson() bool {
	if a.history.SamePerson {
		a.check("other_person", false, "referrer and referee are the same user, or have the same e-mail address")
		return a.cancel(SelfReferral)
	}
	a.check("other_person", true, "referrer and referee are different people, as far as is known")
	return false
}

// referrerErased rules out sign-ups with the code of somebody who is gone. Those of before keep what they are worth.
func (a *assessment) referrerErased() bool {
	erased := a.history.ReferrerErased
	if erased.IsZero() {
		return false
	}
	gone := a.history.SignedUpAt.After(erased)
	a.check("referrer", !gone, "the referrer was erased at %s, the sign-up was at %s", stamp(erased), stamp(a.history.SignedUpAt))
	if gone {
		return a.cancel(Erased)
	}
	return false
}

func (a *assessment) existingCustomer() bool {
	if first := a.first(); first != nil && first.PaidAt.Before(a.from) {
		a.check("new_customer", false, "had paid %s at %s, before %s", first.Amount, stamp(first.PaidAt), stamp(a.from))
		return a.cancel(ExistingCustomer)
	}
	a.check("new_customer", true, "no purchase before %s is known", stamp(a.from))
	return false
}

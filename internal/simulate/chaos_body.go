package simulate

// fillWebhook has the words for one event of a chaotic business.
func (r *Run) fillWebhook(w *words, h Webhook) {
	began := r.Began.Unix()
	w.Type, w.Account, w.Basil, w.Held, w.Actionable = h.Type, h.account(), h.Basil, h.Held, h.Actionable
	w.Created, w.Opened = began+h.At, began+h.Opened
	if h.PaidAt != 0 {
		w.PaidAt = began + h.PaidAt
	}
	w.Currency, w.Amount, w.Back, w.AllBack = r.Currencies[h.Currency], h.Amount, h.Back, h.Back == h.Amount
	w.Status, w.Reason, w.Mode = h.Status, h.Status, h.Mode
	r.fillObjects(w, h)
	r.fillNames(w, h)
}

// fillObjects names the object itself, and those beside it.
func (r *Run) fillObjects(w *words, h Webhook) {
	id := func(o Object) string {
		prefix := prefixes[o]
		if o == TheCharge && h.Payment%4 == 3 {
			prefix = "py"
		}
		return r.object(prefix, h.inAccount(h.Payment))
	}
	ref := func(into *string, o Object, kind string) {
		if h.Names.has(o) {
			*into = reference(kind, id(o), h.Expanded)
		}
	}
	w.Session, w.Intent, w.Charge, w.Invoice = id(CheckoutSession), id(PaymentIntent), id(TheCharge), id(Invoice)
	w.Refund, w.Dispute, w.Warning = id(h.About), id(h.About), id(FraudWarning)
	ref(&w.IntentRef, PaymentIntent, "payment_intent")
	ref(&w.ChargeRef, TheCharge, "charge")
	ref(&w.InvoiceRef, Invoice, "invoice")
	switch {
	case h.Names.has(PaymentIntent):
		w.PaidBy = `{"payment_intent": ` + w.IntentRef + `, "type": "payment_intent"}`
	case h.Names.has(TheCharge):
		w.PaidBy = `{"charge": ` + w.ChargeRef + `, "type": "charge"}`
	}
	if h.Customer != Nobody {
		w.Customer = r.object("cus", h.inAccount(h.Customer))
		w.CustomerRef = reference("customer", w.Customer, h.Expanded)
	}
	if h.Mode == "subscription" || h.About == Invoice && h.Status != "manual" {
		w.SubscriptionRef = reference("subscription", r.object("sub", h.Customer), h.Expanded) // of all their invoices one
	}
}

// fillNames names the buyer, and who is not.
func (r *Run) fillNames(w *words, h Webhook) {
	if h.Decoy != Nobody {
		w.MetadataUser = r.UserID(h.Decoy)
	}
	if h.Claim.User == Nobody {
		return
	}
	switch user := r.UserID(h.Claim.User); h.Claim.Place {
	case Reference:
		w.NamedUser = user
	case SubscriptionMetadata:
		w.SubscriptionUser = user
	case SessionMetadata, PaymentMetadata, InvoiceMetadata, CustomerMetadata:
		w.MetadataUser = user
	}
}

// Package payment derives one payment from its several witnesses. Stripe shows one purchase as a session, an invoice, an
// intent and a charge, each an object with an id of its own and a part of the story; each leaves a row of evidence, evidence
// about one object is joined so that order and repetition do not matter, and the payment follows from all of it.
// It is pure, and reaches nothing but money.
package payment

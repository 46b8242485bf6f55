package api

import (
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/payment"
	"github.com/plusone-dev/plusone/internal/store"
)

// purchaseJSON is one purchase, as Stripe's objects together tell of it.
type purchaseJSON struct {
	Decides   bool         `json:"decides"`
	PaidAt    string       `json:"paid_at"`
	Gross     amountJSON   `json:"gross"`
	Refunded  amountJSON   `json:"refunded"`
	Dispute   string       `json:"dispute"`
	InquiryAt *string      `json:"inquiry_at"`
	WarnedAt  *string      `json:"warned_at"`
	Objects   []objectJSON `json:"objects"`
}

// objectJSON is one of Stripe's objects, and what it says. What it does not speak of is absent.
type objectJSON struct {
	ID       string       `json:"id"`
	Kind     string       `json:"kind"`
	Account  string       `json:"account,omitempty"` // the connected account it is of
	Live     bool         `json:"live"`
	UserID   string       `json:"user_id,omitempty"`
	Customer string       `json:"customer,omitempty"`
	Paid     *paidJSON    `json:"paid,omitempty"`
	Refunded int64        `json:"refunded_minor,omitempty"`
	Refund   *stateJSON   `json:"refund,omitempty"`
	Dispute  *stateJSON   `json:"dispute,omitempty"`
	Warning  *warningJSON `json:"fraud_warning,omitempty"`
}

type paidJSON struct {
	amountJSON
	At string `json:"at"`
}

// stateJSON is a refund or a dispute in its latest state.
type stateJSON struct {
	Status   string  `json:"status"`
	Minor    int64   `json:"minor"`
	At       string  `json:"at"`
	OpenedAt *string `json:"opened_at,omitempty"`
}

type warningJSON struct {
	Actionable bool    `json:"actionable"`
	At         string  `json:"at"`
	OpenedAt   *string `json:"opened_at,omitempty"`
}

// The words for what payments are made of: Stripe's own.
var (
	kinds = map[payment.Kind]string{
		payment.Unseen: "unseen", payment.Session: "checkout.session", payment.Intent: "payment_intent", payment.Charge: "charge",
		payment.Refund: "refund", payment.Invoice: "invoice", payment.Dispute: "dispute", payment.Warning: "radar.early_fraud_warning",
	}
	refundStatuses = map[payment.RefundStatus]string{
		payment.RefundPending: "pending", payment.RefundRequiresAction: "requires_action", payment.RefundSucceeded: "succeeded",
		payment.RefundCanceled: "canceled", payment.RefundFailed: "failed",
	}
	disputeStatuses = map[payment.DisputeStatus]string{
		payment.DisputeWarningNeedsResponse: "warning_needs_response", payment.DisputeWarningUnderReview: "warning_under_review",
		payment.DisputeWarningClosed: "warning_closed", payment.DisputePrevented: "prevented",
		payment.DisputeNeedsResponse: "needs_response", payment.DisputeUnderReview: "under_review",
		payment.DisputeLost: "lost", payment.DisputeWon: "won",
	}
	disputes = map[payment.Disputed]string{payment.Undisputed: "none", payment.Withdrawn: "withdrawn", payment.Lost: "lost"}
)

func purchaseOf(p store.PurchaseFact) purchaseJSON {
	j := purchaseJSON{
		Decides: p.Decides, PaidAt: stamp(p.PaidAt), Gross: amountOf(p.Amount), Refunded: amountOf(money.New(p.Amount.Currency, p.Refunded)),
		Dispute: disputes[p.Disputed], InquiryAt: stampOrNull(p.InquiryAt), WarnedAt: stampOrNull(p.WarnedAt),
		Objects: make([]objectJSON, 0, len(p.Objects)),
	}
	for _, o := range p.Objects {
		j.Objects = append(j.Objects, objectOf(o))
	}
	return j
}

func objectOf(o payment.Object) objectJSON {
	scope, id := payment.SplitKey(o.Key)
	e := o.Evidence
	_, customer := payment.SplitKey(e.Customer)
	j := objectJSON{
		ID: id, Kind: kinds[e.Kind], Account: scope.Account, Live: scope.Live, UserID: e.User.UserID, Customer: customer, Refunded: e.Refunded,
	}
	if e.Paid != (payment.Paid{}) {
		j.Paid = &paidJSON{amountOf(e.Paid.Amount), stamp(e.Paid.At)}
	}
	if e.Refund != (payment.RefundState{}) {
		j.Refund = &stateJSON{Status: refundStatuses[e.Refund.Status], Minor: e.Refund.Minor, At: stamp(e.Refund.At)}
	}
	if e.Dispute != (payment.DisputeState{}) {
		j.Dispute = &stateJSON{
			Status: disputeStatuses[e.Dispute.Status], Minor: e.Dispute.Minor, At: stamp(e.Dispute.At), OpenedAt: stampOrNull(e.Dispute.Opened),
		}
	}
	if w := e.Warning; w.Known {
		j.Warning = &warningJSON{Actionable: w.Actionable, At: stamp(w.At), OpenedAt: stampOrNull(w.Opened)}
	}
	return j
}

package console

import (
	"context"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/plusone-dev/plusone/internal/decide"
	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/payment"
	"github.com/plusone-dev/plusone/internal/referral"
	"github.com/plusone-dev/plusone/internal/store"
)

// referralPage is one referral with why it stands as it does.
type referralPage struct {
	store.Why

	People    store.People
	Purchases []purchase
	CanReview bool   // somebody awaits a decision
	Undo      bool   // a decision stands, and can be taken back
	Error     string // what was wrong with a decision that was sent
	Wrote     string // the reason that came with it
}

// purchase is one of the friend's purchases in words.
type purchase struct {
	store.PurchaseFact

	Objects []object
}

// object is one of Stripe's objects, and what it says.
type object struct{ ID, Kind, Says string }

func (c *Console) referral(w http.ResponseWriter, r *http.Request) error {
	content, err := c.why(r)
	if err != nil {
		return err
	}
	return c.show(w, r, "referral", c.page(r, "Referral "+strconv.FormatInt(content.ID, 10), hereReferrals, content))
}

func (c *Console) why(r *http.Request) (content referralPage, err error) {
	id, err := numberOf(r, "id")
	if err != nil {
		return content, err
	}
	if content.Why, err = c.Store.Why(r.Context(), id); err != nil {
		return content, err
	}
	if content.People, err = c.Store.PeopleOf(r.Context(), id); err != nil {
		return content, err
	}
	for _, p := range content.Why.Purchases {
		content.Purchases = append(content.Purchases, purchaseOf(p))
	}
	content.CanReview = len(content.Reviewing) > 0 && content.Referee != ""
	content.Undo = len(content.Decisions) > 0 && content.Decisions[0].Verdict != referral.Reopen && content.Referee != ""
	return content, nil
}

// kinds are the words for Stripe's objects.
var kinds = map[payment.Kind]string{
	payment.Unseen: "mentioned", payment.Session: "Checkout Session", payment.Intent: "PaymentIntent", payment.Charge: "charge",
	payment.Refund: "refund", payment.Invoice: "invoice", payment.Dispute: "dispute", payment.Warning: "early fraud warning",
}

var refundStatuses = map[payment.RefundStatus]string{
	payment.RefundPending: "pending", payment.RefundRequiresAction: "requires action", payment.RefundSucceeded: "succeeded",
	payment.RefundCanceled: "canceled", payment.RefundFailed: "failed",
}

var disputeStatuses = map[payment.DisputeStatus]string{
	payment.DisputeWarningNeedsResponse: "inquiry, needs a response", payment.DisputeWarningUnderReview: "inquiry, under review",
	payment.DisputeWarningClosed: "inquiry, closed", payment.DisputePrevented: "prevented", payment.DisputeNeedsResponse: "needs a response",
	payment.DisputeUnderReview: "under review", payment.DisputeLost: "lost", payment.DisputeWon: "won",
}

func purchaseOf(p store.PurchaseFact) purchase {
	out := purchase{PurchaseFact: p}
	for _, o := range p.Objects {
		_, id := payment.SplitKey(o.Key)
		out.Objects = append(out.Objects, object{ID: id, Kind: kinds[o.Evidence.Kind], Says: says(o.Evidence)})
	}
	return out
}

// says puts into words what an object says of its payment.
func says(e payment.Evidence) string {
	switch {
	case e.Refund != (payment.RefundState{}):
		return refundStatuses[e.Refund.Status]
	case e.Dispute != (payment.DisputeState{}):
		return disputeStatuses[e.Dispute.Status]
	case e.Warning.Known && e.Warning.Actionable:
		return "can be acted on"
	case e.Warning.Known:
		return "can not be acted on any more"
	case e.Paid != (payment.Paid{}):
		return "paid " + moneyWords(e.Paid.Amount)
	case e.Refunded > 0:
		return "some of it went back"
	}
	return ""
}

// review takes a decision about a referral, and leads to a page that shows what came of it.
func (c *Console) review(verdict fact.DecisionVerdict) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := numberOf(r, "id")
		if err != nil {
			return err
		}
		form, err := readForm(r, "why")
		if err != nil {
			return err
		}
		referee, code, err := c.Store.NameReferral(r.Context(), id)
		if err != nil {
			return err
		}
		c.Log.InfoContext(r.Context(), "a decision is taken in the console", "referral", id, "by", c.by(r), "verdict", verdict)
		published, err := c.Desk.Decide(r.Context(), fact.Decision{
			UserID: referee, Code: code, Verdict: verdict, By: c.by(r), Why: oneLine(form.Get("why")),
		})
		if refused := decide.Refused(err); refused != "" {
			return c.again(w, r, refused, form.Get("why"))
		}
		if err != nil {
			return err
		}
		return go303(w, r, hereReferrals+"/"+strconv.FormatInt(id, 10)+"/decided?event="+published.ID)
	}
}

// again shows the referral once more, with what was wrong with the decision.
func (c *Console) again(w http.ResponseWriter, r *http.Request, refused, wrote string) error {
	content, err := c.why(r)
	if err != nil {
		return err
	}
	content.Wrote = wrote
	content.Error = "The decision was not taken: " + refused + "."
	if wrote == "" {
		content.Error = "Say why: the reason is kept with the decision."
	}
	c.set.Render(w, r, http.StatusBadRequest, "referral", c.page(r, "Referral "+strconv.FormatInt(content.ID, 10), hereReferrals, content))
	return nil
}

// source is who says so, of the events that the console has published.
const source = "/plusone/console"

// Source is the source of the console's events, for the desk that publishes them.
const Source = source

// decidedPage says what came of a decision.
type decidedPage struct {
	Applied  bool
	Decision store.DecisionFact
	Moves    []store.Transition
	Referral store.Why
	Here     string
}

// eventID is the form of the ids that the desk gives.
var eventID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// worksWithin is how long to wait for the worker, and lookEvery how often to look meanwhile.
const (
	worksWithin = 2 * time.Second
	lookEvery   = 50 * time.Millisecond
)

// decided waits a little for the worker to apply a decision, and says what came of it.
func (c *Console) decided(w http.ResponseWriter, r *http.Request) error {
	id, err := numberOf(r, "id")
	if err != nil {
		return err
	}
	q, err := readQuery(r, "event")
	if err != nil {
		return err
	}
	event := q.Get("event")
	if !eventID.MatchString(event) {
		return store.ErrNotFound
	}
	key := fact.MessageID(source, event)
	applied, err := c.soon(r.Context(), func(ctx context.Context) (bool, error) { return c.Store.DecisionApplied(ctx, key) })
	if err != nil {
		return err
	}
	content := decidedPage{Applied: applied, Here: r.URL.RequestURI()}
	if content.Referral, err = c.Store.Why(r.Context(), id); err != nil {
		return err
	}
	for _, d := range content.Referral.Decisions {
		if d.Event == key {
			content.Decision = d
		}
	}
	if applied && content.Decision.Event == "" { // it is another referral's
		return store.ErrNotFound
	}
	for _, m := range content.Referral.Transitions {
		if m.Cause == event {
			content.Moves = append(content.Moves, m)
		}
	}
	return c.show(w, r, "decided", c.page(r, "Decided", hereReviews, content))
}

// soon asks until something has come about, or it has waited long enough.
func (c *Console) soon(ctx context.Context, ask func(context.Context) (bool, error)) (bool, error) {
	until := time.NewTimer(worksWithin)
	defer until.Stop()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		done, err := ask(ctx)
		if done || err != nil {
			return done, err
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-until.C:
			return false, nil
		case <-tick.C:
		}
	}
}

// reviewsPage is what awaits a person.
type reviewsPage struct {
	Referrals []store.Referral
	More      string
}

// queueSize is how many of the queue are shown at a time, the oldest first.
const queueSize = 25

func (c *Console) reviews(w http.ResponseWriter, r *http.Request) error {
	after, err := numberAlone(r, "after")
	if err != nil {
		return err
	}
	page, err := c.Store.Referrals(r.Context(), store.Filter{Reviewing: true, After: after, Limit: queueSize + 1})
	if err != nil {
		return err
	}
	content := reviewsPage{Referrals: page}
	if len(page) > queueSize {
		content.Referrals = page[:queueSize]
		content.More = hereReviews + "?after=" + strconv.FormatInt(page[queueSize-1].ID, 10)
	}
	return c.show(w, r, "reviews", c.page(r, "Reviews", hereReviews, content))
}

package store

import (
	"strconv"
	"time"

	"github.com/plusone-dev/plusone/internal/ledger"
	"github.com/plusone-dev/plusone/internal/referral"
)

// cloudEvent is an outbound event as docs/events describes it. It is CloudEvents 1.0 in the structured JSON format.
type cloudEvent struct {
	SpecVersion     string    `json:"specversion"`
	ID              string    `json:"id"`
	Source          string    `json:"source"`
	Type            string    `json:"type"`
	Subject         string    `json:"subject"`
	Time            time.Time `json:"time"`
	DataContentType string    `json:"datacontenttype"`
	Data            any       `json:"data"` // a movedData or a rewardData, pointed to
}

// parties are the names that every outbound event carries.
type parties struct {
	ReferralID string `json:"referral_id"`
	Program    string `json:"program"`
}

type movedData struct {
	parties
	Referrer *string   `json:"referrer"` // null, as the other, when they were erased
	Referee  *string   `json:"referee"`
	Code     string    `json:"code"`
	From     *string   `json:"from"`
	Status   string    `json:"status"`
	Reason   *string   `json:"reason"`
	At       time.Time `json:"at"`
	Cause    string    `json:"cause"`
}

type rewardData struct {
	parties
	TransferID string    `json:"transfer_id"`
	To         string    `json:"to"`
	On         string    `json:"on"`
	UserID     *string   `json:"user_id"` // null when they were erased
	Currency   string    `json:"currency"`
	Amount     string    `json:"amount"`
	Minor      int64     `json:"minor"`
	At         time.Time `json:"at"`
	Cause      string    `json:"cause"`
}

// outbound writes the events of the transaction: what was just logged and posted, each under an id that says which
// transition or transfer it is and so never changes, however often it is delivered.
func (t *txn) outbound() (body []byte, count int) {
	items := make(map[int64]*item, len(t.items))
	numbers := make(map[int64]int)
	for _, it := range t.items {
		items[it.ID] = it
		numbers[it.ID] = int(it.Transitions) - len(it.moves)
	}
	events := make([]cloudEvent, 0, len(t.result.Transitions)+len(t.result.Transfers))
	for _, m := range t.result.Transitions {
		numbers[m.ReferralID]++
		events = append(events, t.moved(items[m.ReferralID], m, numbers[m.ReferralID]))
	}
	for _, p := range t.result.Transfers {
		events = append(events, t.rewarded(items[p.ReferralID], p.Transfer))
	}
	return new(jsonWriter).events(events), len(events)
}

func (t *txn) moved(it *item, m Transition, n int) cloudEvent {
	data := movedData{
		parties: t.parties(it), Referrer: toldName(t.names.userOf[it.ReferrerID]), Referee: toldName(t.names.userOf[it.RefereeID]),
		Code: t.codes[it.CodeID].name, From: orNull(m.Move.From), Status: string(m.Move.To), Reason: orNull(m.Move.Reason),
		At: m.At.UTC(), Cause: m.Cause,
	}
	return envelope(numbered("transition-", it.ID, n), "referral."+data.Status, it.ID, data.At, &data)
}

func (t *txn) rewarded(it *item, p ledger.Transfer) cloudEvent {
	to, on := referral.PartOf(p.Leg)
	data := rewardData{
		parties: t.parties(it), TransferID: numbered("", it.ID, p.N), To: string(to), On: string(on),
		UserID: toldName(t.names.userOf[int64(p.User())]), Currency: string(p.Amount.Currency), Amount: p.Amount.Major(), Minor: p.Amount.Minor,
		At: t.at(it).UTC(), Cause: it.cause,
	}
	return envelope("transfer-"+data.TransferID, "reward."+string(p.Kind), it.ID, data.At, &data)
}

func (t *txn) parties(it *item) parties {
	return parties{ReferralID: strconv.FormatInt(it.ID, 10), Program: it.version.terms.Program}
}

func numbered(prefix string, referralID int64, n int) string {
	return prefix + strconv.FormatInt(referralID, 10) + "-" + strconv.Itoa(n)
}

func envelope(id, kind string, referralID int64, at time.Time, data any) cloudEvent {
	return cloudEvent{
		SpecVersion: "1.0", ID: id, Source: "/plusone", Type: kind, Subject: strconv.FormatInt(referralID, 10), Time: at,
		DataContentType: "application/json", Data: data,
	}
}

func orNull[T referral.Status | referral.Reason](v T) *string {
	if v == "" {
		return nil
	}
	s := string(v)
	return &s
}

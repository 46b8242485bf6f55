package console

import (
	"html/template"
	"strings"
	"time"

	"github.com/plusone-dev/plusone/internal/ledger"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/payment"
	"github.com/plusone-dev/plusone/internal/referral"
	"github.com/plusone-dev/plusone/internal/store"
)

// words are what the templates write things with.
var words = template.FuncMap{
	"reason":   reasonWords,
	"check":    checkWords,
	"signal":   signalWords,
	"money":    moneyWords,
	"moneys":   moneysWords,
	"rfc":      func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"day":      func(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04") },
	"exact":    func(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04:05 UTC") },
	"disputed": func(d payment.Disputed) string { return disputeWords[d] },
	"list":     func(caption string, lines []store.Browsed) linesPart { return linesPart{caption, lines} },
	"back":     func(of money.Amount, minor int64) string { return moneyWords(money.New(of.Currency, minor)) },
	"plural":   plural,
	"seconds":  seconds,
	"short":    short,
	"line":     lineWords,
	"month":    monthName,
}

// reasonTexts say why a referral is cancelled.
var reasonTexts = map[referral.Reason]string{
	referral.Refunded: "refunded", referral.Expired: "no purchase in time", referral.CodeExhausted: "the code was used up",
	referral.SelfReferral: "referred themselves", referral.ExistingCustomer: "was a customer already", referral.Superseded: "an earlier sign-up counts",
	referral.Disputed: "disputed", referral.Rejected: "rejected by a person", referral.BelowMinimum: "first purchase too small",
	referral.Fraud: "signs of fraud", referral.Erased: "somebody was erased",
}

// reasons are those that a list can be narrowed to, in the order in which they are offered.
var reasons = []referral.Reason{
	referral.Refunded, referral.Disputed, referral.Expired, referral.BelowMinimum, referral.CodeExhausted, referral.SelfReferral,
	referral.ExistingCustomer, referral.Superseded, referral.Fraud, referral.Rejected, referral.Erased,
}

func reasonWords(r referral.Reason) string {
	if s := reasonTexts[r]; s != "" {
		return s
	}
	return string(r)
}

// checkTexts name the conditions that a referral is held against.
var checkTexts = map[string]string{
	"sign_up": "Their sign-up counts", "other_person": "Two different people", "referrer": "The referrer was there", "referee": "The friend is there",
	"new_customer": "A new customer", "window": "Bought in time", "minimum": "Bought enough", "verified_email": "E-mail address verified",
	"refunds": "Kept what they bought", "dispute": "No dispute", "decision": "A person's decision", "review": "Nothing to review",
	"code": "A place on the code", "hold": "The waiting time is over",
}

func checkWords(name string) string {
	if s := checkTexts[name]; s != "" {
		return s
	}
	s := signalWords(name) // a sign of fraud is a check by its own name
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

var signalTexts = map[string]string{
	string(referral.SignalSameCard): "same card", string(referral.SignalSameIP): "same network address", string(referral.SignalSameDevice): "same device",
	string(referral.SignalSameEmail): "same e-mail address", string(referral.SignalDisposableEmail): "throw-away e-mail address",
	string(referral.SignalSignUpsPerIP): "many sign-ups from one address", referral.ReviewInquiry: "inquiry by the card's bank",
	referral.ReviewWarning: "fraud warning by the card's bank",
}

func signalWords(kind any) string {
	var name string
	switch k := kind.(type) {
	case string:
		name = k
	case referral.SignalKind:
		name = string(k)
	}
	if s := signalTexts[name]; s != "" {
		return s
	}
	return strings.ReplaceAll(name, "_", " ")
}

var disputeWords = map[payment.Disputed]string{
	payment.Undisputed: "", payment.Withdrawn: "disputed: the money is withdrawn for now", payment.Lost: "disputed and lost",
}

// unplacedTexts name what can not be placed, and what it waits for.
var unplacedTexts = map[store.UnplacedKind][2]string{
	store.UnplacedPayment:     {"Payments", "of nobody who is known: it counts once somebody signs up as whom it names, or its customer is known"},
	store.UnplacedRefund:      {"Refunds", "of purchases that nobody has told of"},
	store.UnplacedDispute:     {"Disputes", "of purchases that nobody has told of"},
	store.UnplacedSignUp:      {"Sign-ups", "with a code that nobody has: it counts once somebody gets it"},
	store.UnplacedAttribution: {"Attributions", "by hand to a code that nobody has"},
}

// moneyWords writes an amount as people read it.
func moneyWords(a money.Amount) string {
	if !a.Currency.Known() {
		return a.String()
	}
	return a.Human()
}

func currencyName(c money.Currency) string {
	if c == money.Points {
		return "points"
	}
	return strings.ToUpper(string(c))
}

func moneysWords(all []money.Amount) string {
	if len(all) == 0 {
		return "–"
	}
	texts := make([]string, 0, len(all))
	for _, a := range all {
		texts = append(texts, moneyWords(a))
	}
	return strings.Join(texts, " + ")
}

// linesPart is a table of referrals, and what it is called.
type linesPart struct {
	Caption string
	Lines   []store.Browsed
}

// lineWords say what a line of somebody's account is.
func lineWords(l store.Line) string {
	switch {
	case l.Book == store.Rewards && l.Kind == ledger.Granted:
		return "reward"
	case l.Book == store.Rewards:
		return "reward taken back"
	case l.Book == store.Credits && l.Amount.Minor < 0:
		return "credit taken back"
	case l.Book == store.Credits:
		return "purchase credited"
	case l.Reverses != 0:
		return "given back"
	}
	return "spent"
}

// seconds writes a length of time as people say it.
func seconds(n int64) string {
	d := time.Duration(n) * time.Second
	switch {
	case d < 2*time.Minute:
		return plural(int(n), "second")
	case d < 2*time.Hour:
		return plural(int(d.Minutes()), "minute")
	case d < 48*time.Hour:
		return plural(int(d.Hours()), "hour")
	}
	return plural(int(d.Hours()/24), "day")
}

// short cuts a text that has no end.
func short(s string, most int) string {
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most]) + "…"
}

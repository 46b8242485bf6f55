package console

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/plusone-dev/plusone/internal/payment"
	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/stream"
)

// lettersPage lists what could not be processed.
type lettersPage struct {
	Letters       []letter
	Total         int64
	Older, Newest string
	Away          bool // the stream does not answer
}

type letter struct {
	stream.Letter

	Text string // the body, as far as it is text
	Cut  bool   // and there is more of it
}

// shownText is how much of a letter's body stands on the page.
const shownText = 2000

func (c *Console) letters(w http.ResponseWriter, r *http.Request) error {
	before, err := numberAlone(r, "before")
	if err != nil {
		return err
	}
	page, total, next, err := c.Letters.Page(r.Context(), uint64(before), lettersPerPage)
	content := lettersPage{Total: int64(total), Away: err != nil}
	if err != nil { // the page can say so itself
		c.Log.ErrorContext(r.Context(), "dead letters could not be read", "error", err)
	}
	for _, l := range page {
		content.Letters = append(content.Letters, letterOf(l))
	}
	if next != 0 {
		content.Older = hereLetters + "?before=" + strconv.FormatUint(next, 10)
	}
	if before != 0 {
		content.Newest = hereLetters
	}
	status := http.StatusOK
	if content.Away {
		status = http.StatusServiceUnavailable
	}
	c.set.Render(w, r, status, "letters", c.page(r, "Dead letters", hereLetters, content))
	return nil
}

// lettersPerPage is how many are read at a time, each by a question of its own.
const lettersPerPage = 20

func letterOf(l stream.Letter) letter {
	body := l.Body[:min(len(l.Body), shownText)]
	text := strings.ToValidUTF8(string(body), "\uFFFD")
	if !utf8.Valid(body) && strings.Count(text, "\uFFFD") > len(body)/8 {
		text = ""
	}
	return letter{Letter: l, Text: text, Cut: l.Size > len(body)}
}

// unplacedPage lists what waits for something that is not known yet.
type unplacedPage struct {
	Kinds  []unplacedKind
	Kind   store.UnplacedKind
	Rows   []unplacedRow
	Next   string
	Newest string
}

type unplacedKind struct {
	Kind       store.UnplacedKind
	Name, What string
	Count      int
	AtLeast    bool // there may be more than were counted
}

type unplacedRow struct {
	store.Unplaced

	Name     string
	IDs      []string
	Customer string
}

func (c *Console) unplaced(w http.ResponseWriter, r *http.Request) error {
	q, err := readQuery(r, "kind", "after")
	if err != nil {
		return err
	}
	kind := store.UnplacedKind(q.Get("kind"))
	if kind != "" && !slices.Contains(store.UnplacedKinds(), kind) {
		return &badRequestError{"There is no such kind."}
	}
	list, next, err := c.Store.Unplaced(r.Context(), store.UnplacedPage{Kind: kind, After: q.Get("after"), Limit: perPage})
	if errors.Is(err, store.ErrBadCursor) {
		return &badRequestError{"No page goes on from there."}
	}
	if err != nil {
		return err
	}
	counts, err := c.Store.CountUnplaced(r.Context())
	if err != nil {
		return err
	}
	content := unplacedPage{Kind: kind}
	for _, k := range store.UnplacedKinds() {
		content.Kinds = append(content.Kinds, unplacedKind{k, unplacedTexts[k][0], unplacedTexts[k][1], counts[k], counts[k] >= store.UnplacedMost})
	}
	for _, u := range list {
		content.Rows = append(content.Rows, unplacedRowOf(u))
	}
	if next != "" {
		content.Next = hereUnplaced + "?" + url.Values{"kind": {string(kind)}, "after": {next}}.Encode()
	}
	if q.Get("after") != "" {
		content.Newest = hereUnplaced + "?" + url.Values{"kind": {string(kind)}}.Encode()
	}
	return c.show(w, r, "unplaced", c.page(r, "Unplaced facts", hereUnplaced, content))
}

// unplacedWords name one of each kind.
var unplacedWords = map[store.UnplacedKind]string{
	store.UnplacedPayment: "payment", store.UnplacedRefund: "refund", store.UnplacedDispute: "dispute", store.UnplacedSignUp: "sign-up",
	store.UnplacedAttribution: "attribution",
}

func unplacedRowOf(u store.Unplaced) unplacedRow {
	row := unplacedRow{Unplaced: u, Name: unplacedWords[u.Kind]}
	for _, key := range u.Objects {
		_, id := payment.SplitKey(key)
		row.IDs = append(row.IDs, id)
	}
	if u.Customer != "" {
		_, row.Customer = payment.SplitKey(u.Customer)
	}
	return row
}

// healthPage says how the whole is.
type healthPage struct {
	Version string
	Parts   []part
}

// part is one thing that can be well or not.
type part struct {
	Name, Says string
	State      string // "good", "wait" or "bad", as the sheet knows them
	Word       string
}

// From when on something that waits is told as a fault: what takes longer is no moment any more.
const (
	slowAfter = time.Minute
	badAfter  = 15 * time.Minute
)

func (c *Console) health(w http.ResponseWriter, r *http.Request) error {
	content := healthPage{Version: c.Version}
	content.Parts = append(content.Parts, c.databaseParts(r)...)
	content.Parts = append(content.Parts, c.streamParts(r)...)
	return c.show(w, r, "health", c.page(r, "Health", hereHealth, content))
}

func (c *Console) databaseParts(r *http.Request) []part {
	b, err := c.Store.Backlog(r.Context())
	if err != nil {
		c.Log.ErrorContext(r.Context(), "the database could not say how it stands", "error", err)
		return []part{{"Database", "It could not be asked. The log says why.", "bad", "Trouble"}}
	}
	all := []part{{"Database", "It answers.", "good", "Well"}}
	clock := part{"Clock", "It has decided nothing yet: a worker sets it with its first tick.", "wait", "Waiting"}
	if !b.Clock.IsZero() {
		clock = aged("Clock", "Windows and holds are decided up to "+ago(b.At.Sub(b.Clock))+".", b.At.Sub(b.Clock))
	}
	outbox := part{"Outbox", "Everything is told.", "good", "Well"}
	if b.Outbox > 0 {
		outbox = aged("Outbox", plural(b.Outbox, "transaction")+" to tell of, the oldest from "+ago(b.At.Sub(b.Oldest))+".", b.At.Sub(b.Oldest))
	}
	reviews := part{"Reviews", "Nobody awaits a decision.", "good", "Well"}
	if n := b.Waiting.Reviews; n > 0 {
		reviews = part{"Reviews", "A person's decision is awaited by " + plural(n, "referral") + ".", "wait", "Waiting"}
	}
	credits := part{"Credits", "All purchases are credited that are to be.", "good", "Well"}
	if n := b.Waiting.Backlog; n > 0 {
		credits = part{"Credits", plural(n, "buyer") + " whose earlier purchases have still to be credited.", "wait", "Catching up"}
	}
	return append(all, clock, outbox, reviews, credits)
}

func (c *Console) streamParts(r *http.Request) []part {
	st, err := c.Letters.Standing(r.Context())
	if err != nil {
		c.Log.ErrorContext(r.Context(), "the stream could not say how it stands", "error", err)
		return []part{{"Stream", "It could not be asked. The log says why.", "bad", "Trouble"}}
	}
	all := []part{{"Stream", "It answers.", "good", "Well"}}
	worker := part{"Worker", "It has come to every event.", "good", "Well"}
	if n := st.Pending + st.Unacked; n > 0 {
		worker = part{"Worker", plural(int(n), "event") + " on the way.", "wait", "Working"}
	}
	dead := part{"Dead letters", "There are none.", "good", "Well"}
	if st.Dead > 0 {
		dead = part{"Dead letters", plural(int(st.Dead), "event") + " could not be processed.", "bad", "Look at them"}
	}
	return append(all, worker, dead)
}

// aged says how something is that should be no older than a moment.
func aged(name, says string, age time.Duration) part {
	switch {
	case age > badAfter:
		return part{name, says, "bad", "Stands still"}
	case age > slowAfter:
		return part{name, says, "wait", "Slow"}
	}
	return part{name, says, "good", "Well"}
}

// ago writes how long ago something was.
func ago(d time.Duration) string {
	if d < 2*time.Second {
		return "just now"
	}
	return seconds(int64(d/time.Second)) + " ago"
}

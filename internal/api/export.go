package api

import (
	"context"
	"fmt"
	"mime"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/plusone-dev/plusone/internal/problem"
	"github.com/plusone-dev/plusone/internal/store"
)

// What can be exported, as its metrics call it.
const (
	ofReferrals = "referrals"
	ofTransfers = "transfers"
)

const (
	exportsAtOnce  = 2                // of one process: each holds a page, and keeps the database busy
	exportPage     = 1000             // rows
	exportPatience = 30 * time.Second // for a page to be taken by whoever asked
)

// exported is a row, in both forms.
type exported struct {
	cells  []string
	object any
}

// pages reads an export page by page; an empty one is its end. Each page is of one moment, and no moment lasts for longer: a
// snapshot that were held would keep the database from clearing away what the relay has done with.
type pages func(ctx context.Context) ([]exported, error)

// exportReferrals serves GET /v1/export/referrals.
func (a *API) exportReferrals(w http.ResponseWriter, r *http.Request) {
	after := int64(0)
	columns := []string{
		"id", "program", "referrer", "referee", "code", "status", "reason", "attributed_at", "changed_at", "reviewing",
	}
	a.exportPages(w, r, ofReferrals, columns, func(ctx context.Context) ([]exported, error) {
		rows, err := a.lists.RowsAfter(ctx, after, exportPage)
		out := make([]exported, 0, len(rows))
		for _, v := range rows {
			after = v.ID
			j := rowOf(v)
			out = append(out, exported{object: j, cells: []string{
				j.ID, harmless(j.Program), harmless(v.Referrer), harmless(v.Referee), harmless(j.Code), j.Status, string(v.Reason),
				j.AttributedAt, j.ChangedAt, strconv.FormatBool(j.Reviewing),
			}})
		}
		return out, err
	})
}

// rowJSON is a referral as it is exported: what is stored of it, and not why.
type rowJSON struct {
	ID           string  `json:"id"`
	Program      string  `json:"program"`
	Referrer     *string `json:"referrer"` // null: they were erased
	Referee      *string `json:"referee"`
	Code         string  `json:"code"`
	Status       string  `json:"status"`
	Reason       *string `json:"reason"`
	AttributedAt string  `json:"attributed_at"`
	ChangedAt    string  `json:"changed_at"`
	Reviewing    bool    `json:"reviewing"`
}

func rowOf(v store.Row) rowJSON {
	return rowJSON{
		ID: strconv.FormatInt(v.ID, 10), Program: v.Program, Referrer: orNull(v.Referrer), Referee: orNull(v.Referee), Code: v.Code,
		Status: string(v.Status), Reason: orNull(string(v.Reason)), AttributedAt: stamp(v.AttributedAt), ChangedAt: stamp(v.ChangedAt),
		Reviewing: v.Reviewing,
	}
}

// exportTransfers serves GET /v1/export/transfers: one book after the other.
func (a *API) exportTransfers(w http.ResponseWriter, r *http.Request) {
	after := store.Place{Book: store.Rewards}
	columns := []string{"id", "user_id", "kind", "currency", "amount", "minor", "at", "on", "on_id", "side", "for", "note"}
	a.exportPages(w, r, ofTransfers, columns, func(ctx context.Context) ([]exported, error) {
		for {
			lines, err := a.lists.LinesAfter(ctx, after, exportPage)
			if err != nil {
				return nil, err
			}
			if len(lines) > 0 {
				after = lines[len(lines)-1].Place
				return exportedLines(lines), nil
			}
			if after.Book == store.Redemptions {
				return nil, nil
			}
			after = store.Place{Book: after.Book + 1}
		}
	})
}

func exportedLines(lines []store.Line) []exported {
	out := make([]exported, 0, len(lines))
	for _, l := range lines {
		j := lineOf(l)
		out = append(out, exported{object: j, cells: []string{
			j.ID, harmless(l.UserID), string(j.Kind), string(j.Currency), j.Amount, strconv.FormatInt(j.Minor, 10), j.At,
			j.On.Kind, harmless(j.On.ID), j.On.Side, j.On.For, harmless(j.On.Note),
		}})
	}
	return out
}

// harmless has a spreadsheet take a text for a text, and not for a formula: an apostrophe is put before what could begin one.
// It is put before an apostrophe too, so that taking one away gives every text back.
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n'", rune(s[0])) {
		return "'" + s
	}
	return s
}

// exportPages streams what the pages hold. What breaks it off is shown by the connection, which is cut: half an export must not
// pass for a whole one.
func (a *API) exportPages(w http.ResponseWriter, r *http.Request, of string, columns []string, next pages) {
	format, err := readFormat(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	select {
	case a.export <- struct{}{}:
		defer func() { <-a.export }()
	default:
		a.spent.exports.WithLabelValues(of, resultBusy).Inc()
		w.Header().Set("Retry-After", "30")
		problem.Write(w, problem.Problem{
			Status: http.StatusTooManyRequests, Reason: "too-many-exports", Title: "Too many exports run",
			Detail: fmt.Sprintf("At most %d run at a time. Ask again when one of them is done.", exportsAtOnce),
		})
		return
	}
	first, err := a.nextPage(r.Context(), next) // before the answer begins: until then an error can be told
	if err != nil {
		a.spent.exports.WithLabelValues(of, resultBroken).Inc()
		a.fail(w, r, err)
		return
	}
	out := newExportWriter(w, format, of)
	if r.Method == http.MethodHead {
		return
	}
	if err := a.copyPages(r.Context(), out, of, columns, first, next); err != nil {
		a.spent.exports.WithLabelValues(of, resultBroken).Inc()
		a.log.WarnContext(r.Context(), "an export broke off", "of", of, "rows", out.rows, "error", err)
		cut(w, r)
		return
	}
	a.spent.exports.WithLabelValues(of, resultComplete).Inc()
}

// cut breaks a connection off. An answer to HTTP/1.0, which nginx speaks to what is behind it unless told otherwise, ends where
// its connection does: there it is reset, for one that is closed would be taken for whole.
func cut(w http.ResponseWriter, r *http.Request) {
	if !r.ProtoAtLeast(1, 1) {
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			if tcp, ok := conn.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0) // so that closing it resets it
			}
			_ = conn.Close()
			return
		}
	}
	panic(http.ErrAbortHandler)
}

func (a *API) nextPage(ctx context.Context, next pages) ([]exported, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return next(ctx)
}

func (a *API) copyPages(ctx context.Context, out *exportWriter, of string, columns []string, page []exported, next pages) error {
	out.wait = a.exportPatience
	if err := out.begin(columns); err != nil {
		return err
	}
	for len(page) > 0 {
		if err := out.page(page); err != nil {
			return err
		}
		a.spent.rows.WithLabelValues(of).Add(float64(len(page)))
		var err error
		if page, err = a.nextPage(ctx, next); err != nil {
			return err
		}
	}
	return out.end()
}

// format is how an export is written.
type format string

const (
	asCSV    format = "csv"
	asNDJSON format = "ndjson"
)

// contentTypes are what each is called in headers.
var contentTypes = map[format]string{asCSV: "text/csv; charset=utf-8; header=present", asNDJSON: "application/x-ndjson"}

// readFormat goes by the parameter, then by the header Accept, then to NDJSON.
func readFormat(r *http.Request) (format, error) {
	q, err := readQuery(r.URL.RawQuery, []string{"format"})
	if err != nil {
		return "", err
	}
	switch f := format(q.Get("format")); f {
	case asCSV, asNDJSON:
		return f, nil
	case "":
	default:
		return "", wrongParameter("format", "must be csv or ndjson.")
	}
	for accepted := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		switch kind, _, err := mime.ParseMediaType(accepted); {
		case err != nil:
		case kind == "text/csv":
			return asCSV, nil
		case kind == "application/x-ndjson":
			return asNDJSON, nil
		}
	}
	return asNDJSON, nil
}

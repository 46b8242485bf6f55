package api

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/plusone-dev/plusone/internal/ops"
	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/testkit"
)

// pace has a page of an export be taken within so long.
func pace(d time.Duration) Option { return func(a *API) { a.exportPatience = d } }

func TestExportAsCSV(t *testing.T) {
	w := newWorld(t)
	w.story()
	for i, evil := range []string{"=1+1", "+1", "-1", "@SUM(A1)", "'quoted", `a "b", c`} {
		w.apply(signUp(evil, "C-ALICE", noon.Add(-time.Minute)), purchase(100+i, evil, 1000, "usd", noon.Add(-time.Second)))
	}
	answer := w.get("/v1/export/referrals?format=csv")
	if got := answer.Header().Get("Content-Type"); answer.Code != http.StatusOK || got != "text/csv; charset=utf-8; header=present" {
		t.Fatalf("%d %s", answer.Code, got)
	}
	if strings.Count(answer.Body.String(), "\r\n") != strings.Count(answer.Body.String(), "\n") {
		t.Error("lines do not end as RFC 4180 has it")
	}
	rows, err := csv.NewReader(answer.Body).ReadAll()
	w.must(err)
	want := []string{"id", "program", "referrer", "referee", "code", "status", "reason", "attributed_at", "changed_at", "reviewing"}
	if diff := cmp.Diff(want, rows[0]); diff != "" {
		t.Error(diff)
	}
	var referees []string
	for _, row := range rows[1:] {
		referees = append(referees, row[3])
	}
	if got := strings.Join(referees, " "); got != `bob carol dave frank '=1+1 '+1 '-1 '@SUM(A1) ''quoted a "b", c` {
		t.Errorf("referees are %s", got)
	}
	if got := answer.Result().Trailer.Get(exportRows); got != "10" {
		t.Errorf("the trailer says %q rows", got)
	}

	answer = w.get("/v1/export/transfers?format=csv")
	rows, err = csv.NewReader(answer.Body).ReadAll()
	w.must(err)
	sum := 0
	for _, row := range rows[1:] {
		if row[1] == "'=1+1" && row[4] == "10.00" {
			sum++
		}
		if row[4][0] == '\'' || row[5][0] == '\'' {
			t.Errorf("a number is written %v", row)
		}
	}
	if sum != 1 {
		t.Errorf("%v", rows)
	}
}

// lines are an NDJSON export, without its last line, which says how many.
func (w *world) lines(body io.Reader) (all []map[string]any) {
	w.t.Helper()
	d := json.NewDecoder(body)
	for d.More() {
		var line map[string]any
		w.must(d.Decode(&line))
		all = append(all, line)
	}
	if len(all) == 0 {
		w.t.Fatal("an export without a last line")
	}
	last := all[len(all)-1]
	all = all[:len(all)-1]
	if last["complete"] != true || last["rows"] != float64(len(all)) {
		w.t.Errorf("%d rows, and the last line is %v", len(all), last)
	}
	return all
}

func TestExportAsNDJSON(t *testing.T) {
	w := newWorld(t)
	w.story()
	w.spent(w.spend("k", `{"user_id": "alice", "currency": "usd", "amount": "4.00", "note": "order 1"}`), http.StatusCreated)
	for _, user := range []string{"alice", "bob", "dave"} {
		want := w.statementOf(user, "")
		var got statementJSON
		for _, line := range w.lines(w.get("/v1/export/transfers").Body) {
			if line["user_id"] == user {
				text, err := json.Marshal(line)
				w.must(err)
				var l lineJSON
				w.must(json.Unmarshal(text, &l))
				got.Transfers = append([]lineJSON{l}, got.Transfers...) // by number; a statement is the newest first
			}
		}
		if len(got.Transfers) != len(want.Transfers) {
			t.Errorf("%s: %d lines are exported, and %d in the statement", user, len(got.Transfers), len(want.Transfers))
		}
	}
	rows := w.lines(w.get("/v1/export/referrals?format=ndjson").Body)
	if len(rows) != 4 || rows[0]["referee"] != "bob" || rows[0]["status"] != "rewarded" || rows[2]["reason"] != "refunded" {
		t.Errorf("%v", rows)
	}
	empty := newWorld(t)
	for _, target := range []string{"/v1/export/referrals", "/v1/export/transfers"} {
		if rows := empty.lines(empty.get(target).Body); len(rows) != 0 {
			t.Errorf("%s of nothing has %v", target, rows)
		}
	}
}

func TestFormatsOfExports(t *testing.T) {
	w := newWorld(t)
	for accept, want := range map[string]string{
		"": "application/x-ndjson", "*/*": "application/x-ndjson", "text/csv": "text/csv", "application/json, text/csv;q=0.5": "text/csv",
		"application/x-ndjson, text/csv": "application/x-ndjson", ";;;": "application/x-ndjson",
	} {
		answer := w.sendWith(http.MethodGet, "/v1/export/transfers", "", http.Header{"Authorization": {"Bearer " + token}, "Accept": {accept}})
		if got := answer.Header().Get("Content-Type"); !strings.HasPrefix(got, want) {
			t.Errorf("%q: %s", accept, got)
		}
	}
	for query, parameter := range map[string]string{
		"?format=xml": "format", "?format=csv'--": "format", "?format=csv&format=csv": "format", "?status=pending": "status", "?format=%00": "format", "?format=%ff": "format",
	} {
		for _, target := range []string{"/v1/export/referrals", "/v1/export/transfers"} {
			if p := w.problemOf(w.get(target+query), http.StatusBadRequest); p.Parameter != parameter {
				t.Errorf("%s: %+v", query, p)
			}
		}
	}
	if answer := w.do(http.MethodHead, "/v1/export/referrals?format=csv", "Bearer "+token); answer.Code != http.StatusOK || answer.Body.Len() > 0 {
		t.Errorf("HEAD: %d %s", answer.Code, answer.Body)
	}
}

func TestHarmless(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "bob": "bob", "=1": "'=1", "+1": "'+1", "-": "'-", "@": "'@", "\tx": "'\tx", "\rx": "'\rx", "\nx": "'\nx", "'": "''", "a=1": "a=1", "é": "é", "＝1": "＝1",
	} {
		if got := harmless(text); got != want {
			t.Errorf("%q is %q", text, got)
		}
	}
}

// served is a world's API as a process serves it: behind the metrics, with the server's limits.
func (w *world) served(s Store, limit time.Duration, options ...Option) (*httptest.Server, *Metrics) {
	w.t.Helper()
	m := NewMetrics(nil)
	h, err := ops.NewHTTPMetrics(prometheus.NewRegistry())
	w.must(err)
	log := slog.New(slog.DiscardHandler)
	handler := New(s, []string{token}, log, append(options, WithMetrics(m))...)
	server := httptest.NewUnstartedServer(h.Wrap(ops.Recover(log, http.NotFound, handler)))
	server.Config.ReadTimeout, server.Config.WriteTimeout = limit, limit
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	server.Start()
	w.t.Cleanup(server.Close)
	return server, m
}

func (w *world) fetch(server *httptest.Server, target string) *http.Response {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, server.URL+target, nil)
	w.must(err)
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := server.Client().Do(req)
	w.must(err)
	w.t.Cleanup(func() { res.Body.Close() })
	return res
}

// TestLargeExports has 200000 lines in the books.
func TestLargeExports(t *testing.T) {
	const total = 200_000
	w := newWorld(t)
	w.story()
	_, err := w.open(w.dsn).Exec(t.Context(), fmt.Sprintf(`alter table transfers disable trigger all;
		insert into transfers select 1000 + n, 1, 'granted', 'referrer', -1, 1, 'usd', n, now(), 'x' from generate_series(1, %d) n;
		alter table transfers enable always trigger transfers_append_only; analyze transfers`, total))
	w.must(err)
	database := w.as("plusone_api").Database
	t.Run("take no more memory than a small one", func(t *testing.T) {
		server, m := w.served(database, time.Minute)
		for _, format := range []string{"csv", "ndjson"} {
			res := w.fetch(server, "/v1/export/transfers?format="+format)
			before, most, size, rows := heap(), uint64(0), 0, 0
			lines := bufio.NewReader(res.Body)
			for n := 0; ; n++ {
				line, err := lines.ReadSlice('\n')
				if errors.Is(err, io.EOF) {
					break
				}
				w.must(err)
				size, rows = size+len(line), rows+1
				if n%20_000 == 10_000 {
					most = max(most, heap())
				}
			}
			if rows < total || most > before+14<<20 || size < 20<<20 {
				t.Errorf("%s: %d lines, %d bytes, %d bytes of memory before and %d at most", format, rows, size, before, most)
			}
			if got := res.Trailer.Get(exportRows); got == "" || got == "0" {
				t.Errorf("%s: the trailer says %q rows", format, got)
			}
		}
		if got := testutil.ToFloat64(m.exports.WithLabelValues(ofTransfers, resultComplete)); got != 2 {
			t.Errorf("%v are complete", got)
		}
	})
	t.Run("end when nobody reads on, and two at a time are all", func(t *testing.T) {
		server, m := w.served(database, time.Minute, pace(2*time.Second))
		for range exportsAtOnce {
			w.stall(server.Listener.Addr().String())
		}
		res := w.fetch(server, "/v1/export/transfers")
		if res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") == "" {
			t.Errorf("the third: %s %v", res.Status, res.Header)
		}
		testkit.Eventually(t, 30*time.Second, func() (bool, string) {
			got := testutil.ToFloat64(m.exports.WithLabelValues(ofTransfers, resultBroken))
			return got == exportsAtOnce, fmt.Sprint(got, " broke off")
		})
		res = w.fetch(server, "/v1/export/referrals")
		if rows := w.lines(res.Body); res.StatusCode != http.StatusOK || len(rows) != 4 {
			t.Errorf("after them: %s, %v", res.Status, rows)
		}
	})
	t.Run("end when whoever asked goes away", func(t *testing.T) {
		server, m := w.served(database, time.Minute)
		conn := w.stall(server.Listener.Addr().String())
		conn.Close()
		testkit.Eventually(t, 20*time.Second, func() (bool, string) {
			got := testutil.ToFloat64(m.exports.WithLabelValues(ofTransfers, resultBroken))
			return got == 1, fmt.Sprint(got, " broke off")
		})
	})
}

// heap is how much is in use.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// stall asks for an export, reads how it begins and nothing more.
func (w *world) stall(addr string) net.Conn {
	w.t.Helper()
	conn, err := net.Dial("tcp", addr)
	w.must(err)
	w.t.Cleanup(func() { conn.Close() })
	_, err = fmt.Fprintf(conn, "GET /v1/export/transfers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", token)
	w.must(err)
	begin := make([]byte, 15)
	_, err = io.ReadFull(conn, begin)
	w.must(err)
	if string(begin) != "HTTP/1.1 200 OK" {
		w.t.Fatalf("%s", begin)
	}
	return conn
}

// scripted is a database with so many pages of referrals, each of which takes its time, and an error after them.
type scripted struct {
	Store

	pages int
	takes time.Duration
	err   error
}

func (s *scripted) RowsAfter(ctx context.Context, after int64, _ int) ([]store.Row, error) {
	select {
	case <-time.After(s.takes): // as a slow database does
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if int(after) == s.pages {
		return nil, s.err
	}
	return []store.Row{{ID: after + 1, Referee: "bob"}}, nil
}

// TestAnExportMayTakeLongerThanAnAnswer: the server's limits are for those.
func TestAnExportMayTakeLongerThanAnAnswer(t *testing.T) {
	w := newWorld(t)
	server, _ := w.served(&scripted{Store: w.store.Database, pages: 8, takes: 100 * time.Millisecond}, 300*time.Millisecond)
	for _, format := range []string{"ndjson", "csv"} {
		res := w.fetch(server, "/v1/export/referrals?format="+format)
		body, err := io.ReadAll(res.Body)
		if err != nil || strings.Count(string(body), "bob") != 8 || res.Trailer.Get(exportRows) != "8" {
			t.Errorf("%s: %v, %v: %s", format, err, res.Trailer, body)
		}
	}
}

// TestHalfAnExportIsNotTakenForAWholeOne, whichever its form.
func TestHalfAnExportIsNotTakenForAWholeOne(t *testing.T) {
	w := newWorld(t)
	server, m := w.served(&scripted{Store: w.store.Database, pages: 3, err: errors.New("away")}, time.Minute)
	for _, format := range []string{"ndjson", "csv"} {
		res := w.fetch(server, "/v1/export/referrals?format="+format)
		body, err := io.ReadAll(res.Body)
		if res.StatusCode != http.StatusOK || !errors.Is(err, io.ErrUnexpectedEOF) || strings.Contains(string(body), "complete") || res.Trailer.Get(exportRows) != "" {
			t.Errorf("%s: %s, %v, %v: %s", format, res.Status, err, res.Trailer, body)
		}
	}
	conn, err := net.Dial("tcp", server.Listener.Addr().String()) // as nginx does for somebody: without chunks, nor a length
	w.must(err)
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "GET /v1/export/referrals?format=csv HTTP/1.0\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", token)
	w.must(err)
	if body, err := io.ReadAll(conn); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("over HTTP/1.0: %v: %s", err, body)
	}
	if got := testutil.ToFloat64(m.exports.WithLabelValues(ofReferrals, resultBroken)); got != 3 {
		t.Errorf("%v broke off", got)
	}
	if got := testutil.ToFloat64(m.rows.WithLabelValues(ofReferrals)); got != 9 {
		t.Errorf("%v rows", got)
	}
	at := &scripted{Store: w.store.Database, err: errors.New("away")} // before it begins, an error is told
	server, _ = w.served(at, time.Minute)
	if res := w.fetch(server, "/v1/export/referrals"); res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("%s", res.Status)
	}
}

package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/payment"
)

// attributionOf is somebody's word that a user came with a code.
func attributionOf(user, code string, at time.Time) fact.Event {
	return fact.Event{Key: "ce:attributed-" + user + code, Name: "attributed-" + user, At: at, Attribution: &fact.Attribution{
		UserID: user, Code: code, By: "sam", Why: "they said so", At: at,
	}}
}

// disputeAbout is one of a purchase, known by its charge alone.
func disputeAbout(n int, status payment.DisputeStatus, opened time.Time) fact.Event {
	return stripe(fmt.Sprintf("evt_dp_%d_%d", n, status), opened, payment.Report{
		Key: live.Key(fmt.Sprintf("dp_%d", n)), Evidence: payment.Evidence{Kind: payment.Dispute, Dispute: payment.DisputeState{
			Minor: 1500, Status: status, At: opened, Opened: opened,
		}},
	}, fmt.Sprintf("ch_%d", n))
}

// unplacedLine is what waits, on a line.
func unplacedLine(u Unplaced) string {
	return strings.TrimSpace(fmt.Sprintf("%s %s %s %d %s %s %s", u.Kind, u.Since.Format("15:04"), strings.Join(u.Objects, "+"), u.Amount.Minor, u.Customer, u.UserID, u.Code))
}

// unplaced is the whole list, read in pages of a size.
func (w *world) unplaced(kind UnplacedKind, limit int) (lines []string) {
	w.t.Helper()
	for after := ""; ; {
		page, next, err := w.tools.Unplaced(w.ctx, UnplacedPage{Kind: kind, After: after, Limit: limit})
		if err != nil {
			w.t.Fatalf("%v", err)
		}
		if len(page) > limit || (next != "" && len(page) < limit) {
			w.t.Errorf("a page of %d has %d, and goes on at %q", limit, len(page), next)
		}
		for _, u := range page {
			lines = append(lines, unplacedLine(u))
		}
		if after = next; next == "" {
			return lines
		}
	}
}

func TestUnplaced(t *testing.T) {
	w := newWorld(t, "")
	w.apply(registered("alice", "", noon))
	w.apply(session(1, "alice", usd(1000), hour), charge(1, 500, hour)) // has its place
	w.apply(guest(2, "cus_1", usd(2000), hour), session(3, "", usd(3000), hour.Add(time.Minute)))
	w.apply(charge(4, 700, hour), refund(5, 1, 800, payment.RefundSucceeded, hour), refund(5, 2, 100, payment.RefundSucceeded, hour.Add(-time.Minute)))
	w.apply(refund(6, 1, 900, payment.RefundFailed, hour)) // went nowhere
	w.apply(disputeAbout(7, payment.DisputeNeedsResponse, hour), disputeAbout(8, payment.DisputeWon, hour))
	w.apply(registered("bob", "C-NOBODY", noon), registered("carol", "C-NOBODY", noon), registered("dave", "C-ZED", noon))
	w.apply(attributionOf("alice", "C-LATER", hour))
	want := []string{
		"payment 13:00 cs_2+pi_2 2000 cus_1",
		"payment 13:01 cs_3+pi_3 3000",
		"refund 00:00 ch_4+pi_4 700",
		"refund 12:59 ch_5+re_5_1+re_5_2 900",
		"dispute 13:00 ch_7+dp_7 1500",
		"sign_up 12:00  0  bob C-NOBODY", "sign_up 12:00  0  carol C-NOBODY", "sign_up 12:00  0  dave C-ZED",
		"attribution 13:00  0  alice C-LATER",
	}
	for limit := 1; limit <= len(want)+1; limit++ {
		if diff := cmp.Diff(want, w.unplaced("", limit)); diff != "" {
			t.Errorf("in pages of %d (-want +got):\n%s", limit, diff)
		}
	}
	counts, err := w.store.CountUnplaced(w.ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range UnplacedKinds() {
		of := slices.DeleteFunc(slices.Clone(want), func(s string) bool { return !strings.HasPrefix(s, string(kind)+" ") })
		if diff := cmp.Diff(of, w.unplaced(kind, 1)); diff != "" || counts[kind] != len(of) {
			t.Errorf("%s: %d are counted (-want +got):\n%s", kind, counts[kind], diff)
		}
	}
	for _, cursor := range []string{"x", "payment:x", "payment:1:2", "sign_up:1", ":", "refund"} {
		if _, _, err := w.tools.Unplaced(w.ctx, UnplacedPage{Kind: UnplacedPayment, After: cursor, Limit: 1}); !errors.Is(err, ErrBadCursor) {
			t.Errorf("the cursor %q: %v", cursor, err)
		}
	}

	// What was missing comes, and everything finds its place.
	w.apply(tie("cus_1", "alice", hour), session(4, "alice", usd(700), hour), session(5, "alice", usd(5000), hour), charge(5, 0, hour), session(7, "bob", usd(1500), hour), charge(7, 0, hour))
	w.apply(registered("nobody", "", noon), registered("zed", "", noon), registered("later", "", noon))
	if diff := cmp.Diff([]string{"payment 13:01 cs_3+pi_3 3000"}, w.unplaced("", 50)); diff != "" {
		t.Errorf("after the ties (-want +got):\n%s", diff)
	}
}

// TestUnplacedIsCountedNoFurtherThanItMust: a business with many guests, and one that had refunds before it had plusone.
//
//nolint:dupword // it is SQL
func TestUnplacedIsCountedNoFurtherThanItMust(t *testing.T) {
	w := newWorld(t, "")
	_, err := w.pool.Exec(w.ctx, `
insert into codes (code) values ('C-NOBODY');
insert into users (external_id, registered_at, sign_up_event) select 'u' || n, now(), 'x' from generate_series(1, 30000) n;
insert into sign_ups select n, 1, now(), 'x', true from generate_series(1, 30000) n;
insert into payments (key, named, currency, gross, paid_at) select 'cs_' || n, false, 'usd', 1000, now() from generate_series(1, 30000) n;
insert into payments (key, named, refunded, disputed) select 'ch_' || n, false, 1, n % 2 from generate_series(1, 30000) n;
insert into attributions select 'a' || n, n, 1, now(), 'sam', 'so' from generate_series(1, 30000) n;
analyze`)
	if err != nil {
		t.Fatal(err)
	}
	l := w.listen(t)
	got, err := w.store.CountUnplaced(w.ctx)
	want := map[UnplacedKind]int{
		UnplacedPayment: UnplacedMost, UnplacedRefund: UnplacedMost / 2, UnplacedDispute: UnplacedMost / 2, UnplacedSignUp: UnplacedMost,
		UnplacedAttribution: UnplacedMost,
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, s := range l.heard {
		for _, walk := range w.walksBeyond(t, s, UnplacedMost) {
			t.Error(walk)
		}
	}
	for _, u := range w.unplaced(UnplacedDispute, 10_000)[:1] {
		if !strings.HasPrefix(u, "dispute ") {
			t.Errorf("the first dispute is %q", u)
		}
	}
}

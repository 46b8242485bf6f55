package fact

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"github.com/plusone-dev/plusone/internal/payment"
)

var update = flag.Bool("update", false, "rewrite the golden files of this package from what the code says now")

// Each event in testdata/stripe is read, and what it states is held against the .golden file beside it. They are written
// by hand from Stripe's documentation: old is the shape up to acacia, new the one from 2025-03-31.basil on.
func TestParseStripeGolden(t *testing.T) {
	t.Parallel()
	read := make(map[string]bool)
	for _, file := range fixtures(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		e, err := ParseStripe(data)
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		if err == nil {
			read[e.Type+name[strings.LastIndex(name, "_"):]] = true
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			compareGolden(t, strings.TrimSuffix(file, ".json")+".golden", dump(e, err))
		})
	}
	for kind := range stripeReaders {
		if !read[kind+"_new"] {
			t.Errorf("no event of type %s that states anything, in the new shape, in testdata/stripe", kind)
		}
		if !read[kind+"_old"] && kind != "invoice_payment.paid" { // which came with the new one
			t.Errorf("no event of type %s that states anything, in the old shape, in testdata/stripe", kind)
		}
	}
}

// The name of a fixture says which shape it is: the version of the API that it was written for must agree.
func TestFixturesAreOfTheShapeTheySay(t *testing.T) {
	t.Parallel()
	for _, file := range fixtures(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		version := gjson.GetBytes(data, "api_version").Str
		if old := version < "2025-03-31.basil"; version == "" || old != strings.HasSuffix(file, "_old.json") {
			t.Errorf("%s is of version %q", file, version)
		}
	}
}

func fixtures(tb testing.TB) []string {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "stripe", "*.json"))
	if err != nil || len(files) == 0 {
		tb.Fatalf("no fixtures: %v", err)
	}
	return files
}

func compareGolden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (go test -update makes it)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("(-golden +got; go test -update rewrites it)\n%s", diff)
	}
}

// dump writes what an event states, a line a statement.
func dump(e Event, err error) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%s", e.Type)
	line("  key %s, name %s, at %s", e.Key, e.Name, stamp(e.At))
	switch {
	case errors.Is(err, ErrIgnored):
		line("  ignored")
		return b.String()
	case err != nil:
		line("  error: %v", err)
		return b.String()
	}
	if e.Tie != nil {
		line("  tie: customer %s is %s, said at %s", e.Tie.Customer, e.Tie.UserID, stamp(e.Tie.At))
	}
	if e.Sighting == nil {
		return b.String()
	}
	for _, r := range e.Sighting.Reports {
		line("  %s %s", kindNames[r.Evidence.Kind], r.Key)
		dumpEvidence(line, r.Evidence)
	}
	return b.String()
}

var (
	kindNames  = [...]string{"unseen", "session", "intent", "charge", "refund", "invoice", "dispute", "warning"}
	placeNames = [...]string{"on the session", "on the subscription", "on the payment", "on the invoice"}
)

func dumpEvidence(line func(string, ...any), ev payment.Evidence) {
	if ev.User != (payment.Claim{}) {
		line("    buyer %s, named %s, said at %s", ev.User.UserID, placeNames[ev.User.Place], stamp(ev.User.At))
	}
	if ev.Customer != "" {
		line("    customer %s", ev.Customer)
	}
	if ev.Paid != (payment.Paid{}) {
		line("    paid %s at %s", ev.Paid.Amount, stamp(ev.Paid.At))
	}
	if ev.Refunded != 0 {
		line("    refunded so far %d", ev.Refunded)
	}
	if s := ev.Refund; s != (payment.RefundState{}) {
		line("    refund of %d: %s at %s", s.Minor, nameOf(refundStatuses, s.Status), stamp(s.At))
	}
	if s := ev.Dispute; s != (payment.DisputeState{}) {
		line("    dispute of %d: %s at %s, opened at %s", s.Minor, nameOf(disputeStatuses, s.Status), stamp(s.At), stamp(s.Opened))
	}
	if s := ev.Warning; s != (payment.WarningState{}) {
		line("    warning, known %t: actionable %t at %s, opened at %s", s.Known, s.Actionable, stamp(s.At), stamp(s.Opened))
	}
	if ev.Card != "" {
		line("    card %s", ev.Card)
	}
}

func nameOf[S comparable](names map[string]S, status S) string {
	for name, s := range names {
		if s == status {
			return name
		}
	}
	return "none"
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

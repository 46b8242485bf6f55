package imports

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/plusone-dev/plusone/internal/fact"
)

// rows reads a file that nothing is wrong with.
func rows(t rapid.TB, text string, kind Kind, fill Fill) (all []Row) {
	t.Helper()
	r, err := NewReader(strings.NewReader(text), kind, fill, now)
	if err != nil {
		t.Fatalf("%v of %q", err, text)
	}
	for {
		row, problems, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil || len(problems) > 0 {
			t.Fatalf("%v %v of %q", err, problems, text)
		}
		all = append(all, row)
	}
}

// states reads an event as the worker does.
func states(t rapid.TB, row Row) fact.Event {
	t.Helper()
	e, err := fact.ParseCloudEvent(row.Data)
	if err == nil {
		err = e.CheckDate(now)
	}
	if err != nil || e.Key != row.Key || e.Type != row.Type || e.Key != fact.MessageID(source, e.Name) {
		t.Fatalf("%s is the event %+v, %v", row.Data, e, err)
	}
	return e
}

var ignoreNames = cmpopts.IgnoreFields(fact.Event{}, "Key", "Name")

func TestEachKind(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2026, 1, d, 9, 30, 0, 0, time.UTC) }
	for _, c := range []struct {
		kind Kind
		fill Fill
		text string
		want []fact.Event
	}{
		{
			Users, Fill{At: "2026-01-03T09:30:00Z"},
			"\xef\xbb\xbfuser_id,email,email_verified,registered_at,username,code,program,referral_code,stripe_customer_id,ip,device_id,source\r\n" +
				"alice,alice@example.com,True,2026-01-02T10:30:00+01:00,\"Alice \"\"A\"\"\",spring,vip,x_y,cus_1,::1,d,x.y\r\nbob,,FALSE,,,,,,,,,",
			[]fact.Event{
				{Type: "user.registered", At: day(2), SignUp: &fact.SignUp{
					UserID: "alice", Email: "alice@example.com", EmailVerified: true, RegisteredAt: day(2), Username: `Alice "A"`, OwnCode: "SPRING",
					Program: "vip", Code: "X_Y", Customer: "cus_1", IP: "::1", DeviceID: "d", Source: "x.y",
				}},
				{Type: "user.registered", At: day(3), SignUp: &fact.SignUp{UserID: "bob", RegisteredAt: day(3)}},
			},
		},
		{
			Codes, Fill{}, "at,program,code,user_id\n2026-01-01T09:30:00Z,default,spring,alice\n\n2026-01-02T09:30:00Z,vip,SUMMER,alice\n",
			[]fact.Event{
				{Type: "code.assigned", At: day(1), Assignment: &fact.Assignment{UserID: "alice", Code: "SPRING", At: day(1)}},
				{Type: "code.assigned", At: day(2), Assignment: &fact.Assignment{UserID: "alice", Code: "SUMMER", Program: "vip", At: day(2)}},
			},
		},
		{
			Referrals, Fill{By: "carol", Why: "imported"},
			"why,user_id,registered_at,referral_code\n,bob,2026-01-01T09:30:00Z,spring\n\"said so, twice\",dave,2026-01-02T09:30:00Z,spring\n",
			[]fact.Event{
				{Type: "referral.attributed", At: day(1), Attribution: &fact.Attribution{UserID: "bob", Code: "SPRING", By: "carol", Why: "imported", At: day(1)}},
				{Type: "referral.attributed", At: day(2), Attribution: &fact.Attribution{UserID: "dave", Code: "SPRING", By: "carol", Why: "said so, twice", At: day(2)}},
			},
		},
	} {
		all := rows(t, c.text, c.kind, c.fill)
		var got []fact.Event
		for _, row := range all {
			got = append(got, states(t, row))
		}
		if diff := cmp.Diff(c.want, got, ignoreNames); diff != "" {
			t.Errorf("%s: %s", c.kind.Name, diff)
		}
	}
}

// TestTheSameRowIsTheSameEvent wherever it stands, however it is quoted, and whatever stands beside it.
func TestTheSameRowIsTheSameEvent(t *testing.T) {
	one := rows(t, "user_id,code,at\na,abc,2026-01-01T00:00:00Z\nb,abd,2026-01-01T00:00:00Z\n", Codes, Fill{})
	other := rows(t, "program,at,user_id,code\r\n,\"2026-01-01T00:00:00Z\",\"b\",abd\r\n,2026-01-01T00:00:00Z,a,abc", Codes, Fill{At: "2026-02-02T00:00:00Z"})
	if one[0].Key == one[1].Key || one[0].Key != other[1].Key || one[1].Key != other[0].Key {
		t.Errorf("%v and %v", one, other)
	}
	// It does not change from release to release either: else an import that is run again would do everything twice.
	if want := "ce:15:/plusone/import:1ea4acd52ef102eb8de872fc46ec4a05f9f4b2f41ee44c887e2c7c4434c38f16"; one[0].Key != want {
		t.Errorf("the key is %s, want %s", one[0].Key, want)
	}
	as := rows(t, "user_id,referral_code,at,by,why\na,abc,2026-01-01T00:00:00Z,carol,asked\na,abc,2026-01-01T00:00:00Z,,\na,abc,2026-01-01T00:00:01Z,,", Referrals, Fill{By: "carol", Why: "asked"})
	if as[0].Key != as[1].Key || as[1].Key == as[2].Key {
		t.Errorf("%v", as)
	}
}

// person draws the cells of a sign-up, and what they state.
func person(t *rapid.T) (cells map[string]string, want fact.SignUp) {
	text := func(label string, atMost int) string {
		return rapid.StringOfN(rapid.RuneFrom([]rune("ab,\"; 'é€😀\\<&@.")), 0, atMost, -1).Draw(t, label)
	}
	code := rapid.StringMatching(`([A-Za-z0-9_-]{3,32})?`)
	at := time.Unix(rapid.Int64Range(1e9, now.Unix()).Draw(t, "at"), 0).UTC()
	want = fact.SignUp{
		UserID: "u" + text("user", 20), Username: text("username", 20), RegisteredAt: at,
		EmailVerified: rapid.Bool().Draw(t, "verified"), IP: text("ip", 10), DeviceID: text("device", 10),
		Program: rapid.SampledFrom([]string{"", "vip"}).Draw(t, "program"),
		Code:    strings.ToUpper(code.Draw(t, "referral code")), OwnCode: strings.ToUpper(code.Draw(t, "code")),
		Customer: rapid.SampledFrom([]string{"", "cus_1"}).Draw(t, "customer"),
		Source:   rapid.SampledFrom([]string{"", "news.letter-1"}).Draw(t, "source"),
	}
	if rapid.Bool().Draw(t, "has an address") {
		want.Email = text("email", 5) + "@" + text("host", 5)
	}
	return map[string]string{
		"user_id": want.UserID, "username": want.Username, "email": want.Email, "email_verified": fmt.Sprint(want.EmailVerified),
		"referral_code": want.Code, "registered_at": at.Format(time.RFC3339), "stripe_customer_id": want.Customer,
		"program": want.Program, "code": want.OwnCode, "ip": want.IP, "device_id": want.DeviceID, "source": want.Source,
	}, want
}

// TestWhatIsPublishedStatesWhatTheRowSays, whatever the order of the columns, and whatever is left out.
func TestWhatIsPublishedStatesWhatTheRowSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		columns := rapid.Permutation(Users.names()).Draw(t, "columns")
		var text strings.Builder
		w := csv.NewWriter(&text)
		w.UseCRLF = rapid.Bool().Draw(t, "crlf")
		_ = w.Write(columns)
		var want []fact.SignUp
		for range rapid.IntRange(0, 5).Draw(t, "rows") {
			cells, p := person(t)
			row := make([]string, len(columns))
			for i, c := range columns {
				row[i] = cells[c]
			}
			_ = w.Write(row)
			want = append(want, p)
		}
		w.Flush()
		all := rows(t, text.String(), Users, Fill{})
		var got []fact.SignUp
		for _, row := range all {
			e := states(t, row)
			if !e.At.Equal(e.SignUp.RegisteredAt) {
				t.Fatalf("%s is of %s", row.Data, e.At)
			}
			got = append(got, *e.SignUp)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		if again := rows(t, text.String(), Users, Fill{At: "2026-01-01T00:00:00Z"}); !slices.EqualFunc(all, again, func(a, b Row) bool { return a.Key == b.Key }) {
			t.Fatal("read again, it becomes other events")
		}
	})
}

func or(cell, fill string) string {
	if cell == "" {
		return fill
	}
	return cell
}

// TestDecisionsStateWhatTheRowSays, or the flags where the row says nothing.
func TestDecisionsStateWhatTheRowSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := func(label string) string {
			return rapid.StringOfN(rapid.RuneFrom([]rune("ab,\"; 'é€😀\\<&@.")), 0, 9, -1).Draw(t, label)
		}
		fill := Fill{At: "2026-01-01T00:00:00Z", By: "f" + text("fill by"), Why: "f" + text("fill why")}
		user, code := "u"+text("user"), rapid.StringMatching(`[A-Za-z0-9_-]{3,32}`).Draw(t, "code")
		cells := map[string]string{"user_id": user, "by": text("by"), "why": text("why"), "code": code, "referral_code": code, "program": "vip"}
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		if rapid.Bool().Draw(t, "says when") {
			at = time.Unix(rapid.Int64Range(1e9, now.Unix()).Draw(t, "at"), 0).UTC()
			cells["at"] = at.Format(time.RFC3339)
			cells["registered_at"] = cells["at"]
		}
		file := func(names ...string) string {
			var text strings.Builder
			w, row := csv.NewWriter(&text), []string(nil)
			names = rapid.Permutation(names).Draw(t, "columns")
			for _, name := range names {
				row = append(row, cells[name])
			}
			_ = w.WriteAll([][]string{names, row})
			return text.String()
		}
		when := rapid.SampledFrom([]string{"at", "registered_at"}).Draw(t, "when")
		got := states(t, rows(t, file("user_id", "referral_code", when, "by", "why"), Referrals, fill)[0])
		by, why := or(cells["by"], fill.By), or(cells["why"], fill.Why)
		want := fact.Attribution{UserID: user, Code: strings.ToUpper(code), By: by, Why: why, At: at}
		if diff := cmp.Diff(&want, got.Attribution); diff != "" || !got.At.Equal(at) {
			t.Fatal(got.At, diff)
		}
		got = states(t, rows(t, file("user_id", "code", "at", "program"), Codes, fill)[0])
		assigned := fact.Assignment{UserID: user, Code: strings.ToUpper(code), Program: "vip", At: at}
		if diff := cmp.Diff(&assigned, got.Assignment); diff != "" || !got.At.Equal(at) {
			t.Fatal(got.At, diff)
		}
	})
}

func FuzzReader(f *testing.F) {
	f.Add("user_id,code,at\na,abc,2026-01-01T00:00:00Z\n", uint8(1))
	f.Add("\xef\xbb\xbfuser_id,registered_at,email_verified\r\n\"a\"\"b\",2026-01-01T00:00:00Z,TRUE\r\n\xff,,\x00\r\n", uint8(0))
	f.Add("referral_code,user_id,at,by,why\nabc,\"a\nb\",2026-01-01T00:00:00Z,c,\n\"", uint8(2))
	f.Fuzz(func(t *testing.T, text string, which uint8) {
		kind := []Kind{Users, Codes, Referrals}[which%3]
		fill := Fill{At: "2026-01-01T00:00:00Z", By: "carol", Why: "imported"}
		lines := strings.Count(text, "\n") + strings.Count(text, "\r") + 1
		placed := func(all []Problem) {
			for _, p := range all {
				if p.Line < 1 || p.Line > lines || p.Column < 1 || p.Column > len(text)+1 || p.Message == "" {
					t.Errorf("%+v", p)
				}
			}
		}
		r, err := NewReader(strings.NewReader(text), kind, fill, now)
		if bad, ok := errors.AsType[*HeaderError](err); ok {
			placed(bad.Problems)
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		for {
			row, problems, err := r.Next()
			placed(problems)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(problems) == 0 {
				states(t, row)
				if row.Line < 1 || row.Line > lines {
					t.Errorf("line %d", row.Line)
				}
			}
		}
	})
}

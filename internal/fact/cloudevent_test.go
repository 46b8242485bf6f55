package fact

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const fullSignUp = `{
	"specversion": "1.0", "id": "signup-7f3c", "source": "/accounts", "type": "user.registered",
	"time": "2026-05-01T09:30:00Z", "datacontenttype": "application/json", "subject": "bob", "traceparent": "00-1",
	"data": {
		"user_id": "bob", "username": "Bob", "email": "bob@example.com", "email_verified": true,
		"referral_code": "  k7m2pq9x ", "registered_at": "2026-05-01T11:29:58.4171239+02:00", "ip": "203.0.113.7",
		"device_id": "d-19", "stripe_customer_id": "cus_QXg1", "plan": {"seats": [3]}, "program": "vip-2", "code": "bob_2026",
		"source": "spring.mail-1_b"
	}
}`

func TestParseCloudEvent(t *testing.T) {
	at := time.Date(2026, 5, 1, 9, 30, 0, 0, time.UTC)
	registered := time.Date(2026, 5, 1, 9, 29, 58, 417_123_000, time.UTC) // PostgreSQL keeps microseconds
	tests := []struct {
		name, give string
		want       Event
	}{
		{"everything", fullSignUp, Event{
			Key: "ce:9:/accounts:signup-7f3c", Name: "signup-7f3c", Type: "user.registered", At: at,
			SignUp: &SignUp{
				UserID: "bob", Username: "Bob", Email: "bob@example.com", EmailVerified: true, Code: "K7M2PQ9X",
				RegisteredAt: registered, IP: "203.0.113.7", DeviceID: "d-19", Customer: "cus_QXg1", Program: "vip-2", OwnCode: "BOB_2026",
				Source: "spring.mail-1_b",
			},
		}},
		{
			"the least, with the event's time",
			`{"specversion":"1.0","id":"1","source":"s","type":"user.registered","time":"2026-05-01T09:30:00Z","data":{"user_id":"a"}}`,
			Event{Key: "ce:1:s:1", Name: "1", Type: "user.registered", At: at, SignUp: &SignUp{UserID: "a", RegisteredAt: at}},
		},
		{
			"the default program by its name, and no code of their own",
			`{"specversion":"1.0","id":"1","source":"s","type":"user.registered","time":"2026-05-01T09:30:00Z",
			  "data":{"user_id":"a","program":"default","code":null}}`,
			Event{Key: "ce:1:s:1", Name: "1", Type: "user.registered", At: at, SignUp: &SignUp{UserID: "a", RegisteredAt: at}},
		},
		{
			"null is absent, and escapes are read",
			`{"specversion":"1.0","id":"1","source":"s","type":"user.registered","time":null,
			  "data":{"user\u005fid":"\ud83d\ude00","registered_at":"2026-05-01T09:30:00Z","email":null,"email_verified":null,"referral_code":" "}}`,
			Event{Key: "ce:1:s:1", Name: "1", Type: "user.registered", At: at, SignUp: &SignUp{UserID: "😀", RegisteredAt: at}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseCloudEvent([]byte(tt.give))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// refusal is one thing that is wrong with an event: the full sign-up with one text replaced by another.
type refusal struct{ name, old, new, why string }

var refusals = []refusal{
	{"other version", `"1.0"`, `"0.3"`, `specversion must be "1.0"`},
	{"version as a number", `"1.0"`, `1.0`, "specversion must be a string"},
	{"no id", `"id": "signup-7f3c",`, ``, "id is missing"},
	{"null id", `"signup-7f3c"`, `null`, "id must be a string"},
	{"empty id", `"signup-7f3c"`, `""`, "id must not be empty"},
	{"number as id", `"signup-7f3c"`, `7`, "id must be a string"},
	{"blank at the end of the id", `signup-7f3c`, `x `, "id must be 1 to 255 printable"},
	{"id not ASCII", `signup-7f3c`, `é`, "id must be 1 to 255 printable"},
	{"long id", `signup-7f3c`, strings.Repeat("x", 256), "id must be 1 to 255 printable"},
	{"no source", `"source": "/accounts",`, ``, "source is missing"},
	{"blank in the source", `/accounts`, `my shop`, "source must be a URI reference"},
	{"long source", `/accounts`, strings.Repeat("x", 256), "source must be a URI reference"},
	{"no type", `"type": "user.registered",`, ``, "type is missing"},
	{"control character in the type", `user.registered`, `user\n`, "type must not contain control characters"},
	{"long type", `user.registered`, strings.Repeat("x", 256), "type is longer than 255 characters"},
	{"empty subject", `"subject": "bob"`, `"subject": ""`, "subject must not be empty"},
	{"time without a zone", `09:30:00Z`, `09:30:00`, "time must be a time as of RFC 3339"},
	{"time with a small t", `2026-05-01T09:30`, `2026-05-01t09:30`, "time must be a time as of RFC 3339"},
	{"time with a comma", `09:30:00Z`, `09:30:00,5Z`, "time must be a time as of RFC 3339"},
	{"time with one digit for the hour", `T09:30`, `T9:30`, "time must be a time as of RFC 3339"},
	{"no such day", `2026-05-01T09`, `2026-02-30T09`, "time must be a time as of RFC 3339"},
	{"unix time", `"2026-05-01T09:30:00Z"`, `1777627800`, "time must be a string"},
	{"year 1999", `2026-05-01T09`, `1999-05-01T09`, "time must be in the years 2000 to 2199"},
	{"year 2200", `2026-05-01T11`, `2200-05-01T11`, "data.registered_at must be in the years 2000 to 2199"},
	{"XML", `application/json`, `application/xml`, "datacontenttype must be JSON"},
	{"data in base64", `"traceparent": "00-1"`, `"data_base64": "e30="`, "data_base64 is not taken"},
	{"data is a list", `"data": {`, `"data": [], "x": {`, "data must be a JSON object"},
	{"no data", `"data": {`, `"datum": {`, "data must be a JSON object"},
	{"no user", `"user_id": "bob",`, ``, "data.user_id is missing"},
	{"empty user", `"user_id": "bob"`, `"user_id": ""`, "data.user_id must not be empty"},
	{"number as user", `"user_id": "bob"`, `"user_id": 7`, "data.user_id must be a string"},
	{"long user", `"user_id": "bob"`, `"user_id": "` + strings.Repeat("é", 256) + `"`, "data.user_id is longer than 255 characters"},
	{"control character in the user", `"user_id": "bob"`, `"user_id": "b\tob"`, "data.user_id must not contain control characters"},
	{"C1 control character in the user", `"user_id": "bob"`, `"user_id": "b\u0085ob"`, "data.user_id must not contain control characters"},
	{"username of the wrong type", `"Bob"`, `["Bob"]`, "data.username must be a string"},
	{"no address", `bob@example.com`, `bob`, "data.email must be an e-mail address"},
	{"long address", `bob@`, strings.Repeat("b", 320) + `@`, "data.email is longer than 320 characters"},
	{"verified as text", `true`, `"true"`, "data.email_verified must be true or false"},
	{"long code", `  k7m2pq9x `, strings.Repeat("A", 65), "data.referral_code is longer than 64 characters"},
	{"code of the wrong type", `"  k7m2pq9x "`, `12345678`, "data.referral_code must be a string"},
	{"not a customer", `cus_QXg1`, `acct_1`, "data.stripe_customer_id must be the id of a Stripe customer"},
	{"colon in the customer", `cus_QXg1`, `cus_a:b`, "data.stripe_customer_id must be the id of a Stripe customer"},
	{"a program in capitals", `"vip-2"`, `"VIP"`, "data.program must be the name of a program"},
	{"an empty program", `"vip-2"`, `""`, "data.program must be the name of a program"},
	{"a program with a dot", `"vip-2"`, `"vip.2"`, "data.program must be the name of a program"},
	{"long program", `"vip-2"`, `"` + strings.Repeat("v", 41) + `"`, "data.program must be the name of a program"},
	{"program of the wrong type", `"vip-2"`, `["vip"]`, "data.program must be a string"},
	{"an empty code of one's own", `"bob_2026"`, `""`, "data.code must not be empty"},
	{"a short code of one's own", `"bob_2026"`, `"bo"`, "data.code must be 3 to 32 of"},
	{"a long code of one's own", `"bob_2026"`, `"` + strings.Repeat("b", 33) + `"`, "data.code must be 3 to 32 of"},
	{"a blank in a code of one's own", `"bob_2026"`, `"bob 2026"`, "data.code must be 3 to 32 of"},
	{"a letter that turns ASCII in upper case", `"bob_2026"`, `"\u017fpring"`, "data.code must be 3 to 32 of"},
	{"a code of one's own of the wrong type", `"bob_2026"`, `2026`, "data.code must be a string"},
	{"NUL in an extension", `00-1`, `\u0000`, "the message contains the character U+0000"},
	{"NUL in a nested name", `"seats"`, `"\u0000"`, "the message contains the character U+0000"},
	{"high half of a surrogate pair in the user", `"user_id": "bob"`, `"user_id": "a\ud800"`, "the message contains half a surrogate pair"},
	{"low half of a surrogate pair in the user", `"user_id": "bob"`, `"user_id": "\uDBFF\u0061"`, "the message contains half a surrogate pair"},
	{"half a surrogate pair in what is not read", `"seats"`, `"\udc00"`, "the message contains half a surrogate pair"},
	{"not UTF-8", `"Bob"`, "\"B\xffob\"", "the message is not valid UTF-8"},
	{"trailing text", "\n}", "\n} }", "the message is not JSON"},
	{"not JSON", `{`, `(`, "the message is not JSON"},
	{"member twice", `"subject": "bob"`, `"id": "other"`, "the message has the member id twice"},
	{"two members twice", `"subject": "bob"`, `"id": "other", "source": "other"`, "the message has the member id twice"},
	{"member of data twice", `"ip": "203.0.113.7"`, `"user\u005fid": "eve"`, "data has the member user_id twice"},
	{"too large", `"seats"`, `"` + strings.Repeat("x", MaxCloudEvent) + `"`, "the message is larger than 65536 bytes"},
}

func TestParseCloudEventRefuses(t *testing.T) {
	for _, tt := range refusals {
		t.Run(tt.name, func(t *testing.T) {
			data := strings.Replace(fullSignUp, tt.old, tt.new, 1)
			if data == fullSignUp {
				t.Fatal("nothing was replaced")
			}
			got, err := ParseCloudEvent([]byte(data))
			var m *MalformedError
			if !errors.As(err, &m) {
				t.Fatalf("error %v, want a *MalformedError", err)
			}
			if !strings.HasPrefix(m.Why, tt.why) {
				t.Errorf("it says %q, want %q", m.Why, tt.why)
			}
			if got.Key != "" {
				t.Errorf("a malformed event has the key %q", got.Key)
			}
		})
	}
}

// What the text alone shows is found without the parser, and says where.
func TestCheckText(t *testing.T) {
	if err := CheckText([]byte(fullSignUp)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ old, with, pointer string }{
		"a member twice":                  {`"subject": "bob"`, `"id": "other"`, "/id"},
		"data twice":                      {`"subject": "bob"`, `"data": {}`, "/data"},
		"a member of data twice":          {`"ip"`, `"user_id": "eve", "ip"`, "/data/user_id"},
		"the same, written another way":   {`"ip"`, `"user\u005fid": "eve", "ip"`, "/data/user_id"},
		"half a surrogate pair":           {`"Bob"`, `"\ud800"`, ""},
		"U+0000 in a member that is gone": {`"plan"`, `"plan": "\u0000", "plan"`, ""},
	} {
		err := CheckText([]byte(strings.Replace(fullSignUp, c.old, c.with, 1)))
		bad, ok := errors.AsType[*MalformedError](err)
		if !ok || bad.Pointer != c.pointer {
			t.Errorf("%s: %+v, want one at %q", name, err, c.pointer)
		}
	}
	if err := CheckText([]byte(strings.Replace(fullSignUp, `"plan"`, `"plan": 1, "plan"`, 1))); err != nil {
		t.Errorf("a member that is not read, twice: %v", err)
	}
	if err := CheckText([]byte(`{"type":"user.moved","data":{"user_id":"a","user_id":"b"}}`)); err != nil {
		t.Errorf("a type that is not read, whatever its data: %v", err)
	}
}

func TestParseCloudEventIgnoresOtherTypes(t *testing.T) {
	got, err := ParseCloudEvent([]byte(
		`{"specversion":"1.0","id":"1","source":"s","type":"user.moved","time":"2026-05-01T09:30:00Z","data":[1]}`))
	if !errors.Is(err, ErrIgnored) {
		t.Fatalf("error %v, want ErrIgnored", err)
	}
	want := Event{Key: "ce:1:s:1", Name: "1", Type: "user.moved", At: time.Date(2026, 5, 1, 9, 30, 0, 0, time.UTC)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// Ignored is only what is well formed.
	if _, err := ParseCloudEvent([]byte(`{"specversion":"1.0","id":"","source":"s","type":"x"}`)); errors.Is(err, ErrIgnored) {
		t.Error("an event without an id was ignored, not refused")
	}
}

func TestMessageIDKeepsPairsApart(t *testing.T) {
	pairs := [][2]string{{"a:", "b"}, {"a", ":b"}, {"a", "b"}, {"1:a", "b"}, {"", "a:b"}, {"a:b", ""}, {"ab", ""}}
	seen := map[string][2]string{}
	for _, p := range pairs {
		id := MessageID(p[0], p[1])
		if other, ok := seen[id]; ok {
			t.Errorf("%q and %q are both %q", p, other, id)
		}
		seen[id] = p
	}
}

func BenchmarkParseCloudEvent(b *testing.B) {
	data := []byte(fullSignUp)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseCloudEvent(data); err != nil {
			b.Fatal(err)
		}
	}
}

func TestCheckDate(t *testing.T) {
	t.Parallel()
	received := time.Date(2026, 5, 1, 9, 30, 0, 0, time.UTC)
	dated := map[string]func(at time.Time) Event{
		"a sign-up":      func(at time.Time) Event { return Event{SignUp: &SignUp{RegisteredAt: at}} },
		"a verification": func(at time.Time) Event { return Event{Verified: &Verified{At: at}} },
		"an erasure":     func(at time.Time) Event { return Event{Erased: &Erased{At: at}} },
		"a decision":     func(at time.Time) Event { return Event{Decision: &Decision{At: at}} },
		"an attribution": func(at time.Time) Event { return Event{Attribution: &Attribution{At: at}} },
		"an assignment":  func(at time.Time) Event { return Event{Assignment: &Assignment{At: at}} },
	}
	for name, event := range dated {
		for ahead, fine := range map[time.Duration]bool{
			-time.Hour: true, 0: true, 5 * time.Minute: true, 5*time.Minute + time.Microsecond: false, 8760 * time.Hour: false,
		} {
			err := event(received.Add(ahead)).CheckDate(received)
			if _, malformed := errors.AsType[*MalformedError](err); malformed == fine || (err == nil) != fine {
				t.Errorf("%s %s ahead: %v", name, ahead, err)
			}
		}
	}
	if err := (Event{At: received.Add(time.Hour)}).CheckDate(received); err != nil {
		t.Errorf("nothing about a person: %v", err)
	}
}

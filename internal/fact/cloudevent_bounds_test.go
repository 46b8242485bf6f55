package fact

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// bounded are texts of a bounded length: the event with one in it, the text before and after what is repeated, and how
// long it may be at most, in characters.
var bounded = []struct {
	name, event, old, head, letter string
	most                           int
}{
	{"id", fullSignUp, `signup-7f3c`, "", "x", 255},
	{"source", fullSignUp, `/accounts`, "", "x", 255},
	{"type", fullSignUp, `user.registered`, "", "é", 255},
	{"subject", fullSignUp, `"subject": "bob"`, `"subject": "`, "é", 255},
	{"dataschema", fullSignUp, `"subject": "bob"`, `"dataschema": "`, "é", 1024},
	{"datacontenttype", fullSignUp, `application/json`, "application/json;", "x", 255},
	{"data.user_id", fullSignUp, `"user_id": "bob"`, `"user_id": "`, "é", 255},
	{"data.username", fullSignUp, `"username": "Bob"`, `"username": "`, "é", 255},
	{"data.email", fullSignUp, `bob@example.com`, "@", "é", 320},
	{"data.referral_code", fullSignUp, `  k7m2pq9x `, "", "é", 64},
	{"data.ip", fullSignUp, `203.0.113.7`, "", "é", 64},
	{"data.device_id", fullSignUp, `d-19`, "", "é", 255},
	{"data.stripe_customer_id", fullSignUp, `cus_QXg1`, "cus_", "x", 255},
	{"data.program", fullSignUp, `vip-2`, "", "x", 40},
	{"data.code", fullSignUp, `bob_2026`, "", "x", 32},
	{"data.source", fullSignUp, `spring.mail-1_b`, "", "x", 40},
	{"data.via", fullVisit, `whatsapp`, "", "x", 20},
	{"data.user_id", cloudEvent(UserVerified, `"user_id": "bob"`), `bob`, "", "é", 255},
	{"data.by", cloudEvent(ReferralAttributed, decision), `carol`, "", "é", 255},
	{"data.why", cloudEvent(ReferralReopened, decision), `a friend`, "", "é", 1000},
}

// A text as long as it may be is taken, and one a character longer is not; the schemas say the same.
func TestTextsAreBounded(t *testing.T) {
	t.Parallel()
	schemas := newVerdicts(t)
	for _, b := range bounded {
		_, value, quoted := strings.Cut(b.head, `": "`) // of a whole member, the text is what is measured
		if !quoted {
			value = b.head
		}
		for _, n := range []int{b.most, b.most + 1} {
			with := b.head + strings.Repeat(b.letter, n-len(value))
			if quoted {
				with += `"`
			}
			data := []byte(strings.Replace(b.event, b.old, with, 1))
			_, err := ParseCloudEvent(data)
			bad, refused := errors.AsType[*MalformedError](err)
			if refused != (n > b.most) || refused && !strings.HasPrefix(bad.Why, b.name+" ") {
				t.Errorf("%s of %d characters: %v", b.name, n, err)
			}
			schemas.compare(t, data)
		}
	}
}

// A message as large as it may be is taken.
func TestMessagesAreBounded(t *testing.T) {
	t.Parallel()
	for size, fine := range map[int]bool{65536: true, 65537: false} {
		data := fullSignUp + strings.Repeat(" ", size-len(fullSignUp))
		if _, err := ParseCloudEvent([]byte(data)); (err == nil) != fine {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 5, 1, 9, 30, 0, 0, time.UTC)
	zeros := func(n int) string { return strings.Repeat("0", n) }
	refused := time.Time{}
	for text, want := range map[string]time.Time{
		"2026-05-01T09:30:00Z":                   day,
		"2026-05-01T09:30:59Z":                   day.Add(59 * time.Second),
		"2026-05-01T09:30:00.999999Z":            day.Add(999_999 * time.Microsecond),
		"2026-05-01T09:30:00.9999999Z":           day.Add(999_999 * time.Microsecond),
		"2026-05-01T09:30:00+00:00":              day,
		"2026-05-02T09:29:00+23:59":              day,
		"2026-04-30T09:31:00-23:59":              day,
		"2026-05-01T09:30:00+24:00":              refused,
		"2026-05-01T09:30:00-24:00":              refused,
		"2026-05-01T09:30:00+00:60":              refused,
		"2026-05-01T09:30:00+0200":               refused,
		"2026-05-01T09:30:00,5Z":                 refused,
		"2026-05-01T9:30:00Z":                    refused,
		"2026-05-01T09:30:00." + zeros(43) + "Z": day, // 64 characters
		"2026-05-01T09:30:00." + zeros(44) + "Z": refused,
		"2000-01-01T00:00:00Z":                   time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC),
		"2000-01-01T00:00:00+01:00":              time.Date(1999, 12, 31, 23, 0, 0, 0, time.UTC), // the year as written
		"1999-12-31T23:59:59Z":                   refused,
		"1999-12-31T23:59:59-01:00":              refused,
		"2199-12-31T23:59:59Z":                   time.Date(2199, 12, 31, 23, 59, 59, 0, time.UTC),
		"2199-12-31T23:59:59-01:00":              time.Date(2200, 1, 1, 0, 59, 59, 0, time.UTC),
		"2200-01-01T00:00:00Z":                   refused,
		"2200-01-01T00:00:00+01:00":              refused,
	} {
		got, err := ParseCloudEvent([]byte(cloudEvent(UserErased, `"user_id": "bob", "erased_at": "`+text+`"`)))
		if want.IsZero() {
			if _, ok := errors.AsType[*MalformedError](err); !ok {
				t.Errorf("%s: %v; want it malformed", text, err)
			}
			continue
		}
		if err != nil || !got.Erased.At.Equal(want) || got.Erased.At.Location() != time.UTC {
			t.Errorf("%s: %+v, %v; want %s", text, got.Erased, err, want)
		}
	}
}

func TestContentTypes(t *testing.T) {
	t.Parallel()
	for text, fine := range map[string]bool{
		`"application/json"`: true, `null`: true, `"application/cloudevents+json"`: true, `"APPLICATION/JSON; charset=utf-8"`: true,
		`"text/json"`: true, `"application/a+b+json"`: true, `"application/json ;x"`: true,
		`""`: false, `"json"`: false, `"/json"`: false, `"application/xml"`: false, `"application/jsonp"`: false, `"application/json;é"`: false,
		`7`: false,
	} {
		data := strings.Replace(fullSignUp, `"application/json"`, text, 1)
		if _, err := ParseCloudEvent([]byte(data)); (err == nil) != fine {
			t.Errorf("%s: %v", text, err)
		}
	}
}

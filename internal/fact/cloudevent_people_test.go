package fact

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// person is an event about a person, what it states, and what can be wrong with it.
type person struct {
	give     string
	want     Event
	member   string // the one that says when it was
	refusals []refusal
}

func cloudEvent(typ, data string) string {
	return `{"specversion": "1.0", "id": "1", "source": "s", "type": "` + typ + `", "time": "2026-05-01T09:30:00Z", "data": {` + data + `}}`
}

var (
	sent     = time.Date(2026, 5, 1, 9, 30, 0, 0, time.UTC)
	happened = time.Date(2026, 4, 30, 7, 0, 0, 500_000_000, time.UTC)
)

const decision = `"user_id": "bob", "referral_code": "k7m2pq9x", "by": "carol", "why": "a friend", "at": "2026-04-30T09:00:00.5+02:00"`

// fullVisit has all members.
var fullVisit = cloudEvent(LinkVisited, `"code": "spring-Bob", "via": "whatsapp", "at": "2026-04-30T09:00:00.5+02:00"`)

// aboutUser is what is wrong with the members that every event about a person has.
var aboutUser = []refusal{
	{"no data", `"data": {`, `"datum": {`, "data must be a JSON object"},
	{"no user", `"user_id": "bob",`, ``, "data.user_id is missing"},
	{"null user", `"bob"`, `null`, "data.user_id must be a string"},
	{"empty user", `"bob"`, `""`, "data.user_id must not be empty"},
	{"long user", `"bob"`, `"` + strings.Repeat("b", 256) + `"`, "data.user_id is longer than 255 characters"},
	{"user twice", `"user_id": "bob"`, `"user_id": "bob", "user\u005fid": "eve"`, "data has the member user_id twice"},
	{"half a surrogate pair in the user", `"bob"`, `"\ud800"`, "the message contains half a surrogate pair"},
}

var aboutDecision = append([]refusal{
	{"no code", `"referral_code": "k7m2pq9x",`, ``, "data.referral_code is missing"},
	{"null code", `"k7m2pq9x"`, `null`, "data.referral_code must be a string"},
	{"empty code", `"k7m2pq9x"`, `""`, "data.referral_code must not be empty"},
	{"no code at all", `"k7m2pq9x"`, `"k7 m2"`, "data.referral_code must be 3 to 32 of"},
	{"nobody decided", `"by": "carol",`, ``, "data.by is missing"},
	{"somebody without a name", `"carol"`, `""`, "data.by must not be empty"},
	{"long name", `"carol"`, `"` + strings.Repeat("é", 256) + `"`, "data.by is longer than 255 characters"},
	{"no reason", `"why": "a friend",`, ``, "data.why is missing"},
	{"empty reason", `"a friend"`, `""`, "data.why must not be empty"},
	{"long reason", `"a friend"`, `"` + strings.Repeat("é", 1001) + `"`, "data.why is longer than 1000 characters"},
	{"reason of two lines", `"a friend"`, `"a\nfriend"`, "data.why must not contain control characters"},
	{"reason twice", `"why"`, `"why": "b", "why"`, "data has the member why twice"},
	{"year 1999", `2026-04-30`, `1999-04-30`, "data.at must be in the years 2000 to 2199"},
	{"unix time", `"2026-04-30T09:00:00.5+02:00"`, `1777627800`, "data.at must be a string"},
}, aboutUser...)

var people = []person{
	{
		give:   cloudEvent(UserVerified, `"user_id": "bob", "verified_at": "2026-04-30T09:00:00.5+02:00"`),
		want:   Event{Type: UserVerified, Verified: &Verified{UserID: "bob", At: happened}},
		member: "verified_at",
		refusals: append([]refusal{
			{"no time of day", `2026-04-30T09:00:00.5+02:00`, `2026-04-30`, "data.verified_at must be a time as of RFC 3339"},
			{"verified twice", `"verified_at"`, `"verified_at": null, "verified_at"`, "data has the member verified_at twice"},
		}, aboutUser...),
	},
	{
		give:   cloudEvent(UserErased, `"user_id": "bob", "erased_at": "2026-04-30T09:00:00.5+02:00"`),
		want:   Event{Type: UserErased, Erased: &Erased{UserID: "bob", At: happened}},
		member: "erased_at",
		refusals: append([]refusal{
			{"no time of day", `2026-04-30T09:00:00.5+02:00`, `2026-04-30`, "data.erased_at must be a time as of RFC 3339"},
			{"erased twice", `"erased_at"`, `"erased_at": null, "erased_at"`, "data has the member erased_at twice"},
		}, aboutUser...),
	},
	{
		give: cloudEvent(ReferralReviewed, `"verdict": "approved", `+decision),
		want: Event{Type: ReferralReviewed, Decision: &Decision{
			UserID: "bob", Code: "K7M2PQ9X", Verdict: Approved, By: "carol", Why: "a friend", At: happened,
		}},
		member: "at",
		refusals: append([]refusal{
			{"no verdict", `"verdict": "approved",`, ``, "data.verdict is missing"},
			{"another verdict", `"approved"`, `"reopened"`, `data.verdict must be "approved" or "rejected"`},
			{"a verdict in capitals", `"approved"`, `"Approved"`, `data.verdict must be "approved" or "rejected"`},
			{"verdict of the wrong type", `"approved"`, `true`, "data.verdict must be a string"},
			{"verdict twice", `"verdict"`, `"verdict": "rejected", "verdict"`, "data has the member verdict twice"},
		}, aboutDecision...),
	},
	{
		give: cloudEvent(ReferralReviewed, `"verdict": "rejected", `+decision),
		want: Event{Type: ReferralReviewed, Decision: &Decision{
			UserID: "bob", Code: "K7M2PQ9X", Verdict: Rejected, By: "carol", Why: "a friend", At: happened,
		}},
		member: "at",
	},
	{
		give: cloudEvent(ReferralReopened, decision),
		want: Event{Type: ReferralReopened, Decision: &Decision{
			UserID: "bob", Code: "K7M2PQ9X", Verdict: Reopened, By: "carol", Why: "a friend", At: happened,
		}},
		member: "at", refusals: aboutDecision,
	},
	{
		give: cloudEvent(ReferralAttributed, decision),
		want: Event{Type: ReferralAttributed, Attribution: &Attribution{
			UserID: "bob", Code: "K7M2PQ9X", By: "carol", Why: "a friend", At: happened,
		}},
		member: "at", refusals: aboutDecision,
	},
	{
		give:   cloudEvent(CodeAssigned, `"user_id": "bob", "code": "spring-Bob", "program": "vip", "at": "2026-04-30T09:00:00.5+02:00"`),
		want:   Event{Type: CodeAssigned, Assignment: &Assignment{UserID: "bob", Code: "SPRING-BOB", Program: "vip", At: happened}},
		member: "at",
		refusals: append([]refusal{
			{"no code", `"code": "spring-Bob",`, ``, "data.code is missing"},
			{"null code", `"spring-Bob"`, `null`, "data.code must be a string"},
			{"short code", `"spring-Bob"`, `"ab"`, "data.code must be 3 to 32 of"},
			{"code with an umlaut", `"spring-Bob"`, `"frühling"`, "data.code must be 3 to 32 of"},
			{"program with a blank", `"vip"`, `"v i p"`, "data.program must be the name of a program"},
			{"code twice", `"code"`, `"code": "other", "code"`, "data has the member code twice"},
		}, aboutUser...),
	},
	{
		give:   fullVisit,
		want:   Event{Type: LinkVisited, Visit: &Visit{Code: "SPRING-BOB", Via: "whatsapp", At: happened}},
		member: "at",
		refusals: []refusal{
			{"no data", `"data": {`, `"datum": {`, "data must be a JSON object"},
			{"no code", `"code": "spring-Bob",`, ``, "data.code is missing"},
			{"null code", `"spring-Bob"`, `null`, "data.code must be a string"},
			{"short code", `"spring-Bob"`, `"ab"`, "data.code must be 3 to 32 of"},
			{"empty channel", `"whatsapp"`, `""`, "data.via must be 1 to 20 of"},
			{"channel in capitals", `"whatsapp"`, `"WhatsApp"`, "data.via must be 1 to 20 of"},
			{"channel of the wrong type", `"whatsapp"`, `7`, "data.via must be a string"},
			{"channel twice", `"via"`, `"via": "x", "via"`, "data has the member via twice"},
			{"year 1999", `2026-04-30`, `1999-04-30`, "data.at must be in the years 2000 to 2199"},
		},
	},
}

func TestParseWhatIsSaidOfPeople(t *testing.T) {
	for _, p := range people {
		p.want.Key, p.want.Name, p.want.At = "ce:1:s:1", "1", sent
		got, err := ParseCloudEvent([]byte(p.give))
		if err != nil {
			t.Fatalf("%s: %v", p.give, err)
		}
		if diff := cmp.Diff(p.want, got); diff != "" {
			t.Error(diff)
		}
		// The event's own time stands in for the member, and the member for it; one has to be there.
		_, dated := got.dated()
		if !dated.Equal(happened) {
			t.Errorf("%s: dated %s", p.want.Type, dated)
		}
		undated := strings.Replace(p.give, `"`+p.member+`"`, `"x"`, 1)
		if got, err = ParseCloudEvent([]byte(undated)); err != nil {
			t.Errorf("%s: %v", undated, err)
		}
		if _, dated = got.dated(); !dated.Equal(sent) {
			t.Errorf("%s: dated %s, not when it was sent", undated, dated)
		}
		timeless := strings.Replace(p.give, `"time": "2026-05-01T09:30:00Z"`, `"time": null`, 1)
		if got, err = ParseCloudEvent([]byte(timeless)); err != nil || !got.At.Equal(happened) {
			t.Errorf("%s: %s, %v", timeless, got.At, err)
		}
		none := strings.Replace(timeless, `"`+p.member+`"`, `"x"`, 1)
		if _, err = ParseCloudEvent([]byte(none)); err == nil || err.Error() != "fact: neither data."+p.member+" nor time says when it was" {
			t.Errorf("%s: %v", none, err)
		}
	}
}

func TestSignUpWithoutAnyTime(t *testing.T) {
	_, err := ParseCloudEvent([]byte(
		`{"specversion":"1.0","id":"1","source":"s","type":"user.registered","data":{"user_id":"a","registered_at":null}}`))
	if err == nil || !strings.Contains(err.Error(), "neither data.registered_at nor time") {
		t.Errorf("error %v", err)
	}
}

func TestParseRefusesWhatIsSaidOfPeople(t *testing.T) {
	for _, p := range people {
		for _, tt := range p.refusals {
			t.Run(p.want.Type+" "+tt.name, func(t *testing.T) {
				data := strings.Replace(p.give, tt.old, tt.new, 1)
				if data == p.give {
					t.Fatal("nothing was replaced")
				}
				got, err := ParseCloudEvent([]byte(data))
				bad, ok := errors.AsType[*MalformedError](err)
				if !ok || !strings.HasPrefix(bad.Why, tt.why) {
					t.Errorf("error %v, want %q", err, tt.why)
				}
				if got.Key != "" {
					t.Errorf("a malformed event has the key %q", got.Key)
				}
			})
		}
	}
}

// TestEveryTypeIsRead: the lists of types, of what the tests draw and of what they refuse are one.
func TestEveryTypeIsRead(t *testing.T) {
	for typ := range cloudReaders {
		if !Reads(typ) || !slices.Contains(Types(), typ) {
			t.Errorf("%s is not among what is read", typ)
		}
		if len(members[typ]) == 0 {
			t.Errorf("nothing is drawn for %s", typ)
		}
		if typ != UserRegistered && !slices.ContainsFunc(people, func(p person) bool { return p.want.Type == typ }) {
			t.Errorf("%s has no test", typ)
		}
	}
	if Reads("user.moved") {
		t.Error("what nobody reads is read")
	}
}

// What the text alone shows is found for every type, by its own members.
func TestCheckTextOfPeople(t *testing.T) {
	for _, p := range people {
		member := "user_id"
		if p.want.Type == LinkVisited {
			member = "code"
		}
		quoted := strconv.Quote(member)
		twice := strings.Replace(p.give, quoted, quoted+`: "eve", `+quoted, 1)
		if bad, ok := errors.AsType[*MalformedError](CheckText([]byte(twice))); !ok || bad.Pointer != "/data/"+member {
			t.Errorf("%s: %+v", twice, bad)
		}
		unread := strings.Replace(p.give, quoted, `"email": 1, "email": 2, `+quoted, 1)
		if err := CheckText([]byte(unread)); err != nil {
			t.Errorf("%s: %v", unread, err)
		}
	}
}

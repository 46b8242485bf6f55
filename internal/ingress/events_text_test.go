package ingress

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/plusone-dev/plusone/internal/fact"
)

// unseen is what decoding hides from a schema: what is wrong with the members of data, and where to look.
var unseen = []struct{ name, old, new, pointer string }{
	{"user twice", `"user_id":"bob"`, `"user_id":"bob","user_id":"eve"`, "/data/user_id"},
	{"the same user twice", `"user_id":"bob"`, `"user_id":"bob","user_id":"bob"`, "/data/user_id"},
	{"user twice, written another way", `"user_id":"bob"`, `"user_id":"bob","user\u005fid":"eve"`, "/data/user_id"},
	{"a number in the first place", `"user_id":"bob"`, `"user_id":7,"user_id":"bob"`, "/data/user_id"},
	{"high half of a surrogate pair", `"bob"`, `"a\ud800"`, ""},
	{"low half of a surrogate pair", `"bob"`, `"a\udfff"`, ""},
	{"half a surrogate pair in a name", `"user_id"`, `"\ud83d":1,"user_id"`, ""},
	{"U+0000 in a member that is gone", `"user_id"`, `"x":"\u0000","x":1,"user_id"`, ""},
}

func TestWhatASchemaCannotSeeIsRefused(t *testing.T) {
	for _, tt := range unseen {
		t.Run(tt.name, func(t *testing.T) {
			bad := strings.Replace(signUp("1"), tt.old, tt.new, 1)
			_, data, _ := strings.Cut(bad, `"data":`)
			for mode, c := range map[string]struct{ body, contentType, before string }{
				"structured": {bad, structuredJSON, ""},
				"batch":      {"[" + signUp("0") + "," + bad + "]", batchJSON, "/1"},
				"binary":     {strings.TrimSuffix(data, "}"), "", ""},
			} {
				r := eventRequest(c.contentType, c.body)
				if mode == "binary" {
					r = binaryRequest(c.body, nil)
				}
				b := newBench(t, nil)
				p := b.wantRefused(t, b.do(r), "cloudevents", 400, "invalid-event")
				if len(p.Errors) != 1 || p.Errors[0].Pointer != c.before+tt.pointer || p.Errors[0].Detail == "" {
					t.Errorf("%s: errors %+v, want one at %q", mode, p.Errors, c.before+tt.pointer)
				}
			}
		})
	}
	b := newBench(t, nil)
	bad := strings.Replace(signUp("1"), `"id"`, `"id":"0","id"`, 1)
	if p := b.wantRefused(t, b.do(eventRequest(structuredJSON, bad)), "cloudevents", 400, "invalid-event"); p.Errors[0].Pointer != "/id" {
		t.Errorf("errors %+v", p.Errors)
	}
}

// FuzzEventsDoorAgreesWithWorker has the door take exactly what the worker would take, were it sent over NATS.
func FuzzEventsDoorAgreesWithWorker(f *testing.F) {
	f.Add(signUp("1"))
	for _, tt := range unseen {
		f.Add(strings.Replace(signUp("1"), tt.old, tt.new, 1))
	}
	for _, value := range []string{`null`, `"\u2028"`, `"\ud83d\ude00"`, `"é\u0000"`, `[[{"a":1,"a":1}]]`, `1e999`} {
		f.Add(strings.Replace(signUp("1"), `"data":{`, fmt.Sprintf(`"x":%s,"data":{"y":%s,`, value, value), 1))
	}
	reader, err := newEventReader()
	if err != nil {
		f.Fatal(err)
	}
	for _, typ := range append(userTypes, fact.ReferralReviewed) {
		f.Add(strings.Replace(signUp("1"), fact.UserRegistered, typ, 1))
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > fact.MaxCloudEvent/6 { // the door counts what it publishes, which has fewer blanks and longer escapes
			return
		}
		ev, _, ref := reader.event([]byte(text))
		want, err := fact.ParseCloudEvent([]byte(text))
		if err == nil && !slices.Contains(userTypes, want.Type) { // a decision, which gets in elsewhere
			err = fact.ErrIgnored
		}
		if (ref == nil) != (err == nil) {
			t.Fatalf("door: %+v; worker: %v", ref, err)
		}
		if ref == nil && !reflect.DeepEqual(ev, want) {
			t.Fatalf("the door reads %+v, the worker %+v", ev, want)
		}
	})
}

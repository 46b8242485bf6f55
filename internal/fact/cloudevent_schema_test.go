package fact

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"github.com/plusone-dev/plusone/docs/events"
)

// verdicts holds the parser to the schemas: what one accepts the other does, for everything a fuzzer or a generator
// thinks of.
type verdicts struct {
	types    map[string]*jsonschema.Schema
	envelope *jsonschema.Schema
}

func newVerdicts(tb testing.TB) verdicts {
	tb.Helper()
	compile := func(name string) *jsonschema.Schema {
		s, err := events.Compile(name)
		if err != nil {
			tb.Fatal(err)
		}
		return s
	}
	v := verdicts{types: map[string]*jsonschema.Schema{}, envelope: compile("cloudevent")}
	for name := range cloudReaders {
		v.types[name] = compile(name)
	}
	return v
}

type reporter interface {
	Helper()
	Fatalf(format string, args ...any)
}

func (v verdicts) compare(t reporter, data []byte) {
	t.Helper()
	if len(data) > MaxCloudEvent || hasTwins(data) {
		return // sizes and members that stand there twice are beyond a schema
	}
	_, parserErr := ParseCloudEvent(data)
	if hasLoneSurrogate(data) { // and so is half a surrogate pair: the schema sees U+FFFD
		if _, refused := errors.AsType[*MalformedError](parserErr); !refused {
			t.Fatalf("parser: %v\n%q", parserErr, data)
		}
		return
	}
	doc, undecoded := events.Decode(data)
	if undecoded != nil {
		if _, refused := errors.AsType[*MalformedError](parserErr); !refused {
			t.Fatalf("parser: %v\ndecoder: %v\n%q", parserErr, undecoded, data)
		}
		return
	}
	envelopeErr := v.envelope.Validate(doc)
	typ := ""
	if object, ok := doc.(map[string]any); ok {
		typ, _ = object["type"].(string)
	}
	schema, ours := v.types[typ]
	if !ours {
		if errors.Is(parserErr, ErrIgnored) != (envelopeErr == nil) {
			t.Fatalf("parser: %v\nenvelope's schema: %v\n%q", parserErr, envelopeErr, data)
		}
		return
	}
	schemaErr := schema.Validate(doc)
	if (parserErr == nil) != (schemaErr == nil) || errors.Is(parserErr, ErrIgnored) {
		t.Fatalf("parser: %v\nschema: %v\n%q", parserErr, schemaErr, data)
	}
	if parserErr == nil && envelopeErr != nil {
		t.Fatalf("a valid event in an invalid envelope: %v\n%q", envelopeErr, data)
	}
}

// hasTwins says whether an object in a document has two members of one name. A document it cannot read has none.
func hasTwins(data []byte) bool {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	type frame struct {
		names map[string]bool // nil in an array
		value bool            // a value comes next, not a name
	}
	var stack []frame
	done := func() { // a value ended
		if len(stack) > 0 {
			stack[len(stack)-1].value = false
		}
	}
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) || err != nil {
			return false
		}
		switch tok {
		case json.Delim('{'):
			stack = append(stack, frame{names: map[string]bool{}})
			continue
		case json.Delim('['):
			stack = append(stack, frame{})
			continue
		case json.Delim('}'), json.Delim(']'):
			stack = stack[:len(stack)-1]
			done()
			continue
		}
		if len(stack) > 0 {
			if top := &stack[len(stack)-1]; top.names != nil && !top.value {
				name, _ := tok.(string)
				if top.names[name] {
					return true
				}
				top.names[name], top.value = true, true
				continue
			}
		}
		done()
	}
}

func TestHasTwins(t *testing.T) {
	for give, want := range map[string]bool{
		`{"a":1,"b":{"a":1}}`: false, `{"a":1,"\u0061":2}`: true, `[{"a":1},{"a":1}]`: false,
		`{"b":[{"a":"a","a":1}]}`: true, `{"a":"b","b":"a"}`: false, `{"a":{},"a":1}`: true, `(`: false,
	} {
		if got := hasTwins([]byte(give)); got != want {
			t.Errorf("%s: %v", give, got)
		}
	}
}

// encoding/json puts U+FFFD for half a surrogate pair, and so shows where there is one.
func TestHasLoneSurrogate(t *testing.T) {
	pieces := []string{
		`\ud800`, `\uDBFF`, `\udc00`, `\uDFFF`, `\ud83d\ude00`,
		`\\`, `\"`, `\n`, `u`, `ud800`, `a`, `é`, `😀`, `\u0041`, `\uD7ff`, `\ue000`,
	}
	rapid.Check(t, func(t *rapid.T) {
		text := `"` + strings.Join(rapid.SliceOf(rapid.SampledFrom(pieces)).Draw(t, "pieces"), "") + `"`
		var s string
		if err := json.Unmarshal([]byte(text), &s); err != nil {
			t.Fatal(err)
		}
		if got, want := hasLoneSurrogate([]byte(text)), strings.Contains(s, "\uFFFD"); got != want {
			t.Fatalf("%s: %v", text, got)
		}
	})
	for _, cut := range []string{``, `\`, `\u`, `\ud80`, `\ud83d\`, `\ud83d\ude0`, `\uzzzz`} {
		_ = hasLoneSurrogate([]byte(cut)) // it may say anything, but must not run over the end
	}
}

func TestParserAgreesWithSchemaOnRefusals(t *testing.T) {
	v := newVerdicts(t)
	v.compare(t, []byte(fullSignUp))
	for _, tt := range refusals {
		v.compare(t, []byte(strings.Replace(fullSignUp, tt.old, tt.new, 1)))
	}
	for _, p := range people {
		v.compare(t, []byte(p.give))
		for _, tt := range p.refusals {
			v.compare(t, []byte(strings.Replace(p.give, tt.old, tt.new, 1)))
		}
	}
	for _, n := range []int{100, maxNesting - 2, maxNesting - 1, maxNesting, maxNesting + 1} {
		nested := strings.Repeat("[", n) + strings.Repeat("]", n)
		v.compare(t, []byte(strings.Replace(fullSignUp, `[3]`, nested, 1)))
	}
}

// oddStrings are written into a document as they stand, quotes and all.
var oddStrings = []string{
	`""`, `" "`, `"a"`, `" a"`, `"a b"`, `"a "`, `"a\u0020"`, `"\ud800"`, `"\ud800\u0041"`, `"\ud800\u0000"`, `"\ud83d\ude00"`,
	`"\\u0000"`, `"\u0000"`, `"\\\u0000"`, `"\u007f"`, `"\u0085"`, `"é"`, `"a@b"`, `"@"`, `"@\n"`, `"cus_1"`, `"cus_"`, `"cus_é"`,
	`"cus_1:2"`, `"1.0"`, `"1.00"`, `"user.registered"`, `"user.verified"`, `"user\u002eregistered"`, `"default"`, `"Default"`,
	`"user.erased"`, `"referral.reviewed"`, `"code.assigned"`, `"link.visited"`, `"approved"`, `"rejected"`, `"Approved"`, `"reopened"`,
	`"ab"`, `"a-_9Z"`, `"a.b"`, `"vip_2-b"`, `"\u017fpring"`, `" abc"`,
	`"application/json"`, `"APPLICATION/JSON; charset=utf-8"`, `"application/cloudevents+json"`, `"text/json"`, `"json"`, `"/json"`,
	`"application/xml"`, `"application/+json"`, `"application/json ;é"`, `"application/a+b+json"`,
	`"2026-05-01T09:30:00Z"`, `"2026-02-29T09:30:00Z"`, `"2028-02-29T09:30:00Z"`, `"2026-05-01T09:30:00z"`, `"2026-05-01 09:30:00Z"`,
	`"2026-05-01T24:00:00Z"`, `"2026-05-01T23:59:60Z"`, `"2026-05-01T09:30:00.Z"`, `"2026-05-01T09:30:00.1234567890123Z"`,
	`"2026-05-01T09:30:00+23:59"`, `"2026-05-01T09:30:00+24:00"`, `"2026-05-01T09:30:00-07:60"`, `"2026-05-01T09:30:00+0200"`,
	`"1999-12-31T23:59:59Z"`, `"2000-01-01T00:00:00+01:00"`, `"2199-12-31T23:59:59-01:00"`, `"2200-01-01T00:00:00Z"`,
	`"2026-05-01T09:30:00.` + strings.Repeat("0", 43) + `Z"`, `"2026-05-01T09:30:00.` + strings.Repeat("0", 44) + `Z"`,
	`"2026-00-01T09:30:00Z"`, `"2026-13-01T09:30:00Z"`, `"2026-05-32T09:30:00Z"`, `"2026-05-01T9:30:00Z"`, `"2026-05-01T09:30:00,1Z"`,
}

// drawValue draws any JSON value, mostly of the kind that is nearly right.
func drawValue(t *rapid.T, label string) string {
	switch rapid.IntRange(0, 9).Draw(t, label+" kind") {
	case 0:
		return "null"
	case 1:
		return rapid.SampledFrom([]string{"true", "false", "0", "-1.5e400", "1.0", "[]", "{}", `["a"]`, `{"a":"\u0000"}`, `{"\u0000":1}`}).
			Draw(t, label+" other")
	case 2:
		n := rapid.SampledFrom([]int{2, 3, 31, 32, 33, 39, 40, 41, 63, 64, 65, 251, 252, 255, 256, 319, 320, 321, 999, 1000, 1001, 1024, 1025}).Draw(t, label+" length")
		r := rapid.SampledFrom([]string{"x", "é", "@", "😀"}).Draw(t, label+" letter")
		head := rapid.SampledFrom([]string{"", "cus_", "@"}).Draw(t, label+" head")
		return `"` + head + strings.Repeat(r, n) + `"`
	case 3:
		return strconv.Quote(strings.ToValidUTF8(rapid.StringMatching(`[ -~äöü€😀]*`).Draw(t, label+" text"), ""))
	default:
		return rapid.SampledFrom(oddStrings).Draw(t, label+" string")
	}
}

// drawObject draws an object with the given members, some left out and some with another value.
func drawObject(t *rapid.T, label string, members [][2]string) string {
	// Few changes a document: many would leave none that is accepted.
	changed := make(map[string]bool)
	for range rapid.IntRange(0, 2).Draw(t, label+" changes") {
		changed[rapid.SampledFrom(members).Draw(t, label+" change")[0]] = true
	}
	var b strings.Builder
	b.WriteByte('{')
	for _, m := range rapid.Permutation(members).Draw(t, label+" order") {
		value := m[1]
		if changed[m[0]] {
			if rapid.IntRange(0, 3).Draw(t, label+" without "+m[0]) == 0 {
				continue
			}
			value = drawValue(t, label+" "+m[0])
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Quote(m[0]) + ":" + value)
	}
	b.WriteByte('}')
	return b.String()
}

// members are the members of the data of each type, with a value that is right.
var members = map[string][][2]string{
	UserRegistered: {
		{"user_id", `"bob"`}, {"username", `"Bob"`}, {"email", `"b@x"`}, {"email_verified", `true`},
		{"referral_code", `"abc"`}, {"registered_at", `"2026-05-01T09:30:00Z"`}, {"ip", `"::1"`}, {"device_id", `"d"`},
		{"stripe_customer_id", `"cus_1"`}, {"program", `"default"`}, {"code", `null`}, {"source", `"news.letter"`}, {"plan", `{"a":[1]}`},
	},
	UserVerified:       {{"user_id", `"bob"`}, {"verified_at", `"2026-05-01T09:30:00Z"`}, {"at", `[1]`}},
	UserErased:         {{"user_id", `"bob"`}, {"erased_at", `"2026-05-01T09:30:00Z"`}, {"by", `{}`}},
	ReferralReviewed:   append([][2]string{{"verdict", `"approved"`}}, decided...),
	ReferralReopened:   append([][2]string{{"verdict", `7`}}, decided...),
	ReferralAttributed: append([][2]string{{"program", `"DEFAULT"`}}, decided...),
	CodeAssigned:       {{"user_id", `"bob"`}, {"code", `"abc"`}, {"program", `"vip"`}, {"at", `"2026-05-01T09:30:00Z"`}},
	LinkVisited:        {{"code", `"abc"`}, {"via", `"x"`}, {"at", `"2026-05-01T09:30:00Z"`}},
}

var decided = [][2]string{
	{"user_id", `"bob"`}, {"referral_code", `"abc"`}, {"by", `"carol"`}, {"why", `"a friend"`}, {"at", `"2026-05-01T09:30:00Z"`},
}

func TestParserAgreesWithSchema(t *testing.T) {
	v := newVerdicts(t)
	for typ := range cloudReaders {
		t.Run(typ, func(t *testing.T) {
			accepted := 0
			rapid.Check(t, func(t *rapid.T) {
				data := drawObject(t, "data", members[typ])
				if rapid.IntRange(0, 29).Draw(t, "other data") == 0 {
					data = drawValue(t, "data")
				}
				doc := []byte(drawObject(t, "envelope", [][2]string{
					{"specversion", `"1.0"`}, {"id", `"1"`}, {"source", `"/s"`}, {"type", strconv.Quote(typ)}, {"subject", `"b"`},
					{"time", `"2026-05-01T09:30:00Z"`}, {"datacontenttype", `"application/json"`}, {"dataschema", `"/x"`},
					{"data_base64", `null`}, {"traceparent", `"00-1"`}, {"data", data},
				}))
				if _, err := ParseCloudEvent(doc); err == nil {
					accepted++
				}
				v.compare(t, doc)
			})
			if accepted == 0 {
				t.Error("nothing the generator made was acceptable: it proves nothing")
			}
		})
	}
}

func FuzzParseCloudEvent(f *testing.F) {
	f.Add([]byte(fullSignUp))
	for _, tt := range refusals {
		f.Add([]byte(strings.Replace(fullSignUp, tt.old, tt.new, 1)))
	}
	for _, p := range people {
		f.Add([]byte(p.give))
		for _, tt := range p.refusals {
			f.Add([]byte(strings.Replace(p.give, tt.old, tt.new, 1)))
		}
	}
	for _, s := range oddStrings {
		f.Add([]byte(`{"specversion":"1.0","id":` + s + `,"source":"s","type":"user.registered","time":` + s +
			`,"data":{"user_id":` + s + `,"registered_at":"2026-05-01T09:30:00Z"}}`))
	}
	v := newVerdicts(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		v.compare(t, data)
	})
}

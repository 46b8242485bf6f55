package api

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	openapi "github.com/plusone-dev/plusone/docs/api"
)

// hostile are texts that would be more than texts, were they put into a statement.
var hostile = []string{
	`' or '1'='1`, `'; drop table users; --`, `" or ""="`, `1 or 1=1`, `1; select pg_sleep(60)`, `$1`, `\`, `%`, `\'; --`, `{"$ne": ""}`, "x\x00' or true --",
}

// input is one thing that a request says: a part of its path, a parameter, a header, a member of its body.
type input struct{ in, name string }

// asked is a request as the document describes it.
type asked struct {
	method, path string
	inputs       []input
}

// TestSQLInEveryParameter sends statements in the place of everything that docs/api/openapi.yaml says the API can be told. None is
// run: nothing is shown to who asks so, nothing is changed, and nothing fails.
func TestSQLInEveryParameter(t *testing.T) {
	u := newUserWorld(t)
	u.with(WithUsers(u.options))
	u.story()
	u.fold()
	before := u.rows()
	routes := slices.Concat(Routes, Posts, Deletes, Spends, []string{routeApply, routePreview}, UserRoutes, UserPosts, UserPuts, UserDeletes)
	sent := 0
	for _, a := range documented(t) {
		at := slices.Index(routes, a.method+" "+a.path)
		if at < 0 { // another part of plusone answers it
			continue
		}
		routes = slices.Delete(routes, at, at+1)
		for _, in := range a.inputs {
			for _, text := range hostile {
				u.attack(a, in, text)
				sent++
			}
		}
	}
	if len(routes) > 0 || sent < 500 {
		t.Errorf("%d requests were sent; the document does not have %v", sent, routes)
	}
	if after := u.rows(); after != before {
		t.Errorf("the database had %s, and has %s", before, after)
	}
	for line := range strings.Lines(u.log.String()) {
		if !strings.Contains(line, `"level":"INFO"`) {
			t.Errorf("the log says %s", line)
		}
	}
	for _, e := range u.stream.events { // what may be any text is published, and a text to the worker too
		u.apply(e)
	}
	if len(u.stream.events) == 0 || u.get("/v1/users/carol").Code != http.StatusOK {
		t.Errorf("%d decisions were published; carol is %s", len(u.stream.events), u.get("/v1/users/carol").Body)
	}
}

// attack sends a request that is as it should be, but for one thing.
func (u *userWorld) attack(a asked, at input, text string) {
	u.t.Helper()
	r := a.request(at, text)
	r.Header.Set("Authorization", "Bearer "+adminToken)
	if strings.HasPrefix(a.path, "/referral/") || strings.HasPrefix(a.path, "/user/") {
		r.Header.Set("Authorization", u.bearer("alice"))
	}
	answer := httptest.NewRecorder()
	u.handler.ServeHTTP(answer, r)
	if answer.Code >= http.StatusInternalServerError {
		u.t.Errorf("%s %s with %q as %s of the %s: %d %s", a.method, a.path, text, at.name, at.in, answer.Code, answer.Body)
	}
	if body := answer.Body.String(); a.method == http.MethodGet && answer.Code < 300 && (strings.Contains(body, `"bob"`) || strings.Contains(body, ",bob,")) {
		u.t.Errorf("%s %s with %q as %s of the %s shows %s", a.method, a.path, text, at.name, at.in, body)
	}
}

// request is one with a text in one place, and what is expected in all others.
func (a asked) request(at input, text string) *http.Request {
	path, query, header, body := a.path, url.Values{}, http.Header{}, map[string]string{}
	for _, in := range a.inputs {
		value, there := usual[in.name]
		if in == at {
			value, there = text, true
		}
		switch {
		case !there:
		case in.in == "path":
			path = strings.ReplaceAll(path, "{"+in.name+"}", url.PathEscape(value))
		case in.in == "query":
			if in == at {
				query.Set(in.name, value)
			}
		case in.in == "header":
			header.Set(in.name, value)
		default:
			body[in.name] = value
		}
	}
	content := ""
	if a.method == http.MethodPost {
		all, err := json.Marshal(body)
		if err != nil {
			panic(err) // texts
		}
		content = string(all)
	}
	r := httptest.NewRequest(a.method, path+"?"+query.Encode(), strings.NewReader(content))
	header.Set("Content-Type", "application/json")
	r.Header = header
	return r
}

// usual is what stands where no statement does.
var usual = map[string]string{
	"user_id": "alice", "referral_id": "1", "redemption_id": "1", "name": "default", "by": "carol", "why": "a test", "code": "SPRING", "referral_code": "C-ALICE",
	"currency": "usd", "amount": "0.01", "Idempotency-Key": "once",
}

// rows counts what a statement could have changed.
func (u *userWorld) rows() (counts string) {
	u.t.Helper()
	u.must(u.open(u.dsn).QueryRow(u.t.Context(), `select concat_ws(' ', (select count(*) from users), (select count(*) from codes), (select count(*) from referrals),
		(select count(*) from transfers), (select count(*) from terms), (select count(*) from service_tokens))`).Scan(&counts))
	return counts
}

// documented reads what can be asked, and with what.
func documented(t *testing.T) (all []asked) {
	t.Helper()
	text, err := openapi.Document()
	if err != nil {
		t.Fatal(err)
	}
	var root map[string]any
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	for path, item := range root["paths"].(map[string]any) {
		shared := parameters(root, item)
		for _, method := range []string{"get", "post", "put", "delete"} {
			operation, there := item.(map[string]any)[method]
			if !there {
				continue
			}
			a := asked{strings.ToUpper(method), path, append(slices.Clone(shared), parameters(root, operation)...)}
			for _, name := range properties(root, inside(root, operation, "requestBody", "content", "application/json", "schema")) {
				a.inputs = append(a.inputs, input{"body", name})
			}
			all = append(all, a)
		}
	}
	return all
}

func parameters(root map[string]any, of any) (all []input) {
	list, _ := inside(root, of, "parameters").([]any)
	for _, one := range list {
		in, _ := inside(root, one, "in").(string)
		name, _ := inside(root, one, "name").(string)
		all = append(all, input{in, name})
	}
	return all
}

// properties are the names of what an object of a schema may have.
func properties(root map[string]any, schema any) (names []string) {
	has, _ := inside(root, schema, "properties").(map[string]any)
	for name := range has {
		names = append(names, name)
	}
	parts, _ := inside(root, schema, "allOf").([]any)
	for _, part := range parts {
		names = append(names, properties(root, part)...)
	}
	return names
}

// inside follows names from an object, through references.
func inside(root map[string]any, v any, names ...string) any {
	object, _ := v.(map[string]any)
	if ref, ok := object["$ref"].(string); ok {
		return inside(root, inside(root, root, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...), names...)
	}
	if len(names) == 0 {
		return v
	}
	return inside(root, object[names[0]], names[1:]...)
}

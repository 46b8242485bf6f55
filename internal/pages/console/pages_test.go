package console

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/pages"
	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/stream"
)

func TestPages(t *testing.T) {
	w := newWorld(t)
	w.story()
	b := w.browser()
	bob, err := w.api.Search(t.Context(), "bob", 0)
	w.must(err)
	for target, says := range map[string][]string{
		"/console":                          {"Sign-ups", ">6<", "5 of them referred", "20.0 %", "$20.00", "Mx alice", "The figures as a table"},
		"/console?program=1":                {"Overview"},
		"/console/referrals":                {"bob", "carol", "dave", "erin", "to review", "refunded", "C-ALICE"},
		"/console/referrals?status=pending": {"carol", "Clear"},
		"/console/referrals?status=&reason=refunded&review=":   {"dave"},
		"/console/referrals?review=open&program=1":             {"erin", "frank"},
		"/console/referrals?reason=expired":                    {"No referral fits"},
		"/console/referrals?code=1":                            {"with the code C-ALICE", "bob"},
		"/console/referrals?referrer=1&status=rewarded":        {"by user 1", "bob"},
		fmt.Sprintf("/console/referrals?referee=%d", bob.User): {"bob"},
		"/console/referrals/1":                                 {"Bought enough", "paid 30.00 usd", "cs_1", "$10.00", "granted", "pending → qualified", "evt_cs_1"},
		"/console/referrals/3":                                 {"Kept what they bought", "taken back", "$30.00"},
		"/console/referrals/4":                                 {"Decide", "throw-away e-mail address", "<b>Throw-away e-mail address</b>", "/console/referrals/4/approve"},
		"/console/reviews":                                     {"Referral 4", "Referral 5", "/console/referrals/5/reject", "throw-away e-mail address"},
		"/console/users":                                       {"alice", "grace", "C-BOB", "The newest first"},
		"/console/users/1":                                     {"alice@example.com", "C-ALICE", "$10.00", "All of them|bob", "Mark as verified", "Erase", "reward"},
		"/console/users/1/erase":                               {"Erase alice?", "can not be taken back"},
		"/console/users/1/verify":                              {"Mark as verified"},
		"/console/programs":                                    {"disposable_email: review", "Version 2", "Change the terms"},
		"/console/programs/1/versions/1":                       {"Version 1"},
		"/console/programs/change":                             {"disposable_email: review", "Preview"},
		"/console/dead-letters":                                {"Every event could be processed"},
		"/console/unplaced":                                    {"grace", "C-NOBODY", "ch_9", "500 minor units"},
		"/console/unplaced?kind=sign_up":                       {"grace"},
		"/console/health":                                      {"v0.0-test", "2 referrals", "The clock|decided nothing yet"},
	} {
		text := b.page(target)
		for _, s := range says {
			found := false
			for either := range strings.SplitSeq(s, "|") {
				found = found || strings.Contains(text, either)
			}
			if !found {
				t.Errorf("%s does not say %q:\n%s", target, s, text)
			}
		}
		if !strings.Contains(text, `>Reviews <span class="count">2</span>`) {
			t.Errorf("%s does not count what awaits a decision", target)
		}
		if target != "/console/programs/change" { // it belongs to Program
			mustBeReadable(t, target, text)
		}
	}
	b.must("/console/referrals?status=pending", nil, ">bob<", ">dave<")
	b.must("/console/unplaced?kind=refund", []string{"ch_9"}, "C-NOBODY")
}

// TestTheFunnel: the overview says how many came how far, and those that came further are among those before.
func TestTheFunnel(t *testing.T) {
	w := newWorld(t)
	w.story()
	for n := range 7 {
		w.apply(fact.Event{Key: fmt.Sprint("visit-", n), Type: fact.LinkVisited, At: time.Now(), Visit: &fact.Visit{Code: "C-ALICE", At: time.Now()}})
	}
	w.fold()
	text := w.browser().page("/console")
	for step, count := range map[string]int{"Visits": 7, "Sign-ups with a code": 5, "Qualified": 3, "Rewarded": 1} {
		row := fmt.Sprintf(`<th scope="row">%s</th><td class="num">%d</td><td class="meter"><progress max="7" value="%d"`, step, count, count)
		if !strings.Contains(text, row) {
			t.Errorf("the overview does not say that %s are %d", step, count)
		}
	}
}

// TestWhoHasOnlyACode: somebody may be known before they sign up, and need not have paid for that.
func TestWhoHasOnlyACode(t *testing.T) {
	w := newWorld(t)
	w.apply(fact.Event{Key: "given", At: time.Now(), Assignment: &fact.Assignment{UserID: "hank", Code: "V-HANK", At: time.Now()}})
	b := w.browser()
	b.must("/console/users", []string{"hank", "V-HANK", "not yet"}, "payment")
	b.must("/console/users/1", []string{"has not signed up", "V-HANK"}, "payment")
}

var (
	tables = regexp.MustCompile(`(?s)<table.*?</table>`)
	inputs = regexp.MustCompile(`<(?:input|select|textarea)\b[^>]*>`)
	ids    = regexp.MustCompile(`\bid="([^"]*)"`)
)

// mustBeReadable holds a page to what those need who do not see it: one heading of the first order, tables with a caption and
// heads that say what they are heads of, fields with labels, ids that are there once, and where one is.
func mustBeReadable(t *testing.T, target, text string) {
	t.Helper()
	if n := strings.Count(text, "<h1"); n != 1 {
		t.Errorf("%s has %d headings of the first order", target, n)
	}
	if !strings.Contains(text, `aria-current="page"`) {
		t.Errorf("%s does not say where one is", target)
	}
	for _, table := range tables.FindAllString(text, -1) {
		inChart := strings.Contains(table, `class="plain"`) // whose region has the name of the chart
		if !strings.Contains(table, "<caption") && !inChart || strings.Contains(table, "<th>") || !strings.Contains(table, `scope="row"`) && !strings.Contains(table, "Rewards owed") {
			t.Errorf("%s has a table without caption or scopes: %s", target, table)
		}
	}
	seen := make(map[string]bool)
	for _, id := range ids.FindAllStringSubmatch(text, -1) {
		if seen[id[1]] {
			t.Errorf("%s has the id %s twice", target, id[1])
		}
		seen[id[1]] = true
	}
	for _, field := range inputs.FindAllString(text, -1) {
		id := ids.FindStringSubmatch(field)
		if strings.Contains(field, `type="hidden"`) || strings.Contains(field, " hidden") || strings.Contains(field, `type="checkbox"`) { // stands in its label
			continue
		}
		if id == nil || !strings.Contains(text, `for="`+id[1]+`"`) {
			t.Errorf("%s has a field without a label: %s", target, field)
		}
	}
}

func TestQueriesThatCanNotBeMeant(t *testing.T) {
	w := newWorld(t)
	w.story()
	b := w.browser()
	for target, status := range map[string]int{
		"/console/referrals?status=gone": 400, "/console/referrals?reason=x": 400, "/console/referrals?review=yes": 400, "/console/referrals?x=1": 400,
		"/console/referrals?status=pending&status=rewarded": 400, "/console/referrals?before=-1": 400, "/console/referrals?before=x": 400,
		"/console/referrals?referrer=1&referee=2": 400, "/console/referrals?code=4711": 404, "/console/referrals?referrer=4711": 200,
		"/console/referrals?referrer=1%20or%201=1": 400, "/console/referrals?program=99999999999999999999": 400, "/console/referrals?%zz": 400,
		"/console/referrals?status=" + strings.Repeat("x", 2000): 400, "/console/referrals?status=%ff": 400, "/console/referrals?status=%00": 400,
		"/console/referrals/0": 404, "/console/referrals/x": 404, "/console/referrals/4711": 404, "/console/referrals/-1": 404,
		"/console/referrals/1/decided": 404, "/console/referrals/1/decided?event=x": 404, "/console/referrals/1/nothing": 404,
		"/console/users/4711": 404, "/console/users/alice": 404, "/console/users/4711/erase": 404, "/console/users?before=0": 400,
		"/console/programs/1/versions/99": 404, "/console/programs/99/versions/1": 404, "/console/programs/change?program=99": 404,
		"/console?program=99": 404, "/console/unplaced?kind=x": 400, "/console/unplaced?after=x": 400, "/console/dead-letters?before=x": 400,
		"/console/reviews?after=x": 400, "/console/nothing": 404, "/console/sign-in?x=1": 400,
	} {
		if answer := b.get(target); answer.Code != status {
			t.Errorf("%.90s: %d, not %d", target, answer.Code, status)
		} else if status >= 400 && !strings.Contains(answer.Body.String(), "<h1>") {
			t.Errorf("%.90s says %s", target, answer.Body)
		}
	}
	if strings.Contains(w.log.String(), `"level":"ERROR"`) {
		t.Errorf("what the asker did wrong is in our log: %s", w.log)
	}
}

func TestSearch(t *testing.T) {
	w := newWorld(t)
	w.story()
	w.apply(signUp("2", "", time.Now())) // whose id is also a number of a referral
	b := w.browser()
	alice, err := w.api.Search(t.Context(), "alice", 0)
	w.must(err)
	for text, to := range map[string]string{
		"1": "/console/referrals/1", "alice": fmt.Sprintf("/console/users/%d", alice.User), "C-ALICE": "/console/referrals?code=", "C-NOBODY": "/console/referrals?code=",
	} {
		if answer := b.post("/console/search", "text", text); answer.Code != http.StatusSeeOther || !strings.HasPrefix(answer.Header().Get("Location"), to) {
			t.Errorf("%s leads to %s", text, answer.Header().Get("Location"))
		}
	}
	for text, says := range map[string]string{
		"2": "The user of this id", "nobody": "No referral has this number", "Alice": "No referral has this number", "' or 1=1 --": "No referral has this number", "": "No referral",
	} {
		if answer := b.post("/console/search", "text", text); answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), says) {
			t.Errorf("%q: %d %s", text, answer.Code, answer.Body)
		}
	}
}

func TestReview(t *testing.T) {
	for verdict, want := range map[string]struct{ event, status, says string }{
		"approve": {fact.ReferralReviewed, "rewarded", "Approved"},
		"reject":  {fact.ReferralReviewed, "cancelled", "Rejected"},
	} {
		w := newWorld(t)
		w.story()
		b := w.browser()
		answer := b.post("/console/referrals/4/"+verdict, "why", "  looked at\r\n the order ")
		to := answer.Header().Get("Location")
		if answer.Code != http.StatusSeeOther || !strings.HasPrefix(to, "/console/referrals/4/decided?event=") {
			t.Fatalf("%s: %d to %s: %s", verdict, answer.Code, to, answer.Body)
		}
		if len(w.stream.events) != 1 {
			t.Fatalf("%d events", len(w.stream.events))
		}
		e := w.stream.events[0]
		if e.Type != want.event || e.Decision.UserID != "erin" || e.Decision.Code != "C-ALICE" || e.Decision.By != "Kim" || e.Decision.Why != "looked at the order" {
			t.Errorf("%s publishes %+v", verdict, e.Decision)
		}
		b.must(to, []string{want.says, "By Kim", "looked at the order", "<b>qualified</b> to <b>" + want.status + "</b>", `badge ` + want.status})
		b.must("/console/reviews", []string{"Referral 5"}, "Referral 4")
		b.must("/console/referrals/4", []string{"Decide anew", "by Kim"})
		if answer := b.get(strings.Replace(to, "/4/", "/5/", 1)); answer.Code != http.StatusNotFound {
			t.Errorf("the decision about another referral: %d", answer.Code)
		}
		answer = b.post("/console/referrals/4/reopen", "why", "was wrong")
		b.must(answer.Header().Get("Location"), []string{"Reopened"})
		b.must("/console/reviews", []string{"Referral 4", "Referral 5"})
	}
}

func TestReviewsThatAreNotTaken(t *testing.T) {
	w := newWorld(t)
	w.story()
	b := w.browser()
	for _, why := range []string{"", "   ", strings.Repeat("x", 5000)} {
		if answer := b.post("/console/referrals/4/approve", "why", why); answer.Code != http.StatusBadRequest || !strings.Contains(answer.Body.String(), `role="alert"`) {
			t.Errorf("%.10q: %d %s", why, answer.Code, answer.Body)
		}
	}
	if answer := b.post("/console/referrals/4711/approve", "why", "x"); answer.Code != http.StatusNotFound {
		t.Errorf("of no referral: %d", answer.Code)
	}
	if answer := b.post("/console/referrals/4/approve?why=x"); answer.Code != http.StatusBadRequest {
		t.Errorf("in the address: %d", answer.Code)
	}
	w.stream.away = errAway
	if answer := b.post("/console/referrals/4/approve", "why", "x"); answer.Code != http.StatusServiceUnavailable {
		t.Errorf("without a stream: %d", answer.Code)
	}
	if len(w.stream.events) != 0 {
		t.Errorf("%d events were published", len(w.stream.events))
	}
	w.stream.away, w.stream.idle = nil, true
	answer := b.post("/console/referrals/4/approve", "why", "x")
	to := answer.Header().Get("Location")
	b.must(to, []string{"It is on its way", "Look again", "decided?event="})
	w.apply(w.stream.events[0])
	b.must(to, []string{"Approved"})
	w.apply(fact.Event{Key: "erase", Name: "erase", Type: fact.UserErased, At: time.Now(), Erased: &fact.Erased{UserID: "frank", At: time.Now()}})
	if answer := b.post("/console/referrals/5/approve", "why", "x"); answer.Code != http.StatusConflict {
		t.Errorf("of somebody who was erased: %d", answer.Code)
	}
}

func TestErasingAndVerifying(t *testing.T) {
	w := newWorld(t)
	w.story()
	b := w.browser()
	bob, err := w.api.Search(t.Context(), "bob", 0)
	w.must(err)
	here := fmt.Sprintf("/console/users/%d", bob.User)
	if answer := b.post(here + "/verify"); answer.Code != http.StatusSeeOther || answer.Header().Get("Location") != here {
		t.Fatalf("%d %s", answer.Code, answer.Body)
	}
	b.must(here, []string{"The e-mail address is verified.", "bob@example.com"}, "Mark as verified")
	b.must(here, nil, "The e-mail address is verified.") // it is told once
	if answer := b.post(here + "/erase"); answer.Code != http.StatusBadRequest || !strings.Contains(answer.Body.String(), "Tick that you know") || len(w.stream.events) != 1 {
		t.Errorf("without a tick: %d, %d events", answer.Code, len(w.stream.events))
	}
	if answer := b.post(here+"/erase", "sure", "yes"); answer.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", answer.Code, answer.Body)
	}
	b.must(here, []string{"The person is erased.", "Somebody who was erased"}, "bob@example.com", "Mx bob")
	for _, target := range []string{"/erase", "/verify"} {
		if answer := b.get(here + target); answer.Code != http.StatusConflict {
			t.Errorf("%s of somebody who was erased: %d", target, answer.Code)
		}
		if answer := b.post(here+target, "sure", "yes"); answer.Code != http.StatusConflict {
			t.Errorf("%s of somebody who was erased: %d", target, answer.Code)
		}
	}
	b.must("/console/referrals/1", []string{"erased"}, "bob@example.com")
	w.stream.idle = true
	if answer := b.post("/console/users/1/verify"); answer.Code != http.StatusSeeOther {
		t.Errorf("%d", answer.Code)
	}
	b.must("/console/users/1", []string{"It is on its way"})
}

// applier applies terms with the rights of those who may.
type applier struct {
	*store.Database

	tools *store.Database
}

func (a applier) ApplyProgram(ctx context.Context, source []byte) (store.Applied, error) {
	return a.tools.ApplyProgram(ctx, source)
}

func TestTerms(t *testing.T) {
	w := newWorld(t)
	w.story()
	w.config.Store = applier{w.api, w.as("plusone_tools").Database}
	w.build()
	b := w.browser()
	source, err := w.api.Terms(t.Context(), 1, 2)
	w.must(err)
	answer := b.post("/console/programs/preview", "source", source+"nonsense: 1\r\nqualify: {within: 1x}\r\n")
	text := answer.Body.String()
	if answer.Code != http.StatusUnprocessableEntity || !strings.Contains(text, "<b>Line 6</b>") || !strings.Contains(text, "nonsense") || !strings.Contains(text, "<b>Line 7</b>") {
		t.Errorf("%d %s", answer.Code, text)
	}
	for _, broken := range []string{"", "{", "\x00", strings.Repeat("# x\n", 20000)} {
		if answer := b.post("/console/programs/preview", "source", broken); answer.Code != http.StatusUnprocessableEntity && answer.Code != http.StatusBadRequest {
			t.Errorf("%.10q: %d", broken, answer.Code)
		}
	}
	changed := strings.ReplaceAll(source, "fraud: {disposable_email: review}", "fraud: {disposable_email: flag}")
	answer = b.post("/console/programs/preview", "source", strings.ReplaceAll(changed, "\n", "\r\n"))
	text = answer.Body.String()
	if answer.Code != http.StatusOK || !strings.Contains(text, "disposable_email: flag") || strings.Contains(text, "Only ") {
		t.Fatalf("%d %s", answer.Code, text)
	}
	for _, says := range []string{"<b>5</b>", "<b>2</b>", "$20.00", "$60.00", "+2", `href="/console/referrals/4"`} {
		if !strings.Contains(text, says) {
			t.Errorf("the preview does not say %q: %s", says, text)
		}
	}
	mustBeReadable(t, "the preview", text)
	answer = b.post("/console/programs/apply", "source", changed)
	if answer.Code != http.StatusBadRequest || !strings.Contains(answer.Body.String(), "Nothing was changed") {
		t.Errorf("without a tick: %d", answer.Code)
	}
	b.must("/console/programs", []string{"Version 2"})
	answer = b.post("/console/programs/apply", "source", strings.ReplaceAll(changed, "\n", "\r\n"), "sure", "yes")
	if answer.Code != http.StatusSeeOther || answer.Header().Get("Location") != "/console/programs/1/versions/3" {
		t.Fatalf("%d %s", answer.Code, answer.Body)
	}
	b.must("/console/programs/1/versions/3", []string{"Version 3 of the program default is in force", "disposable_email: flag"}, "\r")
	b.post("/console/programs/apply", "source", changed, "sure", "yes")
	b.must("/console/programs", []string{"were in force already", "Version 3"})
	if answer := b.post("/console/programs/preview", "source", strings.Replace(changed, "name: default", "name: spring", 1)); !strings.Contains(answer.Body.String(), "There is no program spring yet") {
		t.Errorf("a new program: %d %s", answer.Code, answer.Body)
	}
	if !strings.Contains(w.log.String(), "terms were applied in the console") {
		t.Error("who applied them is not in the log")
	}
}

func TestDeadLetters(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	for n := 45; n > 0; n-- {
		w.letters.all = append(w.letters.all, stream.Letter{
			Sequence: uint64(n), At: time.Now(), Subject: fmt.Sprintf("plusone.in.stripe.n%d", n), Reason: "not JSON", Stream: "PLUSONE_IN", Of: 7, Delivered: 3,
			Size: 5000, Body: bytes.Repeat([]byte("ab"), 2048),
		})
	}
	w.letters.all[0].Body, w.letters.all[0].Size = []byte{0xff, 0xfe, 0, 1, 0xff}, 5
	b.must("/console/dead-letters", []string{"45 events", "n45<", "n26<", "It is no text.", "3 times", "7 of PLUSONE_IN", "before=26", "…"}, "n25<")
	b.must("/console/dead-letters?before=6", []string{"n5<", "n1<", "Latest"}, "n6<", "Older")
	w.letters.standing = stream.Standing{Dead: 45, Pending: 3}
	b.must("/console/health", []string{"45 events could not be processed", "3 events on the way"})
	w.letters.away = errAway
	if answer := b.get("/console/dead-letters"); answer.Code != http.StatusServiceUnavailable || !strings.Contains(answer.Body.String(), "can not be read just now") {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
	b.must("/console/health", []string{"Trouble"})
}

// TestHostileTexts has everything that others may write be a script, on every page that shows it.
func TestHostileTexts(t *testing.T) {
	const evil = `"'><script>alert(1)</script><img src=x onerror=alert(2)>{{.}}`
	w := newWorld(t)
	w.story()
	at := time.Now().Add(-time.Hour)
	friend := signUp(evil, "C-ALICE", at)
	friend.SignUp.Username, friend.SignUp.Email = evil, evil+"@throwaway.example"
	w.apply(friend, signUp(evil+"2", "<script>alert(3)</script>", at))
	w.apply(bought(77, evil, 3000, at))
	w.exec("insert into transitions select id, 9, 'pending', 'qualified', null, now(), '<script>alert(4)</script>' from referrals where id = 1")
	w.exec("update codes set code = '<script>alert(5)</script>' where code = 'C-ALICE'")
	w.letters.all = []stream.Letter{{Sequence: 1, Subject: evil, Reason: evil, Stream: evil, Body: []byte(evil), Size: len(evil)}}
	b := &browser{w: w}
	if answer := b.post("/console/sign-in", "name", evil, "token", adminToken); answer.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", answer.Code, answer.Body)
	}
	found, err := w.api.Search(t.Context(), evil, 0)
	w.must(err)
	lines, _, err := w.api.Browse(t.Context(), store.Browse{Referee: found.User, Limit: 1})
	if err != nil || len(lines) != 1 {
		t.Fatal(lines, err)
	}
	var texts []*httptest.ResponseRecorder
	for _, target := range []string{
		"/console", "/console/referrals", fmt.Sprintf("/console/referrals/%d", lines[0].ID), "/console/referrals/1", "/console/reviews", "/console/users",
		fmt.Sprintf("/console/users/%d", found.User), fmt.Sprintf("/console/users/%d/erase", found.User), "/console/dead-letters", "/console/unplaced",
		fmt.Sprintf("/console/referrals?code=%d", lines[0].CodeID), "/console/sign-in?to=" + "%22%3E%3Cscript%3Ealert(6)%3C/script%3E",
	} {
		texts = append(texts, b.get(target))
	}
	texts = append(texts, b.post("/console/search", "text", evil+"?"), b.post("/console/sign-in", "name", evil, "token", "wrong", "to", evil),
		b.post("/console/programs/preview", "source", evil), b.post(fmt.Sprintf("/console/referrals/%d/approve", lines[0].ID), "why", evil+strings.Repeat("x", 3000)))
	escaped := 0
	for _, answer := range texts {
		text := answer.Body.String()
		if answer.Code >= 500 || strings.Contains(text, "<script>alert") || strings.Contains(text, "<img") || strings.Contains(text, `"'>`) {
			t.Errorf("%d: %s", answer.Code, text)
		}
		if strings.Contains(text, "&lt;script&gt;alert") {
			escaped++
		}
	}
	if escaped < 12 {
		t.Errorf("only %d pages show what others wrote", escaped)
	}
}

// TestStatementsDoNotGrow: a longer list asks the database no more questions.
func TestStatementsDoNotGrow(t *testing.T) {
	w := newWorld(t)
	w.story()
	b := w.browser()
	targets := []string{"/console", "/console/referrals", "/console/referrals?status=pending", "/console/reviews", "/console/users", "/console/users/1", "/console/unplaced", "/console/programs"}
	asked := func() (all []int64) {
		for _, target := range targets {
			before := w.queries.n.Load()
			b.page(target)
			all = append(all, w.queries.n.Load()-before)
		}
		return all
	}
	asked() // the terms are read once
	few := asked()
	at := time.Now().Add(-time.Hour)
	var events []fact.Event
	for i := range 40 {
		who := fmt.Sprintf("more-%d", i)
		e := signUp(who, "C-ALICE", at)
		e.SignUp.Email = who + "@throwaway.example"
		events = append(events, e, bought(1000+i, who, 3000, at.Add(time.Second)), signUp("lost-"+who, "C-NOBODY", at))
	}
	w.apply(events...)
	w.fold()
	many := asked()
	for i, target := range targets {
		if few[i] != many[i] || many[i] > 40 {
			t.Errorf("%s: %d statements for few, %d for many", target, few[i], many[i])
		}
	}
}

// TestPagesAreLight: no page is of more than 100 kB, with its style sheet and its script, as they are sent.
func TestPagesAreLight(t *testing.T) {
	w := newWorld(t)
	w.story()
	at := time.Now()
	for day := range 90 {
		var events []fact.Event
		for i := range 4 {
			who := fmt.Sprintf("d%d-%d", day, i)
			events = append(events, signUp(who, []string{"C-ALICE", ""}[i%2], at.AddDate(0, 0, -day)), bought(day*10+i+100, who, 1000+int64(day), at.AddDate(0, 0, -day).Add(time.Second)))
		}
		w.apply(events...)
	}
	w.fold()
	b := w.browser()
	links := regexp.MustCompile(`(?:href|src)="(/assets/[^"]*)"`)
	for _, target := range []string{"/console", "/console/referrals", "/console/reviews", "/console/users", "/console/users/1", "/console/referrals/1"} {
		b.headers = map[string]string{"Accept-Encoding": "gzip"}
		answer := b.get(target)
		sent := answer.Body.Len()
		z, err := gzip.NewReader(answer.Body)
		w.must(err)
		var text bytes.Buffer
		_, err = text.ReadFrom(z)
		w.must(err)
		plain := text.Len()
		for _, link := range links.FindAllStringSubmatch(text.String(), -1) {
			r := httptest.NewRequest(http.MethodGet, link[1], nil)
			r.Header.Set("Accept-Encoding", "gzip")
			asset := httptest.NewRecorder()
			pages.Assets().ServeHTTP(asset, r)
			if asset.Code != http.StatusOK {
				t.Errorf("%s names %s: %d", target, link[1], asset.Code)
			}
			sent += asset.Body.Len()
		}
		t.Logf("%s: %d bytes as they are sent; the page alone, not packed, %d", target, sent, plain)
		if sent > 100_000 {
			t.Errorf("%s takes %d bytes", target, sent)
		}
	}
}

func TestALostRightIsSaid(t *testing.T) {
	w := newWorld(t)
	w.story()
	b := w.browser()
	w.exec("revoke select on marks from plusone_api")
	b.must("/console/health", []string{"could not be asked"})
	w.exec("revoke select on sign_ups from plusone_api")
	if answer := b.get("/console/unplaced"); answer.Code != http.StatusServiceUnavailable || !strings.Contains(answer.Body.String(), "lacks a right") {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
}

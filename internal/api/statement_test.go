package api

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func (w *world) statementOf(user, query string) (got statementJSON) {
	w.t.Helper()
	answer := w.get("/v1/users/" + url.PathEscape(user) + "/transfers" + query)
	if answer.Code != http.StatusOK {
		w.t.Fatalf("%s: %d %s", user, answer.Code, answer.Body)
	}
	w.must(json.Unmarshal(answer.Body.Bytes(), &got))
	return got
}

func TestStatement(t *testing.T) {
	w := newWorld(t)
	w.story()
	spent := w.spent(w.spend("k", `{"user_id": "alice", "currency": "usd", "amount": "4.00", "note": "order 1"}`), http.StatusCreated)
	w.send(http.MethodPost, "/v1/redemptions/"+spent.ID+"/reverse", "", "Bearer "+token)
	all := w.statementOf("alice", "")
	if all.Next != nil {
		t.Errorf("there is more after %+v", all)
	}
	sums := map[string]int64{}
	kinds := map[string]int{}
	for _, l := range all.Transfers {
		sums[string(l.Currency)] += l.Minor
		kinds[string(l.Kind)]++
		if l.UserID == nil || *l.UserID != "alice" || strings.HasPrefix(l.Amount, "-") != (l.Minor < 0) {
			t.Errorf("%+v", l)
		}
		switch l.On.Kind {
		case "referral":
			if l.On.Side != "referrer" || l.On.For != "purchase" || !strings.HasPrefix(l.ID, "transfer-"+l.On.ID+"-") {
				t.Errorf("%+v", l)
			}
		case "redemption":
			if l.On.ID != spent.ID || (l.On.Note == "order 1") != (l.Kind == "redeemed") {
				t.Errorf("%+v", l)
			}
		default:
			t.Errorf("%+v", l)
		}
	}
	if diff := cmp.Diff(map[string]int64{"usd": 1000, "eur": 0}, sums); diff != "" {
		t.Errorf("the lines come to %s", diff)
	}
	if diff := cmp.Diff(map[string]int{"granted": 2, "revoked": 1, "redeemed": 1, "reversed": 1}, kinds); diff != "" {
		t.Error(diff)
	}
	var paged []lineJSON
	for cursor := ""; ; {
		page := w.statementOf("alice", "?limit=2"+cursor)
		paged = append(paged, page.Transfers...)
		if page.Next == nil {
			break
		}
		cursor = "&cursor=" + url.QueryEscape(*page.Next)
	}
	if diff := cmp.Diff(all.Transfers, paged, cmp.AllowUnexported(lineJSON{})); diff != "" {
		t.Errorf("in pages: %s", diff)
	}
	if got := w.get("/v1/users/carol/transfers").Body.String(); got != `{"transfers":[],"next":null}`+"\n" {
		t.Errorf("an empty one is %s", got)
	}
}

func TestStatementsThatCanNotBeMeant(t *testing.T) {
	w := newWorld(t)
	w.story()
	cursor := func(s string) string { return "?cursor=" + base64.RawURLEncoding.EncodeToString([]byte(s)) }
	for query, parameter := range map[string]string{
		"?limit=0": "limit", "?limit=201": "limit", "?limit=1;drop": "", "?limit=1%27": "limit", "?currency=usd": "currency", "?limit=1&limit=1": "limit",
		"?cursor=x": "cursor", "?cursor=%27%20or%201=1--": "cursor", "?cursor=" + strings.Repeat("A", 1025): "cursor", "?cursor=%00": "cursor",
		cursor("1.1.1"): "cursor", cursor("1.1.1.1.1"): "cursor", cursor("1.1.1.1 "): "cursor", cursor("+1.1.1.1"): "cursor", cursor("1.1.1.-1"): "cursor",
		cursor("1.1.1.2147483648"): "cursor", cursor("1.1.9223372036854775808.1"): "cursor", cursor("9223372036854775807.1.1.1"): "cursor",
		cursor("-9223372036854775808.1.1.1"): "cursor", "?<script>=1": "", "?x=%zz": "",
	} {
		p := w.problemOf(w.get("/v1/users/alice/transfers"+query), http.StatusBadRequest)
		if p.Parameter != parameter || !strings.Contains(p.Detail, parameter) || strings.Contains(p.Detail, "script") {
			t.Errorf("%.60s: %+v", query, p)
		}
	}
	for _, nobody := range []string{"nobody", "stranger", "alice%27%20or%20%27a%27=%27a", "%00", "%FF", strings.Repeat("x", 256)} {
		w.problemOf(w.get("/v1/users/"+nobody+"/transfers"), http.StatusNotFound)
	}
	if w.log.Len() > 0 {
		t.Errorf("what the asker did wrong is in our log: %s", w.log)
	}
}

// TestFiltersAmongSome: what would be a walk through everything is refused, by name.
func TestFiltersAmongSome(t *testing.T) {
	w := newWorld(t)
	w.story()
	at := noon.Add(-time.Hour)
	before, after := url.QueryEscape(at.Add(time.Second).Format(time.RFC3339)), url.QueryEscape(at.Add(-time.Second).Format(time.RFC3339))
	exactly := url.QueryEscape(at.Format(time.RFC3339Nano))
	elsewhere := url.QueryEscape(at.Add(-time.Second).In(time.FixedZone("", 7200)).Format(time.RFC3339))
	for query, want := range map[string]string{
		"?code=C-ALICE": "bob carol dave", "?code=c-alice&status=rewarded": "bob", "?code=C-NOBODY": "", "?code=NONE": "", "?code=C-FRANK": "frank",
		"?code=C-ALICE&referee=carol": "carol", "?code=C-FRANK&referee=carol": "", "?code=C-FRANK&referrer=alice": "",
		"?code=C-ALICE%27%20or%20%271%27=%271": "", "?referrer=alice&program=default": "bob carol dave", "?referrer=alice&program=vip": "",
		"?referrer=alice&program=default%27--":                                                                 "",
		"?referrer=alice&attributed_after=" + after:                                                            "bob carol dave",
		"?referrer=alice&attributed_after=" + elsewhere:                                                        "bob carol dave",
		"?referrer=alice&attributed_after=" + exactly:                                                          "",
		"?referrer=alice&attributed_before=" + before:                                                          "bob carol dave",
		"?referrer=alice&attributed_before=" + exactly:                                                         "",
		"?code=C-ALICE&program=default&attributed_after=" + after + "&attributed_before=" + before + "&limit=2": "bob carol",
		"?reviewing=true&program=default&attributed_after=" + after:                                            "",
	} {
		var got []string
		for _, r := range w.list(query).Referrals {
			got = append(got, *r.Referee)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", query, got, want)
		}
	}
	for query, parameter := range map[string]string{
		"?program=default": "program", "?attributed_after=" + after: "attributed_after", "?status=pending&attributed_before=" + before: "attributed_before",
		"?referrer=alice&attributed_after=yesterday": "attributed_after", "?referrer=alice&attributed_after=2026-03-01": "attributed_after",
		"?referrer=alice&attributed_before=0000-01-01T00:00:00Z": "attributed_before", "?referrer=alice&attributed_before=9999-01-01T00:00:00Z": "attributed_before",
		"?refree=bob": "refree", "?status=gone": "status", "?reviewing=1": "reviewing", "?limit=x": "limit", "?cursor=x": "cursor", "?code=%00": "code",
	} {
		p := w.problemOf(w.get("/v1/referrals"+query), http.StatusBadRequest)
		if p.Parameter != parameter || !strings.HasPrefix(p.Detail, parameter+" ") {
			t.Errorf("%s: %+v", query, p)
		}
	}
}

func TestListOfUsers(t *testing.T) {
	w := newWorld(t)
	w.story()
	var got []string
	for cursor := "?limit=3"; ; {
		answer := w.get("/v1/users" + cursor)
		var page userList
		w.must(json.Unmarshal(answer.Body.Bytes(), &page))
		for _, u := range page.Users {
			got = append(got, u.UserID)
			if (u.RegisteredAt == nil) != (u.UserID == "stranger") || (u.ReferralCode == nil) != (u.UserID == "stranger") {
				t.Errorf("%+v", u)
			}
		}
		if page.Next == nil {
			break
		}
		cursor = "?limit=3&cursor=" + *page.Next
	}
	if want := "alice bob carol dave erin frank stranger"; strings.Join(got, " ") != want {
		t.Errorf("%v, not %s", got, want)
	}
	for query, parameter := range map[string]string{"?after=1": "after", "?cursor=-1": "cursor", "?limit=x": "limit", "?cursor=1%20or%201=1": "cursor"} {
		if p := w.problemOf(w.get("/v1/users"+query), http.StatusBadRequest); p.Parameter != parameter {
			t.Errorf("%s: %+v", query, p)
		}
	}
}

package sample

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/table"
)

// The story itself is played on real parts by the tests of cmd/plusone.

func TestADoorThatRefusesEndsTheStory(t *testing.T) {
	door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "not today", http.StatusServiceUnavailable)
	}))
	defer door.Close()
	var out strings.Builder
	err := Play(t.Context(), Config{URL: door.URL, WebhookSecret: "whsec_x", Token: "x", Out: &out, Table: table.NewWriter()})
	if err == nil || !strings.Contains(err.Error(), "POST /v1/events answered 503 Service Unavailable: not today") {
		t.Errorf("it ended with %v", err)
	}
}

func TestWhy(t *testing.T) {
	type check = struct {
		Name   string
		OK     bool
		Detail string
	}
	failed, minimum, other := check{"refunds", false, "all went back"}, check{"minimum", true, "paid enough"}, check{"code", true, "use 1"}
	for _, c := range []struct {
		checks []check
		want   string
	}{
		{nil, ""},
		{[]check{minimum, other}, "paid enough"},
		{[]check{minimum, failed, other}, "all went back"},
	} {
		if got := (referral{Checks: c.checks}).why(); got != c.want {
			t.Errorf("%v: %q, want %q", c.checks, got, c.want)
		}
	}
}

func TestSawPurchase(t *testing.T) {
	short := referral{Status: "pending"}
	if short.sawPurchase() {
		t.Error("nothing was paid yet")
	}
	short.Checks = append(short.Checks, struct {
		Name   string
		OK     bool
		Detail string
	}{"minimum", false, "paid 5.00 usd, at least 10.00 usd is needed"})
	if !short.sawPurchase() || !(referral{Status: "qualified"}).sawPurchase() {
		t.Error("it was seen")
	}
}

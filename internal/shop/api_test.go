package shop_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/plusone-dev/plusone/internal/shop"
	"github.com/plusone-dev/plusone/internal/testkit"
)

const patience = 20 * time.Second

func (o *opened) register(name, code string) (id, key string) {
	o.t.Helper()
	status, answer := o.api("POST", "/auth/register", "",
		fmt.Sprintf(`{"username":%q,"email":"%[1]s@example.com","auth_method":"email","referral_code":%[2]q}`, name, code))
	if status != http.StatusCreated {
		o.t.Fatalf("%d %v", status, answer)
	}
	return answer["user_id"].(string), answer["api_key"].(string)
}

func TestRegister(t *testing.T) {
	f := newFake(t)
	o := open(t, f, "")
	status, answer := o.api("POST", "/auth/register", "",
		`{"username":"bob","email":"bob@example.com","auth_method":"google","referral_code":"FRIEND22","source":"newsletter"}`)
	id, _ := answer["user_id"].(string)
	key, _ := answer["api_key"].(string)
	if status != 201 || !strings.HasPrefix(id, "usr_") || !strings.HasPrefix(key, "shop_") || len(key) < 40 ||
		answer["username"] != "bob" || answer["email"] != "bob@example.com" || answer["auth_method"] != "google" ||
		answer["referred_by"] != "alice" || answer["referral_code"] != "MINE2222" {
		t.Errorf("%d %v", status, answer)
	}
	events, _ := f.told()
	if len(events) != 1 {
		t.Fatalf("%d events", len(events))
	}
	data, _ := events[0]["data"].(map[string]any)
	if e := events[0]; e["type"] != "user.registered" || e["source"] != "/shop/accounts" || e["id"] != "signup-"+id || e["time"] == nil ||
		data["user_id"] != id || data["username"] != "bob" || data["email"] != "bob@example.com" || data["referral_code"] != "FRIEND22" || data["program"] != "shop" || data["source"] != "newsletter" {
		t.Errorf("told: %v", e)
	}
	kept, err := os.ReadFile(o.file)
	if err != nil || bytes.Contains(kept, []byte(key)) || !bytes.Contains(kept, []byte(id)) {
		t.Errorf("kept (%v): %s", err, kept)
	}
	if info, err := os.Stat(o.file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("its mode: %v, %v", info.Mode(), err)
	}
}

func TestRegisterRefuses(t *testing.T) {
	f := newFake(t)
	o := open(t, f, "")
	o.register("carol", "")
	for body, want := range map[string]struct {
		status int
		says   string
	}{
		`{"username":"bob","email":"bob@example.com","referral_code":"NOSUCH22"}`: {400, `"NOSUCH22" can not be used: code not found`},
		`{"username":"bob","email":"bob@example.com","referral_code":"USEDUP22"}`: {400, `"USEDUP22" can not be used: referral code has reached maximum uses`},
		`{"username":"bob","email":"bob@example.com","referral_code":"OFTEN222"}`: {429, "too often"},
		`{"username":"","email":"bob@example.com"}`:                               {400, "username"},
		`{"username":"b\u0000b","email":"bob@example.com"}`:                       {400, "username"},
		`{"username":"bob","email":"bob"}`:                                        {400, "email"},
		`{"username":"bob","email":"Bob <bob@example.com>"}`:                      {400, "email"},
		`{"username":"bob","email":"bob@example.com","auth_method":"rumour"}`:     {400, "auth_method"},
		`{"username":"bob2","email":"Carol@example.com"}`:                         {409, "has an account here already"},
		`{"username":"bob","email":"bob@example.com","source":"The News"}`:        {400, "source"},
		`{"username":7}`: {400, "JSON"},
		`[]`:             {400, "JSON"},
		`{"username":"` + strings.Repeat("b", 17<<10) + `"}`: {413, "more than"},
	} {
		status, answer := o.api("POST", "/auth/register", "", body)
		if detail, _ := answer["detail"].(string); status != want.status || !strings.Contains(detail, want.says) {
			t.Errorf("%.80s is answered %d %v, want %d and %q", body, status, answer, want.status, want.says)
		}
	}
	if events, _ := f.told(); len(events) != 1 {
		t.Errorf("plusone was told of %d people, want carol alone", len(events))
	}
	res, err := http.Post(o.URL+"/auth/register", "application/x-www-form-urlencoded", strings.NewReader("username=x"))
	if err != nil || res.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("a form is answered %v, %v", res, err)
	}
}

// TestAnOutageLosesNothing: what plusone can not be told now it is told later, be it after a restart, and once.
func TestAnOutageLosesNothing(t *testing.T) {
	f := newFake(t)
	o := open(t, f, "")
	f.away = 3
	id, key := o.register("bob", "")
	if events, _ := f.told(); len(events) != 1 || f.away != 0 {
		t.Errorf("after three times 503: %v", events)
	}
	f.mu.Lock()
	f.away = 1 << 30
	f.mu.Unlock()
	_, answer := o.api("POST", "/api/stripe/checkout-session", key, `{"amount":1000,"currency":"usd"}`)
	status, paid := o.pay(answer["url"].(string), "4242 4242 4242 4242")
	if _, webhooks := f.told(); status != 200 || len(webhooks) != 0 {
		t.Errorf("%d %v, and plusone heard %v", status, paid, webhooks)
	}
	o.close()
	f.mu.Lock()
	f.away = 0
	f.mu.Unlock()
	again := open(t, f, o.file)
	testkit.Eventually(t, patience, func() (bool, string) {
		_, webhooks := f.told()
		return len(webhooks) == 3, fmt.Sprint(webhooks)
	})
	// Those who were there are known, under their keys and ids.
	if status, answer := again.api("GET", "/referral/code", key, ""); status != 200 || answer["user_id"] != id {
		t.Errorf("%d %v", status, answer)
	}
	again.close()
	kept, err := os.ReadFile(o.file)
	if err != nil || !bytes.Contains(kept, []byte(`"messages":[]`)) {
		t.Errorf("what was told is kept: %v, %s", err, kept)
	}
}

// TestWhatIsRefusedHoldsUpNothing: plusone would refuse it again.
func TestWhatIsRefusedHoldsUpNothing(t *testing.T) {
	f := newFake(t)
	o := open(t, f, "")
	f.refusing = true
	o.register("bob", "")
	f.mu.Lock()
	f.refusing = false
	f.mu.Unlock()
	o.register("carol", "")
	events, _ := f.told()
	if len(events) != 1 || events[0]["data"].(map[string]any)["username"] != "carol" {
		t.Errorf("told: %v", events)
	}
}

func TestPassingOn(t *testing.T) {
	f := newFake(t)
	o := open(t, f, "")
	id, key := o.register("bob", "")
	for path, want := range map[string]string{
		"/referral/code": "referral_code", "/referral/stats?limit=2": "total_earned", "/user/balance": "credits", "/referral/leaderboard": "total_earned",
	} {
		if status, answer := o.api("GET", path, key, ""); status != 200 || answer[want] == nil {
			t.Errorf("%s is answered %d %v", path, status, answer)
		}
		for _, wrong := range []string{"", "shop_nobody", key[:len(key)-1], eventsToken} {
			if status, answer := o.api("GET", path, wrong, ""); status != 401 {
				t.Errorf("%s with the key %q is answered %d %v", path, wrong, status, answer)
			}
		}
	}
	if got, want := fmt.Sprint(f.asked), "[GET /referral/stats?limit=2 "+id+"]"; got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
	for _, who := range []string{"", key} {
		if status, answer := o.api("POST", "/referral/validate", who, `{"referral_code":"FRIEND22"}`); status != 200 || answer["valid"] != true {
			t.Errorf("validate is answered %d %v", status, answer)
		}
	}
	if status, _ := o.api("POST", "/referral/validate", "shop_wrong", `{"referral_code":"FRIEND22"}`); status != 401 {
		t.Errorf("validate with a wrong key is answered %d", status)
	}
	f.Close()
	if status, answer := o.api("GET", "/referral/code", key, ""); status != 503 {
		t.Errorf("without a plusone: %d %v", status, answer)
	}
}

func TestConfig(t *testing.T) {
	for _, key := range []string{"sk_live_x", "rk_live_x", "pk_test_x", "x"} {
		if said := mustRefuseToOpen(t, func(c *shop.Config) { c.StripeKey = key }); !strings.Contains(said, "not a test key") || strings.Contains(said, key+" ") {
			t.Errorf("%s: %s", key, said)
		}
	}
	if said := mustRefuseToOpen(t, func(c *shop.Config) { c.UserSecret = "" }); !strings.Contains(said, "missing") {
		t.Error(said)
	}
	said := mustRefuseToOpen(t, func(c *shop.Config) {
		if err := os.WriteFile(c.File, []byte(`{"people":`), 0o600); err != nil {
			t.Fatal(err)
		}
	})
	if !strings.Contains(said, "can not be read") {
		t.Error(said)
	}
}

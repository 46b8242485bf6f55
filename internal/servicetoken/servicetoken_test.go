package servicetoken

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"
)

// table is a database of tokens in memory, which counts how often it is asked.
type table struct {
	tokens      map[string]Identity
	stale       bool
	asked, used int
	away        error // asked
	full        error // used
}

func (t *table) TokenByHash(_ context.Context, hash []byte) (name, scope string, stale bool, err error) {
	t.asked++
	who, ok := t.tokens[string(hash)]
	if !ok || t.away != nil {
		return "", "", false, t.away
	}
	return who.Name, who.Scope.String(), t.stale, nil
}

func (t *table) TokenUsed(ctx context.Context, _ []byte) error {
	t.used++
	t.stale = false
	if _, ok := ctx.Deadline(); !ok {
		return errors.New("a request would wait for ever")
	}
	return t.full
}

// keeper is one over a table, with a clock that stands still.
func keeper(t *table) (k *Keeper, log *bytes.Buffer, now *time.Time) {
	log = &bytes.Buffer{}
	k = New([]string{"an-api-token", "another", ""}, []string{"an-admin-token"}, t, slog.New(slog.NewTextHandler(log, nil)))
	clock := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	k.now = func() time.Time { return clock }
	return k, log, &clock
}

func TestConfiguredTokens(t *testing.T) {
	tokens := &table{}
	k, _, _ := keeper(tokens)
	for token, want := range map[string]Identity{
		"an-api-token": {Write, "PLUSONE_API_TOKEN"}, "another": {Write, "PLUSONE_API_TOKEN"}, "an-admin-token": {Admin, "PLUSONE_ADMIN_TOKEN"},
		"": {}, "an-api-toke": {}, "an-api-token ": {}, "An-Api-Token": {}, "an-api-token\x00": {}, "po": {}, "PO_ADMIN_X": {},
	} {
		if who, err := k.Identify(t.Context(), token); who != want || err != nil {
			t.Errorf("%q is %+v, %v", token, who, err)
		}
		admin, err := k.IsAdmin(t.Context(), token)
		if admin != (want.Scope == Admin) || err != nil {
			t.Errorf("%q is an admin's: %t, %v", token, admin, err)
		}
	}
	if tokens.asked != 0 {
		t.Errorf("the table was asked %d times for what it can not have", tokens.asked)
	}
	nothing := New(nil, nil, nil, slog.New(slog.DiscardHandler))
	for _, token := range []string{"", "po_admin_X", "x"} {
		if who, err := nothing.Identify(t.Context(), token); who != (Identity{}) || err != nil {
			t.Errorf("without tokens %q is %+v, %v", token, who, err)
		}
	}
}

func TestMade(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range []Scope{Read, Write, Admin} {
		for range 100 {
			token, hash := Make(s)
			if !regexp.MustCompile(`^po_`+s.String()+`_[A-Z2-7]{26}$`).MatchString(token) || len(hash) != 32 || bytes.Contains(hash, []byte(token)) {
				t.Errorf("%q, %x", token, hash)
			}
			if seen[token] {
				t.Errorf("%s was made twice", token)
			}
			seen[token] = true
		}
	}
	for name, want := range map[string]Scope{"read": Read, "write": Write, "admin": Admin, "none": None, "": None, "Admin": None, "all": None} {
		if got := Parse(name); got != want {
			t.Errorf("%q is %s", name, got)
		}
	}
}

func TestTokensOfTheTable(t *testing.T) {
	reader, readHash := Make(Read)
	admin, adminHash := Make(Admin)
	unknown, _ := Make(Admin)
	tokens := &table{tokens: map[string]Identity{string(readHash): {Read, "reports"}, string(adminHash): {Admin, "desk"}}, stale: true}
	k, log, now := keeper(tokens)
	for range 3 {
		for token, want := range map[string]Identity{reader: {Read, "reports"}, admin: {Admin, "desk"}, unknown: {}} {
			if who, err := k.Identify(t.Context(), token); who != want || err != nil {
				t.Errorf("%s is %+v, %v", want.Name, who, err)
			}
		}
	}
	if tokens.asked != 1+1+3 || tokens.used != 1 {
		t.Errorf("asked %d times, noted %d times", tokens.asked, tokens.used)
	}
	if isAdmin, _ := k.IsAdmin(t.Context(), reader); isAdmin {
		t.Error("a reader is an admin")
	}

	// Revoked, it opens what it opened for as long as is said, and nothing after.
	delete(tokens.tokens, string(adminHash))
	*now = now.Add(Remembered - time.Nanosecond)
	if who, _ := k.Identify(t.Context(), admin); who.Scope != Admin {
		t.Errorf("just before: %+v", who)
	}
	*now = now.Add(time.Nanosecond)
	if who, err := k.Identify(t.Context(), admin); who != (Identity{}) || err != nil {
		t.Errorf("revoked: %+v, %v", who, err)
	}
	if strings.Contains(log.String(), "po_") || log.Len() > 0 {
		t.Errorf("the log says %s", log)
	}
}

// TestAnUnknownScopeOpensNothing: a newer release may have one that this one does not know.
func TestAnUnknownScopeOpensNothing(t *testing.T) {
	token, hash := Make(Admin)
	tokens := &odd{hash: hash}
	k := New(nil, nil, tokens, slog.New(slog.DiscardHandler))
	if who, err := k.Identify(t.Context(), token); who != (Identity{}) || err != nil {
		t.Errorf("%+v, %v", who, err)
	}
}

type odd struct{ hash []byte }

func (o *odd) TokenByHash(context.Context, []byte) (name, scope string, stale bool, err error) {
	return "x", "owner", false, nil
}
func (o *odd) TokenUsed(context.Context, []byte) error { return nil }

func TestNotingNeverFailsARequest(t *testing.T) {
	token, hash := Make(Write)
	tokens := &table{tokens: map[string]Identity{string(hash): {Write, "checkout"}}, stale: true, full: errors.New("the disk is full")}
	k, log, _ := keeper(tokens)
	ctx, cancel := context.WithCancel(t.Context())
	who, err := k.Identify(ctx, token)
	cancel()
	if who.Scope != Write || err != nil || tokens.used != 1 {
		t.Errorf("%+v, %v", who, err)
	}
	if !strings.Contains(log.String(), "the disk is full") || strings.Contains(log.String(), token) {
		t.Errorf("the log says %s", log)
	}
}

func TestTheTableIsAway(t *testing.T) {
	token, hash := Make(Write)
	tokens := &table{tokens: map[string]Identity{string(hash): {Write, "checkout"}}}
	k, _, now := keeper(tokens)
	if _, err := k.Identify(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	tokens.away = errors.New("away")
	if who, err := k.Identify(t.Context(), token); who.Scope != Write || err != nil {
		t.Errorf("remembered: %+v, %v", who, err)
	}
	*now = now.Add(Remembered)
	if who, err := k.Identify(t.Context(), token); who.Scope != None || !errors.Is(err, tokens.away) || strings.Contains(err.Error(), token) {
		t.Errorf("%+v, %v", who, err)
	}
	if who, err := k.Identify(t.Context(), "an-admin-token"); who.Scope != Admin || err != nil {
		t.Errorf("configured: %+v, %v", who, err)
	}
}

// TestWhatIsRememberedIsBounded, by whatever tokens there are.
func TestWhatIsRememberedIsBounded(t *testing.T) {
	tokens := &table{tokens: map[string]Identity{}}
	k, _, _ := keeper(tokens)
	for range mostRemembered + 10 {
		token, hash := Make(Read)
		tokens.tokens[string(hash)] = Identity{Read, "x"}
		if who, err := k.Identify(t.Context(), token); who.Scope != Read || err != nil {
			t.Fatalf("%+v, %v", who, err)
		}
	}
	if len(k.known) > mostRemembered {
		t.Errorf("%d are remembered", len(k.known))
	}
}

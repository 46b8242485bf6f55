package servicetoken_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"testing"

	"github.com/plusone-dev/plusone/internal/servicetoken"
)

// shelf is a table of hashes and scopes.
type shelf map[string]string

func (s shelf) TokenByHash(_ context.Context, hash []byte) (name, scope string, stale bool, err error) {
	if s == nil {
		return "", "", false, errors.New("away")
	}
	return "of the shelf", s[string(hash)], false, nil
}

func (shelf) TokenUsed(context.Context, []byte) error { return nil }

func TestIsAdminHash(t *testing.T) {
	hash := func(token string) []byte { sum := sha256.Sum256([]byte(token)); return sum[:] }
	admin, adminHash := servicetoken.Make(servicetoken.Admin)
	_, writeHash := servicetoken.Make(servicetoken.Write)
	table := shelf{string(adminHash): "admin", string(writeHash): "write"}
	log := slog.New(slog.DiscardHandler)
	k := servicetoken.New([]string{"a-service-token"}, []string{"an-admin-token"}, table, log)
	for name, tt := range map[string]struct {
		hash []byte
		want bool
	}{
		"configured": {hash("an-admin-token"), true}, "of the table": {hash(admin), true}, "configured, of another scope": {hash("a-service-token"), false},
		"of the table, of another scope": {writeHash, false}, "nobody's": {hash("x"), false}, "none": {nil, false},
	} {
		if got, err := k.IsAdminHash(t.Context(), tt.hash); err != nil || got != tt.want {
			t.Errorf("%s: %t, %v", name, got, err)
		}
	}
	if ok, err := servicetoken.New(nil, nil, nil, log).IsAdminHash(t.Context(), adminHash); ok || err != nil {
		t.Errorf("without a table: %t, %v", ok, err)
	}
	if ok, err := servicetoken.New(nil, nil, shelf(nil), log).IsAdminHash(t.Context(), adminHash); ok || err == nil {
		t.Errorf("without an answer: %t, %v", ok, err)
	}
}

package usertoken_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/plusone-dev/plusone/internal/usertoken"
)

// asTheReadmeSays makes a token as the README says that a backend in Go does. Its lines are the README's.
func asTheReadmeSays(userID string) (string, error) {
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.RegisteredClaims{
		Subject:   userID,
		IssuedAt:  jwt.NewNumericDate(time.Now()),
		ExpiresAt: jwt.NewNumericDate(time.Now().Add(time.Hour)),
	}).SignedString([]byte(os.Getenv("PLUSONE_USER_JWT_SECRET")))
	return token, err
}

// TestReadme holds that a token which is made as the README says counts, and that these are the README's lines.
func TestReadme(t *testing.T) {
	t.Setenv("PLUSONE_USER_JWT_SECRET", secret)
	token, err := asTheReadmeSays("alice")
	if err != nil {
		t.Fatal(err)
	}
	v, err := usertoken.New(usertoken.Config{Secrets: []string{secret}})
	if err != nil {
		t.Fatal(err)
	}
	if id, err := v.Verify(token); err != nil || id != "alice" {
		t.Errorf("%q, %v", id, err)
	}
	source, err := os.ReadFile("readme_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(source), "asTheReadmeSays(userID string) (string, error) {\n")
	body, _, _ = strings.Cut(body, "\treturn token, err\n")
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.ReplaceAll(body, "\n\t", "\n")[1:]; !strings.Contains(string(readme), "```go\n"+lines+"```") {
		t.Errorf("the README does not have these lines:\n%s", lines)
	}
}

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/usertoken"
)

// tokenUserCommand makes what a business's backend makes for each of its users, to try things with.
type tokenUserCommand struct {
	dataFlag
	User   string        `arg:"" name:"user" placeholder:"USER" help:"Your id of the user."`
	Secret []string      `name:"user-jwt-secret" env:"PLUSONE_USER_JWT_SECRET" placeholder:"SECRET" help:"What to sign with; of several, separated by commas, the first."`
	Life   time.Duration `default:"1h" help:"For how long it counts, at most 24h (default ${default})."`
	JSON   bool          `help:"Print JSON."`
}

// Run prints the token alone on its line, so that it can be put into a header.
func (c *tokenUserCommand) Run(std streams) error {
	secret, err := c.secret()
	if err != nil {
		return err
	}
	if err := refuse(c.problems(secret)); err != nil {
		return err
	}
	now := time.Now()
	token, err := usertoken.Mint(secret, c.User, now, c.Life)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(std.out).Encode(map[string]string{
			"user_id": c.User, "token": token, "expires_at": now.Add(c.Life).UTC().Format(time.RFC3339),
		})
	}
	_, err = fmt.Fprintln(std.out, token)
	return err
}

// secret is the first of those given, or the one that a plusone dev has made.
func (c *tokenUserCommand) secret() (string, error) {
	if c.Data == "" {
		if len(c.Secret) == 0 {
			return "", refuse([]string{"which secret? Give --user-jwt-secret (PLUSONE_USER_JWT_SECRET), or --data DIR for a plusone dev"})
		}
		return c.Secret[0], nil
	}
	text, err := os.ReadFile(dataFile(c.Data, userSecretFile))
	if err != nil {
		return "", fmt.Errorf("the secret of plusone dev: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

func (c *tokenUserCommand) problems(secret string) (all []string) {
	if !fact.ValidUserID(c.User) {
		all = append(all, "USER must be your id of a user: 1 to 255 characters, none of them a control character")
	}
	if c.Life <= 0 || c.Life > usertoken.MaxLife {
		all = append(all, "--life must be more than 0 and at most 24h: no token that counts for longer is taken")
	}
	if _, err := usertoken.New(usertoken.Config{Secrets: []string{secret}}); err != nil {
		all = append(all, "--user-jwt-secret (PLUSONE_USER_JWT_SECRET): "+err.Error())
	}
	return all
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/plusone-dev/plusone/internal/servicetoken"
	"github.com/plusone-dev/plusone/internal/store"
)

// tokenCommand is about the tokens of services, and of users.
type tokenCommand struct {
	Create tokenCreateCommand `cmd:"" help:"Make a service token, and show it once: only its hash is kept."`
	List   tokenListCommand   `cmd:"" help:"List the service tokens there are and were."`
	Revoke tokenRevokeCommand `cmd:"" help:"Take from a service token what it opens."`
	User   tokenUserCommand   `cmd:"" help:"Make a token of one of your users, as your backend would, to try things with."`
}

// tokenName is what a token may be called: names are typed, listed and logged.
var tokenName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

type tokenCreateCommand struct {
	databaseFlags
	dataFlag
	Name    string        `required:"" placeholder:"NAME" help:"What it is for, such as checkout: 1 to 63 of a to z, 0 to 9, '.', '-' and '_'."`
	Scope   string        `required:"" enum:"read,write,admin" placeholder:"SCOPE" help:"What it opens: read (questions), write (and spending credit) or admin (and decisions)."`
	Expires time.Duration `placeholder:"DURATION" help:"After how long it opens nothing any more, such as 2160h for 90 days (default: never)."`
	JSON    bool          `help:"Print JSON."`
}

// tokenJSON is a token as it is printed for machines.
type tokenJSON struct {
	Name       string     `json:"name"`
	Scope      string     `json:"scope"`
	Token      string     `json:"token,omitempty"` // when it was made
	State      string     `json:"state,omitempty"` // in a list
	CreatedAt  *time.Time `json:"created_at,omitempty"`
	CreatedBy  string     `json:"created_by,omitempty"`
	ExpiresAt  *time.Time `json:"expires_at"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty"`
	RevokedAt  *time.Time `json:"revoked_at,omitempty"`
}

// Run prints the token alone on its line, so that it can be put into a file; the words go to the other stream.
func (c *tokenCreateCommand) Run(ctx context.Context, std streams) error {
	if err := refuse(c.problems()); err != nil {
		return err
	}
	var expires time.Time
	if c.Expires > 0 {
		expires = time.Now().Add(c.Expires).UTC().Truncate(time.Second)
	}
	token, hash := servicetoken.Make(servicetoken.Parse(c.Scope))
	return c.withDatabase(ctx, c.databaseFlags, func(db *store.Database) error {
		err := db.AddToken(ctx, hash, c.Name, c.Scope, expires)
		switch {
		case errors.Is(err, store.ErrNameTaken):
			return fmt.Errorf("there is a token named %s already: revoke it with `plusone token revoke %[1]s`, or choose another name", c.Name)
		case err != nil:
			return err
		case c.JSON:
			return printJSON(std.out, tokenJSON{Name: c.Name, Scope: c.Scope, Token: token, ExpiresAt: timeOrNil(expires)})
		}
		fmt.Fprintf(std.err, "The token %s of the scope %s. It is shown this once: only its hash is kept.\n", c.Name, c.Scope)
		_, err = fmt.Fprintln(std.out, token)
		return err
	})
}

func (c *tokenCreateCommand) problems() (all []string) {
	if !tokenName.MatchString(c.Name) {
		all = append(all, "--name must be 1 to 63 of a to z, 0 to 9, '.', '-' and '_', and begin with a letter or a digit")
	}
	if c.Expires < 0 {
		all = append(all, "--expires must be a time to come, such as 2160h")
	}
	return all
}

type tokenListCommand struct {
	databaseFlags
	dataFlag
	JSON bool `help:"Print JSON."`
}

// Run lists them, the oldest first.
func (c *tokenListCommand) Run(ctx context.Context, std streams) error {
	return c.withDatabase(ctx, c.databaseFlags, func(db *store.Database) error {
		tokens, err := db.Tokens(ctx)
		if err != nil {
			return err
		}
		if !c.JSON {
			printTokens(std.out, tokens)
			return nil
		}
		all := make([]tokenJSON, 0, len(tokens))
		for _, t := range tokens {
			all = append(all, tokenJSON{
				Name: t.Name, Scope: t.Scope, State: stateOf(t), CreatedAt: &t.CreatedAt, CreatedBy: t.CreatedBy,
				ExpiresAt: timeOrNil(t.ExpiresAt), LastUsedAt: timeOrNil(t.LastUsedAt), RevokedAt: timeOrNil(t.RevokedAt),
			})
		}
		return printJSON(std.out, all)
	})
}

func printTokens(w io.Writer, tokens []store.ServiceToken) {
	if len(tokens) == 0 {
		fmt.Fprintln(w, "There are no service tokens. `plusone token create` makes one.")
		return
	}
	t := newTable(w)
	t.AppendHeader(table.Row{"Name", "Scope", "State", "Created", "By", "Last used", "Expires"})
	for _, one := range tokens {
		state := stateOf(one)
		if state == tokenValid {
			state = paint(w, text.FgGreen, state)
		}
		t.AppendRow(table.Row{one.Name, one.Scope, state, dayOf(one.CreatedAt), one.CreatedBy, dayOf(one.LastUsedAt), dayOf(one.ExpiresAt)})
	}
	t.Render()
}

const tokenValid = "valid"

func stateOf(t store.ServiceToken) string {
	switch {
	case !t.RevokedAt.IsZero():
		return "revoked"
	case !t.ExpiresAt.IsZero() && t.ExpiresAt.Before(time.Now()):
		return "expired"
	}
	return tokenValid
}

func dayOf(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format("2006-01-02 15:04")
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func printJSON(w io.Writer, v any) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(v)
}

type tokenRevokeCommand struct {
	databaseFlags
	dataFlag
	Name string `arg:"" help:"The token's name."`
}

// Run revokes a token, which the API notices within moments.
func (c *tokenRevokeCommand) Run(ctx context.Context, std streams) error {
	return c.withDatabase(ctx, c.databaseFlags, func(db *store.Database) error {
		err := db.RevokeToken(ctx, c.Name)
		if errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("no token that is not revoked is named %q: `plusone token list` shows them", c.Name)
		}
		if err == nil {
			_, err = fmt.Fprintf(std.out, "The token %s opens nothing any more: the API notices within %s.\n", c.Name, servicetoken.Remembered)
		}
		return err
	})
}

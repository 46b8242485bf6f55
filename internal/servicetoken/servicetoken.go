// Package servicetoken says what a service token opens. It owns the scopes, how a token is made, and the look at those that
// are configured and those that the database has by their hash; it knows neither HTTP nor where the hashes are kept.
package servicetoken

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

// Scope is how much a token opens. Each opens all that the narrower ones do.
type Scope int

// The scopes, from the narrowest. The zero Scope opens nothing.
const (
	None  Scope = iota
	Read        // questions
	Write       // and spending credit
	Admin       // and decisions, tokens' owners' own: who is paid, and who is forgotten
)

var names = []string{"none", "read", "write", "admin"}

func (s Scope) String() string { return names[s] }

// Parse reads a scope by its name; None for anything else.
func Parse(name string) Scope { return Scope(max(0, slices.Index(names, name))) }

// prefix begins every token that was made here, so that people and scanners know one when they see it.
const prefix = "po_"

// Make draws a token of a scope, of 130 random bits, and the hash by which it is kept.
func Make(s Scope) (token string, hash []byte) {
	token = prefix + s.String() + "_" + rand.Text()
	return token, hashOf(token)
}

func hashOf(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// Identity is whose a token is.
type Identity struct {
	Scope Scope
	Name  string // of a token of the database its name, of a configured one that of its variable
}

// Table is where tokens are kept by their hash.
type Table interface {
	// TokenByHash finds a token that is neither revoked nor expired; otherwise the scope is empty.
	TokenByHash(ctx context.Context, hash []byte) (name, scope string, stale bool, err error)
	// TokenUsed notes the use of one that is stale.
	TokenUsed(ctx context.Context, hash []byte) error
}

// Remembered is how long an answer of the table is believed: a token that is revoked opens nothing after so long.
const Remembered = 2 * time.Second

// mostRemembered bounds what is kept of tokens that are there; of others nothing is.
const mostRemembered = 1000

// noting is how long the note of a use may take: the request waits for it, once an hour.
const noting = time.Second

// Keeper knows who has which token.
type Keeper struct {
	configured []configured
	table      Table
	log        *slog.Logger
	now        func() time.Time

	mu    sync.Mutex
	known map[string]remembered // by hash
}

type configured struct {
	hash []byte
	Identity
}

type remembered struct {
	Identity

	until time.Time
}

// New makes one over the configured tokens and a table; nil for none. Those of PLUSONE_API_TOKEN may write, those of
// PLUSONE_ADMIN_TOKEN are admins'.
func New(api, admin []string, table Table, log *slog.Logger) *Keeper {
	k := &Keeper{table: table, log: log, now: time.Now, known: make(map[string]remembered)}
	for _, t := range []struct {
		tokens []string
		Identity
	}{{api, Identity{Write, "PLUSONE_API_TOKEN"}}, {admin, Identity{Admin, "PLUSONE_ADMIN_TOKEN"}}} {
		for _, token := range t.tokens {
			if token != "" {
				k.configured = append(k.configured, configured{hashOf(token), t.Identity})
			}
		}
	}
	return k
}

// Identify says whose a token is. The zero Identity is nobody's: unknown, revoked or expired.
func (k *Keeper) Identify(ctx context.Context, token string) (Identity, error) {
	if token == "" {
		return Identity{}, nil
	}
	hash := hashOf(token)
	if who := k.ofConfigured(hash); who.Scope > None {
		return who, nil
	}
	if k.table == nil || !strings.HasPrefix(token, prefix) {
		return Identity{}, nil // what can not be in the table does not trouble it
	}
	if who, ok := k.remember(hash); ok {
		return who, nil
	}
	return k.ask(ctx, hash)
}

// IsAdmin says whether a token is an admin's.
func (k *Keeper) IsAdmin(ctx context.Context, token string) (bool, error) {
	who, err := k.Identify(ctx, token)
	return who.Scope >= Admin, err
}

// ofConfigured compares digests, which all have one length, and always all of them: how long it takes says neither how much
// of a token was right nor which one it was.
func (k *Keeper) ofConfigured(hash []byte) (who Identity) {
	for _, c := range k.configured {
		if subtle.ConstantTimeCompare(hash, c.hash) == 1 && c.Scope > who.Scope {
			who = c.Identity
		}
	}
	return who
}

func (k *Keeper) remember(hash []byte) (Identity, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	r, ok := k.known[string(hash)]
	return r.Identity, ok && k.now().Before(r.until)
}

func (k *Keeper) ask(ctx context.Context, hash []byte) (Identity, error) {
	asked := k.now() // before the answer, which is no younger
	name, scope, stale, err := k.table.TokenByHash(ctx, hash)
	if err != nil {
		return Identity{}, fmt.Errorf("looking up a service token: %w", err)
	}
	who := Identity{Parse(scope), name}
	if who.Scope == None {
		return Identity{}, nil
	}
	if stale {
		k.noteUse(ctx, hash)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.known) >= mostRemembered {
		clear(k.known)
	}
	k.known[string(hash)] = remembered{who, asked.Add(Remembered)}
	return who, nil
}

// noteUse has the table note it. A request must not fail for it.
func (k *Keeper) noteUse(ctx context.Context, hash []byte) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noting)
	defer cancel()
	if err := k.table.TokenUsed(ctx, hash); err != nil {
		k.log.WarnContext(ctx, "the use of a service token could not be noted", "error", err)
	}
}

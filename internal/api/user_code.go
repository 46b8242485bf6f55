package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/links"
	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/usertoken"
)

type ownCodeJSON struct {
	ReferralCode string  `json:"referral_code"`
	UserID       string  `json:"user_id"`
	Username     *string `json:"username"`
	ShareURL     string  `json:"share_url"`
}

func (u *users) shareURL(code string) string { return links.ShareURL(u.PublicURL, u.LinkPath, code) }

// How long a code is waited for.
const (
	workerWithin = 2 * time.Second        // what was published before may have the sign-up, which brings a code
	signUpWithin = 500 * time.Millisecond // it may be about to be published, too
	codeWithin   = 2 * time.Second        // from its publication
	lookEvery    = 20 * time.Millisecond
)

// ownCode serves GET /referral/code. Who has none is given one.
func (a *API) ownCode(w http.ResponseWriter, r *http.Request) error {
	if err := noQuery(r); err != nil {
		return err
	}
	c := creation{users: a.users, userID: usertoken.UserOf(r.Context())}
	own, err := c.code(r.Context())
	if err != nil {
		return err
	}
	a.answer(w, r, ownCodeJSON{
		ReferralCode: own.Code, UserID: c.userID, Username: orNull(own.Username), ShareURL: a.users.shareURL(own.Code),
	})
	return nil
}

// creation is how somebody who has no code gets one: as everything does, by an event. Its id is made of whose code it is and of how
// many such events were recorded before, so that requests at the same time make one code together.
type creation struct {
	*users
	userID string
}

// maxCreations is how many codes are made for somebody: one, and others after they were erased and came again, or after a code was
// given to somebody else between drawing and giving it.
const maxCreations = 16

func (c creation) id(attempt int) string {
	sum := sha256.Sum256([]byte("code " + strconv.Itoa(attempt) + " " + c.userID))
	return "code-" + hex.EncodeToString(sum[:16])
}

// keys are those of the events, in the order of the attempts.
func (c creation) keys() []string {
	if c.Desk == nil {
		return nil
	}
	keys := make([]string, maxCreations)
	for n := range keys {
		keys[n] = c.Desk.Key(c.id(n))
	}
	return keys
}

func (c creation) code(ctx context.Context) (store.OwnCode, error) {
	keys := c.keys()
	own, err := c.Store.OwnCode(ctx, c.userID, keys)
	if err != nil || own.Code != "" {
		return own, err
	}
	if wait, ok := c.creations.Take(c.userID); !ok {
		c.Metrics.limited.WithLabelValues(routeOwnCode, limitedByUser).Inc()
		return own, &limitedError{wait}
	}
	if !own.Registered {
		if err := c.catchUp(ctx); err != nil {
			return own, err
		}
		own, err = c.await(ctx, signUpWithin, keys, func(store.OwnCode) bool { return false })
	}
	for err == nil && own.Code == "" {
		attempt := slices.IndexFunc(keys, func(key string) bool { return !slices.Contains(own.Recorded, key) })
		if attempt < 0 && c.Desk != nil {
			return own, store.ErrNoCodeLeft
		}
		if err = c.publish(ctx, own.Program, attempt); err != nil {
			return own, err
		}
		applied := func(now store.OwnCode) bool { return slices.Contains(now.Recorded, keys[attempt]) }
		if own, err = c.await(ctx, codeWithin, keys, applied); err == nil && own.Code == "" && !applied(own) {
			return own, errOnItsWay
		}
	}
	return own, err
}

// Progress says how far the worker has come.
type Progress interface {
	// Applied says up to which message of the stream all are applied, and which was the last that was published.
	Applied(ctx context.Context) (upTo, last uint64, err error)
}

// glance asks how far the worker has come for all who wait for it at once: when it is far behind, they are many.
type glance struct {
	Progress

	mu         sync.Mutex
	at         time.Time
	upTo, last uint64
}

// glanceFor is how long an answer is good for. It is shorter than a sign-up is waited for afterwards.
const glanceFor = 100 * time.Millisecond

func (g *glance) Applied(ctx context.Context) (upTo, last uint64, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if time.Since(g.at) > glanceFor {
		asked := time.Now()
		if g.upTo, g.last, err = g.Progress.Applied(ctx); err != nil {
			return 0, 0, err
		}
		g.at = asked
	}
	return g.upTo, g.last, nil
}

// catchUp waits until the worker has come to all that was published so far. A code that is made for somebody whose sign-up is among
// it would be a second one, with places of its own, and of a program that is not theirs. Error: errBehind.
func (c creation) catchUp(ctx context.Context) error {
	if c.Progress == nil {
		return nil
	}
	over, cancel := context.WithTimeout(ctx, workerWithin)
	defer cancel()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	upTo, last, err := c.Progress.Applied(over)
	for err == nil && upTo < last {
		select {
		case <-over.Done():
			err = over.Err()
		case <-look.C:
			upTo, _, err = c.Progress.Applied(over)
		}
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errBehind, err)
	}
	return nil
}

func (c creation) publish(ctx context.Context, program string, attempt int) error {
	if c.Desk == nil {
		return errNoStream
	}
	code, err := c.Store.DrawCode(ctx, program)
	if err != nil {
		return err
	}
	if _, err := c.Desk.AssignOnce(ctx, c.id(attempt), fact.Assignment{UserID: c.userID, Code: code, Program: program}); err != nil {
		return &unpublishedError{err}
	}
	return nil
}

// await looks for the code until it is there, or something has come to pass, or the time is over.
func (c creation) await(ctx context.Context, within time.Duration, keys []string, passed func(store.OwnCode) bool) (own store.OwnCode, err error) {
	over, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		if own, err = c.Store.OwnCode(ctx, c.userID, keys); err != nil || own.Code != "" || passed(own) {
			return own, err
		}
		select {
		case <-over.Done():
			if errors.Is(over.Err(), context.DeadlineExceeded) {
				return own, ctx.Err()
			}
			return own, over.Err()
		case <-look.C:
		}
	}
}

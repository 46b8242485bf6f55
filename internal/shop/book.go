package shop

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// records are all that the shop knows.
type records struct {
	People   []person  `json:"people"`
	Orders   []order   `json:"orders"`
	Visits   []visit   `json:"visits"`
	Messages []message `json:"messages"`
}

// person is somebody with an account.
type person struct {
	ID         string    `json:"id"`
	Username   string    `json:"username"`
	Email      string    `json:"email"`
	AuthMethod string    `json:"auth_method"`
	KeyHash    string    `json:"key_hash"`
	Joined     time.Time `json:"joined"`
}

// order is a Checkout Session, and what became of it. Amounts are in minor units.
type order struct {
	ID       string    `json:"id"` // the session's
	Person   string    `json:"person"`
	Item     string    `json:"item"`
	Amount   int64     `json:"amount"`
	Currency string    `json:"currency"`
	Made     time.Time `json:"made"`
	Paid     bool      `json:"paid"`
	Intent   string    `json:"intent,omitempty"`
	Charge   string    `json:"charge,omitempty"`
	Back     int64     `json:"back,omitempty"` // what was refunded so far
	Real     bool      `json:"real,omitempty"` // made with Stripe
}

// visit is a browser in which people are signed in: the one who acts first.
type visit struct {
	Hash   string    `json:"hash"` // of the cookie
	People []string  `json:"people"`
	Until  time.Time `json:"until"`
}

// message is what plusone has still to be told.
type message struct {
	ID   string          `json:"id"`
	Kind kind            `json:"kind"`
	Body json.RawMessage `json:"body"`
}

// How much the shop has room for: the file is written anew whenever something changes.
const (
	maxPeople = 5_000
	maxOrders = 20_000
	maxVisits = 2_000
)

var errFull = errors.New("this pretend shop has no room for more: stop it, remove its file and start again")

// book is the records, and the file they are kept in.
type book struct {
	file string
	mu   sync.RWMutex
	now  records
}

func openBook(file string) (*book, error) {
	b := &book{file: file}
	text, err := os.ReadFile(file) //nolint:gosec // the operator says which
	if errors.Is(err, fs.ErrNotExist) {
		return b, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &b.now)
	}
	if err != nil {
		return nil, fmt.Errorf("shop: the people and orders in %s can not be read: %w", file, err)
	}
	return b, nil
}

// read looks something up. What it is shown must not be changed, nor kept.
func (b *book) read(look func(*records)) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	look(&b.now)
}

// change writes something down: when it returns nil, it is on the disk. When fn returns an error nothing has changed.
func (b *book) change(fn func(*records) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	next := records{
		People: slices.Clone(b.now.People), Orders: slices.Clone(b.now.Orders),
		Visits: slices.Clone(b.now.Visits), Messages: slices.Clone(b.now.Messages),
	}
	if err := fn(&next); err != nil {
		return err
	}
	if err := save(b.file, next); err != nil {
		return fmt.Errorf("shop: keep people and orders: %w", err)
	}
	b.now = next
	return nil
}

// save leaves the old file or the new one, whenever the machine stops.
func save(file string, r records) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	draft, err := os.CreateTemp(dir, ".draft-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name()) //nolint:errcheck // it has its name no more when all went well
	_, err = draft.Write(text)
	if err = errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return err
	}
	return os.Rename(draft.Name(), file)
}

// hashed is how secrets are kept: they are random and long, so no salt is needed.
func hashed(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// find is the first that fits, or nil.
func find[T any](all []T, fits func(*T) bool) *T {
	for i := range all {
		if fits(&all[i]) {
			return &all[i]
		}
	}
	return nil
}

func (b *book) person(fits func(*person) bool) (p person, ok bool) {
	b.read(func(r *records) {
		if found := find(r.People, fits); found != nil {
			p, ok = *found, true
		}
	})
	return p, ok
}

func (b *book) order(id string) (o order, ok bool) {
	b.read(func(r *records) {
		if found := find(r.Orders, func(o *order) bool { return o.ID == id }); found != nil {
			o, ok = *found, true
		}
	})
	return o, ok
}

// ordersOf are somebody's orders that were paid, the latest first.
func (b *book) ordersOf(id string) (all []order) {
	b.read(func(r *records) {
		for _, o := range slices.Backward(r.Orders) {
			if o.Person == id && o.Paid {
				all = append(all, o)
			}
		}
	})
	return all
}

// addOrder keeps a new one, and forgets the oldest that nobody paid when there are too many.
func (b *book) addOrder(o order) error {
	return b.change(func(r *records) error {
		if len(r.Orders) >= maxOrders {
			r.Orders = slices.DeleteFunc(r.Orders, func(old order) bool { return !old.Paid && old.Made.Before(o.Made.Add(-24*time.Hour)) })
		}
		if len(r.Orders) >= maxOrders {
			return errFull
		}
		r.Orders = append(r.Orders, o)
		return nil
	})
}

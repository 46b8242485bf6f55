package console

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/plusone-dev/plusone/internal/decide"
	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/store"
)

// usersPage lists people.
type usersPage struct {
	People        []store.PersonLine
	Older, Newest string
}

func (c *Console) users(w http.ResponseWriter, r *http.Request) error {
	before, err := numberAlone(r, "before")
	if err != nil {
		return err
	}
	page, next, err := c.Store.Newcomers(r.Context(), before, perPage)
	if err != nil {
		return err
	}
	content := usersPage{People: page}
	if next != 0 {
		content.Older = hereUsers + "?before=" + strconv.FormatInt(next, 10)
	}
	if before != 0 {
		content.Newest = hereUsers
	}
	return c.show(w, r, "users", c.page(r, "Users", hereUsers, content))
}

// userPage is one person.
type userPage struct {
	store.Person

	Brought []store.Browsed // whom they brought, the latest
	Came    []store.Browsed // how they came
	More    bool            // they brought more
	Lines   []store.Line    // what moved their balance, the latest
}

// statementLines is how many lines of their account a person's page shows.
const statementLines = 20

// fewLines is how many referrals a person's page shows.
const fewLines = 10

func (c *Console) user(w http.ResponseWriter, r *http.Request) error {
	content, err := c.person(r)
	if err != nil {
		return err
	}
	var next int64
	if content.Brought, next, err = c.Store.Browse(r.Context(), store.Browse{Referrer: content.Number, Limit: fewLines}); err != nil {
		return err
	}
	content.More = next != 0
	if content.Came, _, err = c.Store.Browse(r.Context(), store.Browse{Referee: content.Number, Limit: fewLines}); err != nil {
		return err
	}
	if content.ID != "" && !content.RegisteredAt.IsZero() {
		content.Lines, err = c.Store.Statement(r.Context(), content.ID, store.Newest, statementLines)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return c.show(w, r, "user", c.page(r, "User "+strconv.FormatInt(content.Number, 10), hereUsers, content))
}

func (c *Console) person(r *http.Request) (content userPage, err error) {
	number, err := numberOf(r, "number")
	if err == nil {
		content.Person, err = c.Store.Person(r.Context(), number)
	}
	return content, err
}

// confirmPage asks whether something is meant.
type confirmPage struct {
	store.Person

	Erase bool
	Error string
}

func (c *Console) askErase(w http.ResponseWriter, r *http.Request) error { return c.ask(w, r, true) }

func (c *Console) askVerify(w http.ResponseWriter, r *http.Request) error { return c.ask(w, r, false) }

func (c *Console) ask(w http.ResponseWriter, r *http.Request, erase bool) error {
	content, err := c.person(r)
	if err != nil {
		return err
	}
	if content.ID == "" {
		return store.ErrErased
	}
	return c.show(w, r, "confirm", c.page(r, "Are you sure?", hereUsers, confirmPage{Person: content.Person, Erase: erase}))
}

// erase has a person forgotten, once whoever asks has ticked that they mean it.
func (c *Console) erase(w http.ResponseWriter, r *http.Request) error {
	content, err := c.confirmed(r, "sure")
	if errors.Is(err, errNotSure) {
		c.set.Render(w, r, http.StatusBadRequest, "confirm", c.page(r, "Are you sure?", hereUsers, confirmPage{
			Person: content, Erase: true, Error: "Tick that you know it can not be taken back.",
		}))
		return nil
	}
	if err != nil {
		return err
	}
	_, err = c.Desk.Erase(r.Context(), fact.Erased{UserID: content.ID})
	return c.published(w, r, content, err, "The person is erased.", func(p store.Person) bool { return !p.ErasedAt.IsZero() })
}

// verify has it recorded that a person's e-mail address is theirs.
func (c *Console) verify(w http.ResponseWriter, r *http.Request) error {
	content, err := c.confirmed(r, "")
	if err != nil {
		return err
	}
	_, err = c.Desk.Verify(r.Context(), fact.Verified{UserID: content.ID})
	return c.published(w, r, content, err, "The e-mail address is verified.", func(p store.Person) bool { return !p.VerifiedAt.IsZero() })
}

var errNotSure = errors.New("console: not confirmed")

// confirmed is the person whom a form is about.
func (c *Console) confirmed(r *http.Request, tick string) (store.Person, error) {
	form, err := readForm(r, "sure")
	if err != nil {
		return store.Person{}, err
	}
	content, err := c.person(r)
	if err != nil {
		return store.Person{}, err
	}
	if content.ID == "" {
		return store.Person{}, store.ErrErased
	}
	if tick != "" && form.Get(tick) != "yes" {
		return content.Person, errNotSure
	}
	return content.Person, nil
}

// published waits a little for what was published about a person to show, and leads back to them.
func (c *Console) published(w http.ResponseWriter, r *http.Request, p store.Person, err error, done string, shows func(store.Person) bool) error {
	if refused := decide.Refused(err); refused != "" {
		return &badRequestError{"It was not taken: " + refused + "."}
	}
	if err != nil {
		return err
	}
	c.Log.InfoContext(r.Context(), "something was asked for in the console", "user", p.Number, "by", c.by(r), "route", r.Pattern)
	shown, err := c.soon(r.Context(), func(ctx context.Context) (bool, error) {
		now, err := c.Store.Person(ctx, p.Number)
		return shows(now), err
	})
	if err != nil {
		return err
	}
	if !shown {
		done = "It is on its way, and takes effect once the worker comes to it. Load the page again in a moment."
	}
	c.tell(r.Context(), done)
	return go303(w, r, hereUsers+"/"+strconv.FormatInt(p.Number, 10))
}

// oneLine makes one line of what was written into a form.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

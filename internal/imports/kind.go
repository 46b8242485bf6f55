// Package imports turns the rows of a CSV file into the events that say what is in them: who signed up, who has which
// code, who came with whose. It says what is wrong with a file by line and column, and reads it as the worker will. It
// reaches neither the stream nor the database: whoever calls it publishes the events.
package imports

import "github.com/plusone-dev/plusone/internal/fact"

// Kind is what a file is about.
type Kind struct {
	Name    string   // as the command line has it
	Type    string   // of the events its rows become
	columns []column // in the order of the manual
}

// The kinds of files.
var (
	// Users are sign-ups.
	Users = Kind{Name: "users", Type: fact.UserRegistered, columns: []column{
		{name: "user_id", instead: "x"}, {name: "username"}, {name: "email"}, {name: "email_verified", truth: true},
		{name: "referral_code"}, {name: "registered_at", when: true}, {name: "stripe_customer_id"}, {name: "program"},
		{name: "code"}, {name: "ip"}, {name: "device_id"}, {name: "source"},
	}}
	// Codes are codes of the business's own choice.
	Codes = Kind{Name: "codes", Type: fact.CodeAssigned, columns: []column{
		{name: "user_id", instead: "x"}, {name: "code", instead: "AAA"}, {name: "program"}, {name: "at", when: true},
	}}
	// Referrals say who came with whose code.
	Referrals = Kind{Name: "referrals", Type: fact.ReferralAttributed, columns: []column{
		{name: "user_id", instead: "x"}, {name: "referral_code", instead: "AAA"}, {name: "at", also: "registered_at", when: true},
		{name: "by", instead: "x"}, {name: "why", instead: "x"},
	}}
)

// column is one that files of a kind may have. Its name is that of the event's member, too.
type column struct {
	name    string
	also    string // another name that files may have for it
	instead string // a value that is never wrong, of a column that is required; empty for those that may be left out
	truth   bool   // it holds true or false
	when    bool   // it says when it was
}

// flag is what fills the column on the command line; empty for nothing.
func (c *column) flag() string {
	switch {
	case c.when:
		return "--at TIME"
	case c.name == "by":
		return "--by NAME"
	case c.name == "why":
		return "--why TEXT"
	}
	return ""
}

// column is the one with a name; nil for none.
func (k Kind) column(name string) *column {
	for i := range k.columns {
		if c := &k.columns[i]; c.name == name || c.also == name && name != "" {
			return c
		}
	}
	return nil
}

// names are those that a file's columns may have.
func (k Kind) names() (all []string) {
	for _, c := range k.columns {
		all = append(all, c.name)
		if c.also != "" {
			all = append(all, c.also)
		}
	}
	return all
}

// when is the column that says when it was.
func (k Kind) when() *column {
	for i := range k.columns {
		if k.columns[i].when {
			return &k.columns[i]
		}
	}
	return nil
}

// Fill is what rows take for cells that are empty, or columns that are not there.
type Fill struct {
	At  string // when it was, as of RFC 3339
	By  string // who says so; of referrals alone
	Why string // and why
}

// of is what a column takes; empty for nothing.
func (f Fill) of(c *column) string {
	switch {
	case c.when:
		return f.At
	case c.name == "by":
		return f.By
	case c.name == "why":
		return f.Why
	}
	return ""
}

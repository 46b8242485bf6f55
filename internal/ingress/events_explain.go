package ingress

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/problem"
)

// maxErrors is how many faults of one event are listed. Whoever has more will not read them all.
const maxErrors = 20

// explain says in plain words what a schema found wrong, and where. jsonschema's own words are not used: they repeat the
// value, and show a regular expression where the reader wants a rule.
func explain(err error, typ string) []problem.Error {
	invalid, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return nil
	}
	list := walk(invalid, typ, nil)
	slices.SortFunc(list, func(a, b problem.Error) int {
		return cmp.Or(cmp.Compare(a.Pointer, b.Pointer), cmp.Compare(a.Detail, b.Detail))
	})
	list = slices.Compact(list)
	return list[:min(len(list), maxErrors)]
}

func walk(e *jsonschema.ValidationError, typ string, list []problem.Error) []problem.Error {
	at := pointer(e.InstanceLocation)
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		for _, name := range k.Missing {
			list = append(list, problem.Error{Pointer: at + pointer([]string{name}), Detail: "is required"})
		}
		return list
	case *kind.PropertyNames:
		// jsonschema v6.0.3 shares this place's memory with others, so where it was is lost.
		return append(list, problem.Error{Detail: "a member has a name that contains U+0000"})
	}
	if detail := describe(e.ErrorKind, at, typ); detail != "" {
		return append(list, problem.Error{Pointer: at, Detail: detail})
	}
	for _, cause := range e.Causes {
		list = walk(cause, typ, list)
	}
	return list
}

// places are the members about which one sentence says it all, whichever rule was broken.
var places = map[string]string{
	"/specversion":             `must be "1.0"`,
	"/id":                      "must be 1 to 255 printable ASCII characters, without a blank at either end",
	"/source":                  "must be a URI reference of 1 to 255 characters",
	"/type":                    "must be one of " + strings.Join(userTypes, ", "),
	"/time":                    "must be a time as of RFC 3339, in the years 2000 to 2199",
	"/datacontenttype":         "must be JSON: application/json or …+json",
	"/data_base64":             "is not taken: data must be JSON, in the member data",
	"/data/email":              "must be an e-mail address of at most 320 characters",
	"/data/registered_at":      "must be a time as of RFC 3339, in the years 2000 to 2199",
	"/data/stripe_customer_id": "must be the id of a Stripe customer (cus_…)",
	"/data/verified_at":        "must be a time as of RFC 3339, in the years 2000 to 2199",
	"/data/erased_at":          "must be a time as of RFC 3339, in the years 2000 to 2199",
	"/data/program":            "must be the name of a program: 1 to 40 of a to z, 0 to 9, - and _",
	"/data/code":               "must be 3 to 32 of A to Z, 0 to 9, - and _",
}

// dates are the members of data that say when it was, by type.
var dates = map[string]string{
	fact.UserRegistered: "registered_at", fact.UserVerified: "verified_at", fact.UserErased: "erased_at",
}

// describe puts a fault of one place into words; it is empty for one that only has causes.
func describe(k jsonschema.ErrorKind, at, typ string) string {
	if detail, ok := places[at]; ok && !isGroup(k) {
		return detail
	}
	switch k := k.(type) {
	case *kind.AnyOf: // each schema has one, about the two places a time can stand
		return "either time or data." + dates[typ] + " is required"
	case *kind.Type:
		return fmt.Sprintf("must be %s, and is %s", strings.Join(k.Want, " or "), k.Got)
	case *kind.MinLength:
		return "must not be empty"
	case *kind.MaxLength:
		return fmt.Sprintf("must not be longer than %d characters", k.Want)
	case *kind.Pattern:
		return "must not contain control characters" // all patterns that have no place of their own
	}
	if isGroup(k) {
		return ""
	}
	return "is not valid"
}

// isGroup says whether a fault is only that of its causes.
func isGroup(k jsonschema.ErrorKind) bool {
	switch k.(type) {
	case *kind.Schema, *kind.Group, *kind.Reference, *kind.AllOf:
		return true
	}
	return false
}

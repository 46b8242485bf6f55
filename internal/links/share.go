package links

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// DefaultPath is what stands before the code in share links when nobody says. It is served in any case: links that were shared
// before another path was chosen go on.
const DefaultPath = "/r/"

// ShareURL is the link that somebody shares their code by. Public is where strangers reach plusone, without a slash at the
// end; an empty path is DefaultPath.
func ShareURL(public, path, code string) string {
	if path == "" {
		path = DefaultPath
	}
	return public + path + url.PathEscape(code)
}

var linkPath = regexp.MustCompile(`^(/[a-z0-9][a-z0-9-]{0,39}){1,3}/$`)

// taken are the beginnings of paths at which plusone answers something else.
var taken = []string{
	"assets", "console", "dashboard", "healthz", "metrics", "problems", "readyz", "reference", "referral", "user", "v1", "webhooks",
}

// CheckPath says what is wrong with what is to stand before the code in share links.
func CheckPath(path string) error {
	if !linkPath.MatchString(path) {
		return fmt.Errorf("%q is no path such as /invite/: up to three parts of a-z, 0-9 and -, with a slash before and after", path)
	}
	if first, _, _ := strings.Cut(path[1:], "/"); slices.Contains(taken, first) {
		return fmt.Errorf("/%s is where plusone answers something else: choose another", first)
	}
	return nil
}

// The parameters that the sign-up page is told.
const (
	refParameter = "ref"
	viaParameter = "via"
)

// ParseSignUpURL reads where visitors are sent on to.
func ParseSignUpURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("must be a whole address, such as https://example.com/signup")
	case u.User != nil:
		return nil, errors.New("must have no name and no password in it: every visitor would see them")
	case u.Fragment != "" || strings.HasSuffix(text, "#"):
		return nil, errors.New("must have no #fragment: a server does not see what stands behind it, and what is added stands before it")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, errors.New("has a query that can not be read: write it as a=b&c=d")
	}
	for _, name := range []string{refParameter, viaParameter} {
		if query.Has(name) {
			return nil, fmt.Errorf("must not have ?%s= in it: plusone adds that", name)
		}
	}
	return u, nil
}

// target is where a visitor is sent on to. Of what they came with there is only what can be a code, and a word.
func (l *Links) target(ref, via string) string {
	u := *l.signUp
	var parts []string
	if u.RawQuery != "" {
		parts = append(parts, u.RawQuery)
	}
	if ref != "" {
		parts = append(parts, refParameter+"="+url.QueryEscape(ref))
		if via != "" {
			parts = append(parts, viaParameter+"="+url.QueryEscape(via))
		}
	}
	u.RawQuery = strings.Join(parts, "&")
	return u.String()
}

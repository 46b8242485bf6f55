package deploy

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// query is a PromQL expression, cut into the words that matter here. It understands what the rules and the dashboard are
// written in; whether it is PromQL at all is for Prometheus to say.
type query struct {
	words []string
}

var promqlWord = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|\{(?:"(?:[^"\\]|\\.)*"|[^}"])*\}|\[[^\]]*\]|[a-zA-Z_:][a-zA-Z0-9_:]*|[0-9.]+[a-z]*|==|!=|>=|<=|[-+*/%^<>(),]|\s+|.`)

func parseQuery(expr string) query { return query{promqlWord.FindAllString(expr, -1)} }

// The words that are followed by labels in parentheses, those that stand between two operands, and what compares.
var (
	grouping  = []string{"by", "without", "on", "ignoring", "group_left", "group_right"}
	operators = []string{"and", "or", "unless", "bool", "offset", "inf", "nan"}
	compare   = []string{"==", "!=", ">", "<", ">=", "<="}
	aName     = regexp.MustCompile(`^[a-zA-Z_:]`)
)

// next is the place of the next word that is no blank, from i on.
func (q query) next(i int) int {
	for i < len(q.words) && strings.TrimSpace(q.words[i]) == "" {
		i++
	}
	return i
}

func (q query) at(i int) string {
	if i < len(q.words) {
		return q.words[i]
	}
	return ""
}

// read goes through the names: which are metrics, with their braces, and which are labels that something is grouped by.
func (q query) read() (selectors, labels []string) {
	for i := 0; i < len(q.words); i++ {
		word, after := q.words[i], q.next(i+1)
		switch {
		case !aName.MatchString(word), slices.Contains(operators, strings.ToLower(word)):
		case slices.Contains(grouping, word):
			for i = after; q.at(i) != ")" && i < len(q.words); i++ {
				if aName.MatchString(q.at(i)) {
					labels = append(labels, q.at(i))
				}
			}
		case q.at(after) == "(", q.at(after) == "by", q.at(after) == "without": // a function
		case strings.HasPrefix(q.at(after), "{"):
			selectors = append(selectors, word+q.at(after))
		default:
			selectors = append(selectors, word)
		}
	}
	return selectors, labels
}

// asBool is the expression with 0 and 1 in place of nothing and something: comparisons no longer leave anything out, so
// that what is false can be told from what is not there.
func (q query) asBool() string {
	var b strings.Builder
	for _, word := range q.words {
		b.WriteString(word)
		if slices.Contains(compare, word) {
			b.WriteString(" bool")
		}
	}
	return b.String()
}

func TestQueriesAreRead(t *testing.T) {
	for expr, want := range map[string]struct {
		selectors, labels []string
		asBool            string
	}{
		`up`: {selectors: []string{"up"}, asBool: `up`},
		`sum by (a, b) (rate(x_total{k=~"a|}b>c"}[5m])) > 0.5`: {
			[]string{`x_total{k=~"a|}b>c"}`}, []string{"a", "b"}, `sum by (a, b) (rate(x_total{k=~"a|}b>c"}[5m])) > bool 0.5`},
		`max(job:y:ratio) == 0 or absent(z{a="b"})`: {[]string{"job:y:ratio", `z{a="b"}`}, nil, `max(job:y:ratio) == bool 0 or absent(z{a="b"})`},
		`time() - a > 2 * b + 3600 and on (job, instance) time() - c >= 1`: {[]string{"a", "b", "c"}, []string{"job", "instance"},
			`time() - a > bool 2 * b + 3600 and on (job, instance) time() - c >= bool 1`},
		`x > on () group_left () (0.25 * max(y{s="t"}))`:             {[]string{"x", `y{s="t"}`}, nil, ``},
		`histogram_quantile(0.99, sum by (le) (rate(h_bucket[1m])))`: {[]string{"h_bucket"}, []string{"le"}, ``},
	} {
		q := parseQuery(expr)
		selectors, labels := q.read()
		if !slices.Equal(selectors, want.selectors) || !slices.Equal(labels, want.labels) {
			t.Errorf("%s: %q by %q, want %q by %q", expr, selectors, labels, want.selectors, want.labels)
		}
		if want.asBool != "" && q.asBool() != want.asBool {
			t.Errorf("%s as bool is %s", expr, q.asBool())
		}
	}
}

package program

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

const (
	maxSource = 1 << 20

	// maxTokens bounds the depth and the breadth of a document, for the parser recurses a level and takes quadratic
	// time in both. The largest program, with every tier rewarding in every currency of Stripe, has about 26,000.
	maxTokens = 32768
)

// document reads the source up to its one root value; false when that cannot be had, with the reason collected.
func (r *reader) document(source []byte) (value, bool) {
	text, ok := r.text(source)
	if !ok {
		return value{}, false
	}
	for line := range strings.SplitSeq(text, "\n") {
		r.lines = append(r.lines, []rune(line))
	}
	file, ok := r.yaml(text)
	if !ok {
		return value{}, false
	}
	start := place{1, 1}
	if len(file.Docs) > 1 {
		if second := file.Docs[1]; second.Start != nil {
			start = r.place(second.Start)
		} else if second.Body != nil {
			start = r.place(first(second.Body))
		}
		r.refuse(start, "", "there is more than one document here: write one program a file")
		return value{}, false
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		r.refuse(start, "", "the file is empty: write name: default to have every default")
		return value{}, false
	}
	body := file.Docs[0].Body
	at := r.place(first(body))
	return value{r: r, key: at, at: at, node: body}, true
}

// text checks what no YAML may hold and evens out what would mislead the parser: carriage returns, blanks at the end
// of a line (it counts them into the column of the word before) and a missing last newline (it drops a tag there).
// None of that moves a character that has a meaning.
func (r *reader) text(source []byte) (string, bool) {
	if len(source) > maxSource {
		r.refuse(place{1, 1}, "", "the file has %d bytes, and a program has at most %d", len(source), maxSource)
		return "", false
	}
	source = bytes.TrimPrefix(source, []byte("\ufeff"))
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(source))
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if column, bad := unreadable(line); column > 0 {
			r.refuse(place{i + 1, column}, "", "%s has no place in YAML: save the file as UTF-8 text, without it", bad)
			return "", false
		}
		lines[i] = strings.TrimRight(line, " \t")
	}
	return strings.Join(lines, "\n") + "\n", true
}

// unreadable finds the first character of a line that is not UTF-8 or a control character; column 0 when there is none.
func unreadable(line string) (column int, what string) {
	for rest := line; rest != ""; {
		c, size := utf8.DecodeRuneInString(rest)
		column++
		switch {
		case c == utf8.RuneError && size == 1:
			return column, fmt.Sprintf("the byte 0x%02X, which is not UTF-8,", rest[0])
		case unicode.IsControl(c) && c != '\t':
			return column, fmt.Sprintf("the control character %U", c)
		}
		rest = rest[size:]
	}
	return 0, ""
}

// yaml turns text into a tree. It lets no fault of the parser out: a panic on a file that someone may upload is a
// refusal of that file, not the end of the process.
func (r *reader) yaml(text string) (file *ast.File, ok bool) {
	defer func() {
		if fault := recover(); fault != nil {
			r.refuse(place{1, 1}, "", "the file cannot be read as YAML (%v): compare it with the default program", fault)
			file, ok = nil, false
		}
	}()
	tokens := lexer.Tokenize(text)
	if !r.plain(tokens) {
		return nil, false
	}
	// Duplicate keys are refused while reading, so that every one of them is named.
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		r.refuseSyntax(err)
		return nil, false
	}
	return file, true
}

// plain refuses what a program has no use for. Aliases above all: a few lines of them unfold to gigabytes.
func (r *reader) plain(tokens token.Tokens) bool {
	count := 0
	for _, t := range tokens {
		if t.Type == token.CommentType {
			continue
		}
		if count++; count > maxTokens {
			r.refuse(r.place(t), "", "the file goes on after %d words and signs: no program is that long", maxTokens)
			return false
		}
	}
	for _, t := range tokens {
		if what, ok := unwanted[t.Type]; ok {
			r.refuse(r.place(t), "", "%s not supported: write the values out", what)
		}
	}
	return len(r.problems) == 0
}

var unwanted = map[token.Type]string{
	token.AnchorType:     "anchors (&) are",
	token.AliasType:      "aliases (*) are",
	token.MergeKeyType:   "merge keys (<<) are",
	token.TagType:        "tags (!) are",
	token.DirectiveType:  "directives (%) are",
	token.MappingKeyType: "the sign ? before a key is",
}

// refuseSyntax says what the parser said, where it said it.
func (r *reader) refuseSyntax(err error) {
	var located interface {
		GetToken() *token.Token
		GetMessage() string
	}
	if !errors.As(err, &located) || located.GetToken() == nil {
		r.refuse(place{1, 1}, "", "this is not YAML: %v", err)
		return
	}
	t := located.GetToken()
	if at := position(t); r.indentedByTab(at) {
		r.refuse(at, "", "this is not YAML: a tab cannot indent a line: write blanks")
		return
	}
	r.refuse(r.place(t), "", "this is not YAML: %s", located.GetMessage())
}

// indentedByTab says whether a place is a tab with nothing but blanks before it.
func (r *reader) indentedByTab(at place) bool {
	if at.line > len(r.lines) || at.column > len(r.lines[at.line-1]) {
		return false
	}
	before := string(r.lines[at.line-1][:at.column])
	return strings.HasSuffix(before, "\t") && strings.TrimLeft(before, " \t") == ""
}

func position(t *token.Token) place { return place{max(1, t.Position.Line), max(1, t.Position.Column)} }

// place is where a token begins. The parser counts a tab before a word to the word, so blanks are stepped over.
func (r *reader) place(t *token.Token) place {
	at := position(t)
	if at.line > len(r.lines) {
		return at
	}
	line := r.lines[at.line-1]
	for at.column < len(line) && (line[at.column-1] == ' ' || line[at.column-1] == '\t') {
		at.column++
	}
	return at
}

// first is the token a value begins with. That of a block mapping is its first key, not its first colon.
func first(node ast.Node) *token.Token {
	switch n := node.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return n.Values[0].Key.GetToken()
		}
	case *ast.MappingValueNode:
		return n.Key.GetToken()
	}
	return node.GetToken()
}

package fact

import (
	"bytes"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// MaxCloudEvent is how many bytes a user event may have: a hundred times what one needs.
const MaxCloudEvent = 64 << 10

// readCloudJSON refuses what is not one JSON document in UTF-8 of bearable size, or could not be stored.
func readCloudJSON(data []byte) (value, error) {
	if len(data) > MaxCloudEvent {
		return value{}, malformed("the message is larger than %d bytes", MaxCloudEvent)
	}
	if !utf8.Valid(data) {
		return value{}, malformed("the message is not valid UTF-8")
	}
	root, ok := readJSON(string(data))
	if !ok {
		return value{}, malformed("the message is not JSON")
	}
	return root, checkEscapes(data)
}

// CheckText refuses what is lost from the text of a CloudEvent once it is decoded, and so from a schema's
// sight: a member that is read and stands there twice, of which one is gone; half a surrogate pair, for which U+FFFD
// stands, so that two ids would become one; U+0000 in a member that is gone. The text must be JSON in UTF-8.
// Error: *MalformedError.
func CheckText(data []byte) error {
	if err := checkEscapes(data); err != nil {
		return err
	}
	root, ok := readJSON(string(data))
	if !ok {
		return malformed("the message is not JSON")
	}
	var outer cloudMembers
	if err := collect("the message", "", root, outer.slot); err != nil {
		return err
	}
	open, ok := cloudReaders[outer.typ.Str]
	if !ok {
		return nil
	}
	return collect("data", "/data", root.member("data"), open().slot)
}

// checkEscapes refuses those that are no text. Without them, what gjson takes a string for is what encoding/json does, and
// so the schema: half a surrogate pair it would read together with the escape after it.
func checkEscapes(data []byte) error {
	switch {
	case hasNUL(data):
		return malformed("the message contains the character U+0000")
	case hasLoneSurrogate(data):
		return malformed("the message contains half a surrogate pair, which is no character")
	}
	return nil
}

var escapedNUL = []byte(`\u0000`)

// hasNUL says whether any string of a valid document contains U+0000. It can only stand there escaped.
func hasNUL(data []byte) bool {
	for {
		before, after, found := bytes.Cut(data, escapedNUL)
		if !found {
			return false
		}
		// After an odd number of backslashes, this one is escaped itself, and what follows is plain text.
		if (len(before)-len(bytes.TrimRight(before, `\`)))%2 == 0 {
			return true
		}
		data = after
	}
}

// hasLoneSurrogate says whether any string of a valid document contains half a surrogate pair. In UTF-8 it can only stand
// there escaped.
func hasLoneSurrogate(data []byte) bool {
	for {
		at := bytes.IndexByte(data, '\\')
		if at < 0 || at+1 == len(data) {
			return false
		}
		data = data[at:]
		size := len(`\n`)
		if c, ok := escapedUnit(data); ok {
			size = len(`\u0000`)
			if utf16.IsSurrogate(c) {
				low, _ := escapedUnit(data[size:])
				if utf16.DecodeRune(c, low) == unicode.ReplacementChar {
					return true
				}
				size *= 2
			}
		}
		data = data[size:]
	}
}

// escapedUnit reads the escape of one UTF-16 code unit, if a text begins with one.
func escapedUnit(text []byte) (unit rune, ok bool) {
	if len(text) < len(`\u0000`) || text[0] != '\\' || text[1] != 'u' {
		return unit, false
	}
	n, err := strconv.ParseUint(string(text[len(`\u`):len(`\u0000`)]), 16, 16)
	return rune(n), err == nil
}

// isCloudID says whether a text can be an event's id. It goes into a header, where blanks at the ends would be lost.
func isCloudID(s string) bool {
	if s == "" || len(s) > 255 || s[0] == ' ' || s[len(s)-1] == ' ' {
		return false
	}
	return !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c > '~' })
}

// isCloudSource says whether a text is made of the characters of a URI reference.
func isCloudSource(s string) bool {
	if s == "" || len(s) > 255 {
		return false
	}
	return !strings.ContainsFunc(s, func(c rune) bool {
		return !isAlphanumeric(c) && !strings.ContainsRune(":/?#@!$&'()*+,;=._~%[]-", c)
	})
}

func isCustomerID(s string) bool {
	rest, ok := strings.CutPrefix(s, "cus_")
	if !ok || rest == "" || len(s) > 255 {
		return false
	}
	return !strings.ContainsFunc(rest, func(c rune) bool { return !isAlphanumeric(c) && c != '_' })
}

// isCode says whether a text can be a referral code, in any case.
func isCode(s string) bool {
	return 3 <= len(s) && len(s) <= 32 && !strings.ContainsFunc(s, func(c rune) bool {
		return !isAlphanumeric(c) && c != '-' && c != '_'
	})
}

// isProgramName says whether a text can be the name of a program.
func isProgramName(s string) bool { return isSmall(s, 40, "-_") }

// isSource says whether a text can say how somebody came.
func isSource(s string) bool { return isSmall(s, 40, "-_.") }

// isVia says whether a text can say how a link was shared.
func isVia(s string) bool { return isSmall(s, 20, "-") }

// isSmall says whether a text is made of small letters, digits and some more, and of no more than so many.
func isSmall(s string, most int, more string) bool {
	return s != "" && len(s) <= most && !strings.ContainsFunc(s, func(c rune) bool {
		return (!isAlphanumeric(c) || 'A' <= c && c <= 'Z') && !strings.ContainsRune(more, c)
	})
}

func isAlphanumeric(c rune) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// Package publicname says what may be shown of a person to people who do not know them. It never gives away an e-mail
// address, a whole name, nor the business's id of somebody.
package publicname

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxWord is how many characters of a name are shown.
const maxWord = 24

// Of is what others call somebody: the first name and the initial of the last one, of a username such as "Alice Smith". A
// username of one word is its owner's own choice and shown as it is. Where there is none, or where it looks like something one can
// be reached under, it is a pseudonym, always the same for a number, which must be plusone's own.
func Of(username string, number int64) string {
	words := strings.Fields(strings.Map(shown, username))
	if len(words) == 0 || reachable(username) {
		return pseudonym(number)
	}
	name := short(words[0])
	if len(words) == 1 {
		return name
	}
	initial, _ := utf8.DecodeRuneInString(words[len(words)-1])
	if !unicode.IsLetter(initial) {
		return name
	}
	return name + " " + string(unicode.ToUpper(initial)) + "."
}

// shown leaves out what is not seen: control characters, and those that turn the text after them around.
func shown(c rune) rune {
	switch {
	case unicode.IsSpace(c):
		return ' '
	case c == utf8.RuneError || !unicode.IsGraphic(c):
		return -1
	}
	return c
}

// reachable says whether somebody could be written to, called or visited under a text, or it is as long a number as an id.
func reachable(text string) bool {
	digits := 0
	for _, c := range text {
		if unicode.IsDigit(c) {
			digits++
		}
	}
	return digits > 6 || strings.ContainsAny(text, "@/\\＠") || strings.Contains(strings.ToLower(text), "www.")
}

func short(word string) string {
	n := 0
	for i := range word {
		if n == maxWord {
			return word[:i] + "…"
		}
		n++
	}
	return word
}

// pseudonym mixes a number, so that who is near whom does not show.
func pseudonym(number int64) string {
	h := fnv.New64a()
	fmt.Fprintf(h, "plusone leaderboard %d", number)
	n := h.Sum64()
	adjective := adjectives[n%uint64(len(adjectives))]
	n /= uint64(len(adjectives))
	animal := animals[n%uint64(len(animals))]
	n /= uint64(len(animals))
	return adjective + " " + animal + " " + strconv.FormatUint(10+n%90, 10)
}

var (
	adjectives = []string{
		"Amber", "Bold", "Brave", "Bright", "Calm", "Clever", "Copper", "Coral", "Crimson", "Daring", "Deft", "Eager", "Early", "Fair",
		"Gentle", "Golden", "Happy", "Honest", "Humble", "Indigo", "Ivory", "Jolly", "Keen", "Kind", "Lively", "Lucky", "Merry", "Mild",
		"Noble", "Olive", "Patient", "Proud", "Quick", "Quiet", "Ready", "Royal", "Rustic", "Scarlet", "Silver", "Sleek", "Snowy", "Steady",
		"Sunny", "Swift", "Teal", "Tidy", "Vivid", "Warm", "Wise", "Witty",
	}
	animals = []string{
		"Badger", "Beaver", "Bison", "Crane", "Curlew", "Deer", "Dolphin", "Dove", "Eagle", "Egret", "Elk", "Falcon", "Finch", "Fox",
		"Gecko", "Hare", "Hawk", "Heron", "Ibex", "Ibis", "Jackdaw", "Jay", "Kestrel", "Kite", "Koala", "Lark", "Lemur", "Lynx", "Marten",
		"Moose", "Newt", "Ocelot", "Orca", "Otter", "Owl", "Panda", "Pelican", "Puffin", "Quail", "Raven", "Robin", "Salmon", "Seal",
		"Sparrow", "Stork", "Swan", "Swift", "Tern", "Toucan", "Wren",
	}
)

// Mask is an e-mail address of which no more shows than who it is of would recognise: "a•••@example.com". Empty for what
// is no address.
func Mask(email string) string {
	at := strings.LastIndex(email, "@")
	if at < 1 || at == len(email)-1 {
		return ""
	}
	first, _ := utf8.DecodeRuneInString(email)
	if first == utf8.RuneError || !unicode.IsGraphic(first) {
		return ""
	}
	return string(first) + "•••@" + email[at+1:]
}

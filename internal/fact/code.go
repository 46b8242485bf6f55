package fact

import "strings"

// ReadCode is a referral code as it is kept, and as it may have been written: in any case, with blanks around it. False for
// a text that nobody's code can be.
func ReadCode(text string) (code string, ok bool) {
	text = strings.TrimSpace(text)
	if !isCode(text) {
		return "", false
	}
	return strings.ToUpper(text), true
}

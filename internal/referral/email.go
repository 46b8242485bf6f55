package referral

import (
	"strings"
	"unicode"
)

// NormalEmail writes an e-mail address so that the spellings one mailbox goes by become one: without regard to case, to
// dots in the local part, and to a tag after a plus. Empty when the text is no address.
func NormalEmail(address string) string {
	local, domain, ok := strings.Cut(strings.ToLower(strings.TrimSpace(address)), "@")
	if !ok || strings.Contains(domain, "@") || strings.ContainsFunc(local+domain, unicode.IsSpace) {
		return ""
	}
	local, _, _ = strings.Cut(local, "+")
	local = strings.ReplaceAll(local, ".", "")
	domain = strings.TrimRight(domain, ".")
	if domain == "googlemail.com" { // the same mailboxes: https://support.google.com/mail/answer/10313
		domain = "gmail.com"
	}
	if local == "" || domain == "" {
		return ""
	}
	return local + "@" + domain
}

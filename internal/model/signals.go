package model

import (
	"slices"
	"strings"
	"time"

	"github.com/plusone-dev/plusone/internal/fact"
)

// Disposable are the domains, among those of the tests, that give away addresses to throw away.
var Disposable = []string{"mailinator.com"}

// signals are what speaks against a referral, by name, and since when.
func (m *model) signals(r referral) map[string]time.Time {
	found := make(map[string]time.Time)
	for name, since := range map[string]time.Time{
		"same_ip":          m.shared(r, []person{r.referrer}, func(s fact.SignUp) string { return s.IP }),
		"same_device":      m.shared(r, append(m.others(r), r.referrer), func(s fact.SignUp) string { return s.DeviceID }),
		"same_email":       m.shared(r, m.others(r), func(s fact.SignUp) string { return mailbox(s.Email) }),
		"same_card":        m.sameCard(r),
		"disposable_email": m.disposable(r),
		"signups_per_ip":   m.tooManyFromOneIP(r),
	} {
		if !since.IsZero() && r.terms.Fraud[name] != "" {
			found[name] = since
		}
	}
	return found
}

// others are the other people who came with the code.
func (m *model) others(r referral) (all []person) {
	for _, o := range m.referrals() {
		if o.code == r.code && o.referee != r.referee {
			all = append(all, o.referee)
		}
	}
	return all
}

// shared is since when a referee's sign-up has something in common with that of another; zero when it has not.
func (m *model) shared(r referral, others []person, mark func(fact.SignUp) string) (since time.Time) {
	mine, ok := m.signUp(r.referee)
	if !ok || mark(mine) == "" {
		return since
	}
	for _, other := range others {
		if theirs, ok := m.signUp(other); ok && other != r.referee && mark(theirs) == mark(mine) {
			since = earlier(since, later(mine.RegisteredAt, theirs.RegisteredAt))
		}
	}
	return since
}

func (m *model) sameCard(r referral) (since time.Time) {
	others := append(m.others(r), r.referrer)
	for _, mine := range m.payments {
		for _, theirs := range m.payments {
			if mine.who == r.referee && theirs.who != r.referee && slices.Contains(others, theirs.who) && mine.card != "" && mine.card == theirs.card {
				since = earlier(since, later(mine.at, theirs.at))
			}
		}
	}
	return since
}

func (m *model) disposable(r referral) time.Time {
	s, _ := m.signUp(r.referee)
	if _, domain, _ := strings.Cut(strings.ToLower(s.Email), "@"); slices.Contains(Disposable, domain) {
		return s.RegisteredAt
	}
	return time.Time{}
}

func (m *model) tooManyFromOneIP(r referral) time.Time {
	mine, ok := m.signUp(r.referee)
	if !ok || mine.IP == "" {
		return time.Time{}
	}
	count := 0
	for _, p := range m.signedUp() {
		s, _ := m.signUp(p)
		if s.IP == mine.IP && s.RegisteredAt.After(mine.RegisteredAt.Add(-r.terms.PerIPWithin)) && !s.RegisteredAt.After(mine.RegisteredAt) {
			count++
		}
	}
	if count > r.terms.PerIPMax {
		return mine.RegisteredAt
	}
	return time.Time{}
}

// mailbox is what the spellings of one address have in common.
func mailbox(address string) string {
	name, domain, ok := strings.Cut(strings.ToLower(address), "@")
	if !ok {
		return ""
	}
	name, _, _ = strings.Cut(name, "+")
	return strings.ReplaceAll(name, ".", "") + "@" + domain
}

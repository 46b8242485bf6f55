package shop

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"time"
)

// cookieName is of the cookie that says which browser it is. Ports do not tell cookies apart: it must be nobody else's name.
const cookieName = "shop_visit"

// visitFor is how long people stay signed in.
const visitFor = 30 * 24 * time.Hour

// maxTogether is how many people can be signed in with one browser.
const maxTogether = 8

// who is signed in with this browser: the one who acts, and those one can change to.
func (s *Shop) who(r *http.Request) (acts *person, others []person) {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return nil, nil
	}
	hash, now := hashed(cookie.Value), time.Now()
	s.book.read(func(all *records) {
		v := find(all.Visits, func(v *visit) bool { return v.Hash == hash && v.Until.After(now) })
		if v == nil {
			return
		}
		for _, id := range v.People {
			p := find(all.People, func(p *person) bool { return p.ID == id })
			switch {
			case p == nil:
			case acts == nil:
				copied := *p
				acts = &copied
			default:
				others = append(others, *p)
			}
		}
	})
	return acts, others
}

// signIn adds somebody to the browser's people, as the one who acts. The cookie becomes another one.
func (s *Shop) signIn(w http.ResponseWriter, r *http.Request, id string) error {
	return s.together(w, r, func(people []string) []string {
		people = append([]string{id}, slices.DeleteFunc(people, func(other string) bool { return other == id })...)
		return people[:min(len(people), maxTogether)]
	})
}

// signOut takes the one who acts away. Whoever acted before acts again.
func (s *Shop) signOut(w http.ResponseWriter, r *http.Request) error {
	return s.together(w, r, func(people []string) []string {
		if len(people) == 0 {
			return nil
		}
		return people[1:]
	})
}

// together changes who is signed in with a browser.
func (s *Shop) together(w http.ResponseWriter, r *http.Request, change func([]string) []string) error {
	hash := ""
	if cookie, err := r.Cookie(cookieName); err == nil {
		hash = hashed(cookie.Value)
	}
	now, value := time.Now(), rand.Text()+rand.Text()
	left := 0
	err := s.book.change(func(all *records) error {
		var people []string
		all.Visits = slices.DeleteFunc(all.Visits, func(v visit) bool {
			if v.Hash == hash && v.Until.After(now) {
				people = slices.Clone(v.People)
			}
			return v.Hash == hash || !v.Until.After(now)
		})
		people = change(people)
		if left = len(people); left == 0 {
			return nil
		}
		if len(all.Visits) >= maxVisits {
			all.Visits = all.Visits[1:] // the one that was here longest ago
		}
		all.Visits = append(all.Visits, visit{Hash: hashed(value), People: people, Until: now.Add(visitFor)})
		return nil
	})
	if err != nil {
		return err
	}
	cookie := &http.Cookie{ //nolint:gosec // Secure wherever it is HTTPS
		Name: cookieName, Value: value, Path: "/", MaxAge: int(visitFor / time.Second), HttpOnly: true,
		SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(s.URL, "https://"),
	}
	if left == 0 {
		cookie.Value, cookie.MaxAge = "", -1
	}
	http.SetCookie(w, cookie)
	return nil
}

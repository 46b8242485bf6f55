package shop

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// application is what somebody says who registers.
type application struct {
	Username     string `json:"username"`
	Email        string `json:"email"`
	AuthMethod   string `json:"auth_method"`
	ReferralCode string `json:"referral_code"`
	Source       string `json:"source"` // how they came: newsletter, x; empty: not known
}

// newcomer is somebody who has just registered. Their key is shown this once.
type newcomer struct {
	person

	key        string
	code       string // the one they may hand on; empty when plusone has not said it yet
	referredBy string
}

var authMethods = []string{"email", "google", "apple", "github"}

func (a *application) check() error {
	a.Username, a.Email, a.ReferralCode = strings.TrimSpace(a.Username), strings.TrimSpace(a.Email), strings.TrimSpace(a.ReferralCode)
	if a.AuthMethod == "" {
		a.AuthMethod = "email"
	}
	parsed, err := mail.ParseAddress(a.Email)
	switch {
	case a.Username == "" || utf8.RuneCountInString(a.Username) > 40 || strings.ContainsFunc(a.Username, unicode.IsControl):
		return refuse(http.StatusBadRequest, "username must be from 1 to 40 characters")
	case err != nil || parsed.Address != a.Email || len(a.Email) > 254:
		return refuse(http.StatusBadRequest, "email must be an address, such as alice@example.com")
	case !slices.Contains(authMethods, a.AuthMethod):
		return refuse(http.StatusBadRequest, "auth_method must be one of "+strings.Join(authMethods, ", "))
	case len(a.ReferralCode) > 64 || strings.ContainsFunc(a.ReferralCode, unicode.IsControl):
		return refuse(http.StatusBadRequest, "referral_code is too long for one")
	case !sourceLike(a.Source):
		return refuse(http.StatusBadRequest, "source must be up to 40 of a-z, 0-9, -, _ and .")
	}
	return nil
}

func sourceLike(text string) bool {
	return len(text) <= 40 && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == ""
}

// register makes an account. A code is asked about first: one that plusone does not know, or that is used up, is refused
// before there is an account, so that the person can mend it.
func (s *Shop) register(ctx context.Context, a application, from string) (n newcomer, err error) {
	if err := a.check(); err != nil {
		return n, err
	}
	if n.referredBy, err = s.referrer(ctx, a.ReferralCode, from); err != nil {
		return n, err
	}
	n.key = "shop_" + rand.Text() + rand.Text()
	n.person = person{
		ID: "usr_" + strings.ToLower(rand.Text()), Username: a.Username, Email: a.Email, AuthMethod: a.AuthMethod,
		KeyHash: hashed(n.key), Joined: time.Now().UTC(),
	}
	event, err := registered(n.person, a)
	if err != nil {
		return n, err
	}
	told, err := s.courier.send(ctx, func(r *records) error {
		if find(r.People, func(p *person) bool { return strings.EqualFold(p.Email, a.Email) }) != nil {
			return refuse(http.StatusConflict, a.Email+" has an account here already: sign in, or take another address")
		}
		if len(r.People) >= maxPeople {
			return errFull
		}
		r.People = append(r.People, n.person)
		return nil
	}, message{ID: "signup-" + n.ID, Kind: signUp, Body: event})
	if err != nil {
		return n, err
	}
	if told {
		eventually(ctx, func(ctx context.Context) bool {
			n.code = s.plusone.code(ctx, n.ID)
			return n.code != ""
		})
	}
	return n, nil
}

// referrer is whose code it is; nobody's without one.
func (s *Shop) referrer(ctx context.Context, code, from string) (username string, err error) {
	if code == "" {
		return "", nil
	}
	v, err := s.plusone.validate(ctx, code, from)
	if err == nil && !v.Valid {
		err = refuse(http.StatusBadRequest, fmt.Sprintf("the referral code %q can not be used: %s", code, reason(v)))
	}
	return v.Referrer.Username, err
}

func reason(v validity) string {
	if v.Error == "" {
		return "it is not valid"
	}
	first, size := utf8.DecodeRuneInString(v.Error)
	return string(unicode.ToLower(first)) + v.Error[size:]
}

// registered is what plusone is told of a sign-up.
func registered(p person, a application) ([]byte, error) {
	data := map[string]any{"user_id": p.ID, "username": p.Username, "email": p.Email, "registered_at": p.Joined, "program": ProgramName}
	if a.ReferralCode != "" {
		data["referral_code"] = a.ReferralCode
	}
	if a.Source != "" {
		data["source"] = a.Source
	}
	return json.Marshal(map[string]any{
		"specversion": "1.0", "id": "signup-" + p.ID, "source": "/shop/accounts", "type": "user.registered",
		"time": p.Joined, "data": data,
	})
}

// byKey is whose key it is.
func (s *Shop) byKey(key string) (person, bool) {
	if !strings.HasPrefix(key, "shop_") {
		return person{}, false
	}
	hash := hashed(key)
	return s.book.person(func(p *person) bool { return p.KeyHash == hash })
}

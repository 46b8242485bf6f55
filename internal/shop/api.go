package shop

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
)

// apiRegister makes an account, and answers with its key.
func (s *Shop) apiRegister(w http.ResponseWriter, r *http.Request) {
	var a application
	if err := decode(r, &a); err != nil {
		s.apiProblem(w, err)
		return
	}
	n, err := s.register(r.Context(), a, address(r))
	if err != nil {
		s.apiProblem(w, err)
		return
	}
	body := map[string]any{
		"user_id": n.ID, "username": n.Username, "email": n.Email, "auth_method": n.AuthMethod, "api_key": n.key,
		"referred_by": nil, "referral_code": nil,
	}
	if n.referredBy != "" {
		body["referred_by"] = n.referredBy
	}
	if n.code != "" {
		body["referral_code"] = n.code
	}
	answer(w, http.StatusCreated, body)
}

// apiCheckout begins a purchase, and answers with where to pay.
func (s *Shop) apiCheckout(w http.ResponseWriter, r *http.Request) {
	p, ok := s.byKey(bearer(r))
	if !ok {
		s.unauthorized(w)
		return
	}
	var wanted struct {
		Amount   json.Number `json:"amount"`
		Currency string      `json:"currency"`
	}
	err := decode(r, &wanted)
	if err != nil {
		s.apiProblem(w, err)
		return
	}
	amount, err := wanted.Amount.Int64()
	if err != nil {
		s.apiProblem(w, refuse(http.StatusBadRequest, "amount must be a whole number of minor units: 1000 is ten dollars"))
		return
	}
	o, at, err := s.begin(r.Context(), p, "A bag of coffee", amount, wanted.Currency)
	if err != nil {
		s.apiProblem(w, err)
		return
	}
	answer(w, http.StatusOK, map[string]string{"id": o.ID, "url": at})
}

func (s *Shop) unauthorized(w http.ResponseWriter) {
	w.Header().Set("WWW-Authenticate", `Bearer realm="shop"`)
	s.apiProblem(w, refuse(http.StatusUnauthorized, "send the api_key of an account: Authorization: Bearer shop_…"))
}

func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// decode reads the JSON of a request, all of it.
func decode(r *http.Request, into any) error {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		return refuse(http.StatusUnsupportedMediaType, "send JSON, with Content-Type: application/json")
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return refuse(http.StatusRequestEntityTooLarge, "that is more than this shop reads")
		}
		return refuse(http.StatusBadRequest, "the request broke off")
	}
	if err := json.Unmarshal(body, into); err != nil {
		return refuse(http.StatusBadRequest, "the body is not the JSON object that was expected")
	}
	return nil
}

// passOn hands a question of a user to plusone, with a token of theirs in place of the shop's key. A visitor, who has none,
// may ask about a code.
func (s *Shop) passOn(w http.ResponseWriter, r *http.Request) {
	key, token := bearer(r), ""
	if key != "" || r.URL.Path != "/referral/validate" {
		p, ok := s.byKey(key)
		if !ok {
			s.unauthorized(w)
			return
		}
		var err error
		if token, err = s.plusone.token(p.ID); err != nil {
			s.apiProblem(w, err)
			return
		}
	}
	target, err := url.Parse(s.Plusone)
	if err != nil {
		s.apiProblem(w, err)
		return
	}
	proxy := httputil.ReverseProxy{
		Transport: http.DefaultTransport,
		Rewrite: func(pr *httputil.ProxyRequest) {
			pr.SetURL(target)
			pr.SetXForwarded()
			pr.Out.Header.Del("Cookie")
			pr.Out.Header.Del("Authorization")
			if token != "" {
				pr.Out.Header.Set("Authorization", "Bearer "+token)
			}
		},
		ModifyResponse: func(res *http.Response) error {
			for name := range w.Header() {
				res.Header.Del(name) // the shop's own say the same, or more
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { s.apiProblem(w, errUnavailable) },
	}
	proxy.ServeHTTP(w, r)
}

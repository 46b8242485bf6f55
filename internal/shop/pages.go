package shop

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strings"
)

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed assets/shop.css assets/shop.js assets/icon.svg
var assetFiles embed.FS

// templates are the pages, each within the frame of layout.html.
var templates = parse("home", "register", "signin", "account", "invite", "checkout", "thanks", "sorry")

func parse(names ...string) map[string]*template.Template {
	all := map[string]*template.Template{}
	for _, name := range names {
		layout := template.New("layout.html").Funcs(template.FuncMap{"money": display})
		all[name] = template.Must(layout.ParseFS(pageFiles, "pages/layout.html", "pages/"+name+".html"))
	}
	return all
}

// page is what a template is given.
type page struct {
	Title   string
	Here    string // which part of the shop it is
	Who     *person
	Others  []person // who else is signed in with this browser
	Plusone string
	Said    string // what went wrong with what was asked
	Form    any    // what was typed in, to be mended
	Data    any
}

func (s *Shop) pages(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", s.home)
	mux.HandleFunc("GET /register", s.registerPage)
	mux.HandleFunc("POST /register", s.registerForm)
	mux.HandleFunc("GET /signin", s.signInPage)
	mux.HandleFunc("POST /signin", s.signInForm)
	mux.HandleFunc("POST /signout", s.signOutForm)
	mux.HandleFunc("POST /switch", s.switchForm)
	mux.HandleFunc("GET /account", s.account)
	mux.HandleFunc("GET /invite", s.invite)
	mux.HandleFunc("POST /buy", s.buy)
	mux.HandleFunc("GET /checkout/{session}", s.checkoutPage)
	mux.HandleFunc("POST /checkout/{session}", s.checkoutForm)
	mux.HandleFunc("GET /thanks", s.thanks)
	mux.HandleFunc("POST /account/orders/{session}/refund", s.refundForm)
	assets := http.FileServerFS(assetFiles)
	mux.HandleFunc("GET /assets/", func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/") {
			s.sorry(w, r, refuse(http.StatusNotFound, "There is no such page here."))
			return
		}
		w.Header().Set("Cache-Control", "max-age=300")
		assets.ServeHTTP(w, r)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.sorry(w, r, refuse(http.StatusNotFound, "There is no such page here."))
	})
}

// show writes a page.
func (s *Shop) show(w http.ResponseWriter, r *http.Request, status int, name string, p page) {
	p.Plusone = s.Pages
	if p.Who == nil {
		p.Who, p.Others = s.who(r)
	}
	var text bytes.Buffer
	if err := templates[name].ExecuteTemplate(&text, "layout.html", p); err != nil {
		s.Log.Error("a page of the demo shop", "page", name, "error", err)
		http.Error(w, "something went wrong here; the log says what", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = text.WriteTo(w)
}

// sorry is the page of what did not work. Programs get it as a problem.
func (s *Shop) sorry(w http.ResponseWriter, r *http.Request, err error) {
	if !readsPages(r) {
		s.apiProblem(w, err)
		return
	}
	why := s.refusalOf(err)
	s.show(w, r, why.status, "sorry", page{Title: http.StatusText(why.status), Data: why.detail})
}

// readsPages says whether it is a browser that asks.
func readsPages(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }

func seeOther(w http.ResponseWriter, r *http.Request, to string) {
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// item is something that the shop sells.
type item struct {
	ID, Name, About, Weight, Tone string
	Amount                        int64
	Currency                      string
}

var items = []item{
	{"first-light", "First Light", "Peach, honey and a little jasmine. A small bag to try, from a farm in Huila.", "100 g", "dawn", 500, "usd"},
	{"night-owl", "Night Owl", "Our house espresso: dark chocolate, hazelnut, no bitterness.", "250 g", "night", 1000, "usd"},
	{"moss-garden", "Moss Garden", "Washed Yirgacheffe. Bergamot and lime, as light as tea.", "350 g", "moss", 1800, "usd"},
	{"long-winter", "Long Winter", "The big tin for the office, roasted on the day it leaves.", "1 kg", "winter", 3000, "usd"},
}

func (s *Shop) home(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "home", page{Title: "Coffee from small farms", Here: "home", Data: items})
}

// registerPage asks who somebody is. With a code in the address, or one that plusone's script remembers, it says whose.
func (s *Shop) registerPage(w http.ResponseWriter, r *http.Request) {
	var a application
	a.ReferralCode, a.Source = came(r)
	s.askWho(w, r, http.StatusOK, a, "")
}

// came is the code that somebody came with, and by which channel it was shared. Without any in the address, it is what
// plusone's script left in a cookie, as CODE.via.
func came(r *http.Request) (code, via string) {
	if code := r.URL.Query().Get("ref"); code != "" {
		return code, r.URL.Query().Get("via")
	}
	if cookie, err := r.Cookie(touchCookie); err == nil {
		code, via, _ = strings.Cut(cookie.Value, ".")
	}
	return code, via
}

// touchCookie is where plusone's script keeps what somebody came with.
const touchCookie = "plusone_touch"

func (s *Shop) askWho(w http.ResponseWriter, r *http.Request, status int, a application, said string) {
	data := struct{ ReferredBy, Trouble string }{}
	if a.ReferralCode != "" && said == "" {
		v, err := s.plusone.validate(r.Context(), a.ReferralCode, address(r))
		switch {
		case err != nil:
			data.Trouble = "We could not look at your friend's code just now."
		case !v.Valid:
			data.Trouble = "Your friend's code can not be used: " + reason(v) + "."
		default:
			data.ReferredBy = v.Referrer.Username
		}
	}
	s.show(w, r, status, "register", page{Title: "Create an account", Here: "register", Form: a, Said: said, Data: data})
}

func (s *Shop) registerForm(w http.ResponseWriter, r *http.Request) {
	a := application{
		Username: r.FormValue("username"), Email: r.FormValue("email"), AuthMethod: "email",
		ReferralCode: r.FormValue("referral_code"), Source: r.FormValue("source"),
	}
	if !sourceLike(a.Source) { // it is in a field that nobody sees
		a.Source = ""
	}
	n, err := s.register(r.Context(), a, address(r))
	if err == nil {
		err = s.signIn(w, r, n.ID)
	}
	if err != nil {
		why := s.refusalOf(err)
		s.askWho(w, r, why.status, a, why.detail)
		return
	}
	s.fresh.put(n.ID, n.key)
	seeOther(w, r, "/account")
}

func (s *Shop) signInPage(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "signin", page{Title: "Sign in", Here: "signin"})
}

func (s *Shop) signInForm(w http.ResponseWriter, r *http.Request) {
	p, ok := s.byKey(strings.TrimSpace(r.FormValue("api_key")))
	if !ok {
		s.show(w, r, http.StatusUnauthorized, "signin", page{Title: "Sign in", Here: "signin", Said: "That is nobody's key."})
		return
	}
	if err := s.signIn(w, r, p.ID); err != nil {
		s.sorry(w, r, err)
		return
	}
	seeOther(w, r, "/account")
}

func (s *Shop) signOutForm(w http.ResponseWriter, r *http.Request) {
	if err := s.signOut(w, r); err != nil {
		s.sorry(w, r, err)
		return
	}
	seeOther(w, r, "/")
}

// switchForm has another of those act who are signed in with this browser.
func (s *Shop) switchForm(w http.ResponseWriter, r *http.Request) {
	_, others := s.who(r)
	to := find(others, func(p *person) bool { return p.ID == r.FormValue("person") })
	if to == nil {
		s.sorry(w, r, refuse(http.StatusNotFound, "They are not signed in here."))
		return
	}
	if err := s.signIn(w, r, to.ID); err != nil {
		s.sorry(w, r, err)
		return
	}
	seeOther(w, r, "/account")
}

// account is what somebody has, and had.
func (s *Shop) account(w http.ResponseWriter, r *http.Request) {
	who, others := s.who(r)
	if who == nil {
		seeOther(w, r, "/signin")
		return
	}
	s.showAccount(w, r, http.StatusOK, page{Who: who, Others: others})
}

func (s *Shop) showAccount(w http.ResponseWriter, r *http.Request, status int, p page) {
	b, err := s.plusone.balance(r.Context(), p.Who.ID)
	p.Title, p.Here = "Your account", "account"
	p.Data = struct {
		Balance balance
		Unknown bool
		Key     string
		Orders  []order
	}{b, err != nil, s.fresh.take(p.Who.ID), s.book.ordersOf(p.Who.ID)}
	s.show(w, r, status, "account", p)
}

// invite shows plusone's dashboard in a frame, which a form opens with a token: so no token is ever in an address.
func (s *Shop) invite(w http.ResponseWriter, r *http.Request) {
	who, others := s.who(r)
	if who == nil {
		seeOther(w, r, "/signin")
		return
	}
	token, err := s.plusone.token(who.ID)
	if err != nil {
		s.sorry(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, "invite", page{Title: "Invite a friend", Here: "invite", Who: who, Others: others, Data: token})
}

func (s *Shop) buy(w http.ResponseWriter, r *http.Request) {
	who, _ := s.who(r)
	if who == nil {
		seeOther(w, r, "/register")
		return
	}
	wanted := find(items, func(i *item) bool { return i.ID == r.FormValue("item") })
	if wanted == nil {
		s.sorry(w, r, refuse(http.StatusNotFound, "We do not sell that."))
		return
	}
	_, at, err := s.begin(r.Context(), *who, wanted.Name, wanted.Amount, wanted.Currency)
	if err != nil {
		s.sorry(w, r, err)
		return
	}
	seeOther(w, r, at)
}

// checkoutPage is where Stripe's would be.
func (s *Shop) checkoutPage(w http.ResponseWriter, r *http.Request) {
	o, ok := s.book.order(r.PathValue("session"))
	if !ok || o.Real {
		s.sorry(w, r, refuse(http.StatusNotFound, "There is no such checkout session here."))
		return
	}
	s.show(w, r, http.StatusOK, "checkout", page{Title: "Checkout", Here: "checkout", Data: o})
}

func (s *Shop) checkoutForm(w http.ResponseWriter, r *http.Request) {
	o, err := s.pay(r.Context(), r.PathValue("session"), card{
		number: strings.TrimSpace(r.FormValue("card")), expires: strings.TrimSpace(r.FormValue("expires")), code: strings.TrimSpace(r.FormValue("cvc")),
	})
	switch {
	case !readsPages(r) && err != nil:
		s.apiProblem(w, err)
	case !readsPages(r):
		answer(w, http.StatusOK, map[string]any{
			"id": o.ID, "status": "complete", "payment_status": "paid", "amount_total": o.Amount, "currency": o.Currency, "payment_intent": o.Intent,
		})
	case err == nil || errors.Is(err, errPaid):
		seeOther(w, r, "/thanks?session_id="+url.QueryEscape(o.ID))
	case o.ID == "":
		s.sorry(w, r, err)
	default:
		why := s.refusalOf(err)
		s.show(w, r, why.status, "checkout", page{Title: "Checkout", Here: "checkout", Said: why.detail, Data: o})
	}
}

// thanks is where a checkout leads back to. What Stripe took is asked of Stripe: an address proves nothing.
func (s *Shop) thanks(w http.ResponseWriter, r *http.Request) {
	o, ok := s.book.order(r.URL.Query().Get("session_id"))
	if !ok {
		s.sorry(w, r, refuse(http.StatusNotFound, "There is no such order."))
		return
	}
	if o.Real && !o.Paid && s.stripe != nil {
		intent, err := s.stripe.paid(r.Context(), o.ID)
		if err == nil && intent != "" {
			o.Paid, o.Intent = true, intent
			err = s.book.change(func(all *records) error {
				if kept := find(all.Orders, func(k *order) bool { return k.ID == o.ID }); kept != nil {
					kept.Paid, kept.Intent = true, intent
				}
				return nil
			})
		}
		if err != nil {
			s.sorry(w, r, err)
			return
		}
	}
	who, others := s.who(r)
	data := struct {
		Order   order
		Balance balance
		Known   bool
	}{Order: o}
	if who != nil && who.ID == o.Person {
		b, err := s.plusone.balance(r.Context(), who.ID)
		data.Balance, data.Known = b, err == nil
	}
	s.show(w, r, http.StatusOK, "thanks", page{Title: "Thank you", Here: "thanks", Who: who, Others: others, Data: data})
}

func (s *Shop) refundForm(w http.ResponseWriter, r *http.Request) {
	who, others := s.who(r)
	if who == nil {
		seeOther(w, r, "/signin")
		return
	}
	amount, ok := int64(0), true
	if text := strings.TrimSpace(r.FormValue("amount")); text != "" {
		amount, ok = minor(text)
	}
	err := refuse(http.StatusBadRequest, "Write the amount like 4.50, or leave it empty for all of it.")
	if ok {
		_, err = s.refund(r.Context(), *who, r.PathValue("session"), amount)
	}
	if err != nil {
		why := s.refusalOf(err)
		s.showAccount(w, r, why.status, page{Who: who, Others: others, Said: why.detail})
		return
	}
	seeOther(w, r, "/account")
}

package e2e

import (
	"context"
	"testing"
)

// TestTheStory is clicked through at every size: Alice registers and hands on her link, Bob comes by it and buys, and both
// have something of it.
func TestTheStory(t *testing.T) {
	h, browser := openHouse(t), startChromium(t)
	for _, s := range sizes {
		t.Run(s.name, func(t *testing.T) { theStory(t, h, browser, s) })
	}
}

func theStory(t *testing.T, h house, browser context.Context, s size) {
	alice := welcome(t, browser, s)
	alice.open(h.shop + "/")
	alice.sees("This week's roast")
	alice.look("shop-home")
	alice.press("Join")
	alice.at("/register")
	alice.join("alice-"+s.name, "")
	alice.sees("Your key", "None yet")
	alice.look("shop-account-new")

	alice.press("Invite")
	alice.at("/invite")
	alice.inFrame("/dashboard", "Nobody has signed up with your link yet", "Hide me")
	alice.look("shop-invite")
	alice.open(h.plusone + "/dashboard")
	alice.sees("Nobody has signed up with your link yet")
	alice.look("dashboard-empty")
	code, err := ask[string](alice, `document.querySelector("dd.code").textContent`)
	if err != nil || len(code) != 8 {
		t.Fatalf("her code is %q (%v)", code, err)
	}

	bob := welcome(t, browser, s)
	bob.open(h.shop + "/register?ref=" + code)
	bob.sees("Referred by alice-" + s.name)
	bob.look("shop-register")
	bob.join("bob-"+s.name, "")
	bob.press("Coffee")
	bob.press("Buy Night Owl")
	bob.at("/checkout/")
	bob.look("checkout")
	bob.pays("4000 0000 0000 0002")
	bob.sees("Your card was declined.")
	bob.complained()
	bob.pays("4242 4242 4242 4242")
	bob.at("/thanks")
	bob.sees("20.00")
	bob.look("shop-thanks")

	alice.open(h.plusone + "/dashboard")
	alice.sees("bob-" + s.name)
	alice.look("dashboard")
}

// join fills in the form of the shop.
func (g *guest) join(name, code string) {
	g.t.Helper()
	g.fill("username", name, "email", name+"@example.com")
	if code != "" {
		g.fill("referral_code", code)
	}
	g.press("Create the account")
	g.at("/account")
}

// pays fills in the form of the checkout.
func (g *guest) pays(card string) {
	g.t.Helper()
	g.fill("card", card, "expires", "12/34", "cvc", "123")
	g.press("Pay $10.00")
}

package e2e

import (
	"context"
	"strings"
	"testing"

	"github.com/plusone-dev/plusone/internal/testkit"
)

// TestTheStory is clicked through at every size: Alice registers and hands on her link, Bob comes by it and buys, and both
// have something of it.
func TestTheStory(t *testing.T) {
	h, browser := openHouse(t), startChromium(t)
	for _, s := range sizes {
		t.Run(s.name, func(t *testing.T) { theStory(t, h, browser, s) })
		t.Run(s.name+", a review", func(t *testing.T) { theReview(t, h, browser, s) })
	}
}

func theStory(t *testing.T, h house, browser context.Context, s size) {
	alice := welcome(t, browser, s)
	alice.open(h.shop + "/")
	alice.sees("This week's roast")
	alice.look("shop-home")
	alice.press("Join")
	alice.at("/register")
	alice.join("Alice", "alice-"+s.name+"@example.com")
	alice.sees("Your key", "None yet")
	alice.look("shop-account-new")

	alice.press("Invite")
	alice.at("/invite")
	alice.inFrame("/dashboard", "Nobody has signed up with your link yet", "Hide me")
	alice.look("shop-invite")
	alice.open(h.plusone + "/dashboard")
	alice.sees("Nobody has signed up with your link yet")
	alice.look("dashboard-empty")
	link, err := ask[string](alice, `document.querySelector("#link").value`)
	if err != nil || !strings.HasPrefix(link, h.plusone+"/r/") {
		t.Fatalf("her link is %q (%v)", link, err)
	}
	alice.press("Copy")
	alice.sees("Copied")

	bob := welcome(t, browser, s)
	bob.open(link)
	bob.at("/register")
	bob.sees("Referred by Alice")
	bob.look("shop-register")
	bob.open(h.shop + "/register") // what brought him is remembered
	bob.sees("Referred by Alice")
	bob.join("Bob", "bob-"+s.name+"@example.com")
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

	alice.reload(h.plusone+"/dashboard", "Bob", "Rewarded")
	alice.reload(h.plusone+"/dashboard", "opened your link 1") // visits are counted in batches
	alice.look("dashboard")

	bob.press("To your account")
	bob.at("/account")
	bob.fill("amount", "2.50")
	bob.press("Refund Night Owl")
	bob.sees("$2.50 refunded")
	bob.look("shop-account")
	alice.reload(h.plusone+"/dashboard", "Not counted", "Their purchase was refunded.") // less than the minimum is left
	alice.look("dashboard-cancelled")
}

// reload opens a page again until it says all of it: what is decided a moment after, people see the next time they look.
func (g *guest) reload(address string, words ...string) {
	g.t.Helper()
	testkit.Eventually(g.t, patience, func() (bool, string) {
		g.open(address)
		said := strings.Join(strings.Fields(g.where()), " ")
		for _, word := range words {
			if !strings.Contains(said, word) {
				return false, word + " is not at " + said
			}
		}
		return true, ""
	})
}

// join fills in the form of the shop.
func (g *guest) join(name, email string) {
	g.t.Helper()
	g.fill("username", name, "email", email)
	g.press("Create the account")
	g.at("/account")
}

// pays fills in the form of the checkout.
func (g *guest) pays(card string) {
	g.t.Helper()
	g.fill("card", card, "expires", "12/34", "cvc", "123")
	g.press("Pay $10.00")
}

package e2e

import (
	"context"
	"strings"
	"testing"
)

// theReview has somebody come by a friend's link with an address to throw away: it is held until a person has looked at it.
func theReview(t *testing.T, h house, browser context.Context, s size) {
	dana := welcome(t, browser, s)
	dana.open(h.shop + "/register")
	dana.join("Dana", "dana-"+s.name+"@example.com")
	dana.press("Invite")
	dana.inFrame("/dashboard", "Your link")
	dana.open(h.plusone + "/dashboard")
	link, err := ask[string](dana, `document.querySelector("#link").value`)
	if err != nil {
		t.Fatal(err)
	}
	erin := welcome(t, browser, s)
	erin.open(link)
	erin.join("Erin", "erin-"+s.name+"@mailinator.com")
	erin.open(h.shop + "/")
	erin.press("Buy Moss Garden")
	erin.at("/checkout/")
	erin.fill("card", "4242 4242 4242 4242", "expires", "12/34", "cvc", "123")
	erin.press("Pay $18.00")
	erin.at("/thanks")
	dana.reload(h.plusone+"/dashboard", "Erin", "In review")

	clerk := welcome(t, browser, s)
	clerk.open(h.plusone + "/console")
	clerk.sees("Sign in", "Admin token")
	clerk.look("console-sign-in")
	clerk.fill("name", "Clerk", "token", "nobody's token at all")
	clerk.press("Sign in")
	clerk.until(`document.querySelector("[role=alert]")`)
	clerk.complained() // of the status of that answer
	clerk.fill("name", "Clerk", "token", h.admin)
	clerk.press("Sign in")
	clerk.until(`document.querySelector("form[action$='sign-out'], form.out")`)
	clerk.choose("program", "shop")
	clerk.press("Show")
	clerk.until(`location.search.includes("program=")`)
	clerk.look("console-overview")
	for _, page := range []string{"referrals", "users", "programs", "unplaced", "dead-letters", "health"} {
		clerk.open(h.plusone + "/console/" + page)
		clerk.at("/console/" + page)
		clerk.look("console-" + page)
	}

	clerk.open(h.plusone + "/console/reviews")
	clerk.until(`document.querySelector("main article")`)
	clerk.look("console-reviews")
	at, err := ask[string](clerk, `document.querySelector("main article a[href*='/console/referrals/']").getAttribute("href")`)
	if err != nil || !strings.HasPrefix(at, "/console/referrals/") {
		t.Fatalf("%q, %v", at, err)
	}
	clerk.open(h.plusone + at)
	clerk.sees("Why it stands so", "Purchases", "18.00")
	clerk.look("console-referral")
	clerk.fill("why", "A regular of the stall on the market")
	clerk.press("Approve")
	clerk.sees("Approved", "rewarded")
	clerk.look("console-approved")
	dana.reload(h.plusone+"/dashboard", "Erin", "Rewarded")
}

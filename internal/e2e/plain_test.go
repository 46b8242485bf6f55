package e2e

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestWithoutScripts: somebody whose browser runs no script of a page invites, buys, looks and decides all the same.
func TestWithoutScripts(t *testing.T) {
	h, browser := openHouse(t), startChromium(t)
	alice := plainly(t, browser)
	alice.open(h.shop + "/register")
	alice.join("Alice", "alice@example.com")
	alice.press("Invite")
	alice.press("Show your referrals") // which a script does by itself
	alice.inFrame("/dashboard", "Nobody has signed up with your link yet", "Hide me")
	alice.open(h.plusone + "/dashboard")
	link, err := ask[string](alice, `document.querySelector("#link").value`)
	if err != nil {
		t.Fatal(err)
	}

	bob := plainly(t, browser)
	bob.open(link)
	bob.sees("Referred by Alice")
	bob.join("Bob", "bob@mailinator.com")
	bob.open(h.shop + "/")
	bob.press("Buy Night Owl")
	bob.at("/checkout/")
	bob.pays("4242 4242 4242 4242")
	bob.at("/thanks")

	clerk := plainly(t, browser)
	clerk.open(h.plusone + "/console")
	clerk.fill("name", "Clerk", "token", h.admin)
	clerk.press("Sign in")
	clerk.sees("Overview")
	clerk.choose("program", "shop")
	clerk.press("Show")
	clerk.until(`location.search.includes("program=")`)
	clerk.until(`document.querySelector(".chart svg")`) // charts are drawn by the server
	clerk.open(h.plusone + "/console/reviews")
	clerk.press("Referral 1")
	clerk.at("/console/referrals/1")
	clerk.fill("why", "known to us")
	clerk.press("Approve")
	clerk.sees("Approved")

	alice.reload(h.plusone+"/dashboard", "Bob", "Rewarded", "opened your link 1")
	alice.press("Hide me")
	alice.sees("Show me")
}

// plainly gives somebody a profile in which no page runs a script.
func plainly(t *testing.T, browser context.Context) *guest {
	t.Helper()
	g := welcome(t, browser, sizes[0])
	g.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}))
	g.open("data:text/html,<title>off</title><script>document.title = 'on'</script>")
	g.until(`document.title === "off"`)
	return g
}

// TestByKeyboard: somebody who has no pointer comes to everything that can be pressed, and sees where they are.
func TestByKeyboard(t *testing.T) {
	h, browser := openHouse(t), startChromium(t)
	alice := welcome(t, browser, sizes[0])
	alice.open(h.shop + "/register")
	alice.join("Alice", "alice@example.com")
	alice.press("Invite")
	alice.inFrame("/dashboard", "Hide me")
	alice.open(h.plusone + "/dashboard")
	alice.sees("Your link")
	alice.tabsThrough("the dashboard")
	alice.tabTo("Copy")
	alice.key(kb.Enter)
	alice.sees("Copied")
	alice.tabTo("Hide me")
	alice.key(kb.Enter)
	alice.sees("Show me")

	clerk := welcome(t, browser, sizes[0])
	clerk.open(h.plusone + "/console")
	clerk.sees("Admin token")
	clerk.tabTo("Your name")
	clerk.key("Clerk" + kb.Tab + h.admin + kb.Enter)
	clerk.sees("Overview")
	for _, page := range []string{"", "/referrals", "/reviews", "/users", "/programs", "/health"} {
		clerk.open(h.plusone + "/console" + page)
		clerk.tabsThrough("/console" + page)
	}
	clerk.open(h.plusone + "/console")
	clerk.key(kb.Tab)
	clerk.until(`document.activeElement.textContent === "Skip to the content"`)
	clerk.key(kb.Enter)
	clerk.until(`document.activeElement.id === "main"`)
	clerk.open(h.plusone + "/reference")
	clerk.sees("/referral/validate")
	clerk.look("reference")
}

// key presses keys, wherever one is.
func (g *guest) key(keys string) {
	g.t.Helper()
	g.do(chromedp.KeyEvent(keys))
}

// mostStops is how often one may have to press the tabulator on a page.
const mostStops = 200

// named is what a screen reader would call what has the focus, about.
const named = `(e => (e.labels?.[0]?.textContent ?? e.textContent ?? "").replace(/\s+/g, " ").trim())(document.activeElement)`

// tabTo goes on by the tabulator to what is called so.
func (g *guest) tabTo(name string) {
	g.t.Helper()
	for range mostStops {
		g.key(kb.Tab)
		at, err := ask[string](g, named)
		if err != nil {
			g.t.Fatal(err)
		}
		if at == name {
			return
		}
	}
	g.t.Fatalf("the tabulator does not come to %q at %s", name, g.where())
}

// tabsThrough goes through a whole page by the tabulator: it comes to everything that can be pressed or filled in, nothing holds
// it, and where it is can be seen.
func (g *guest) tabsThrough(page string) {
	g.t.Helper()
	unseen, missed := g.tour()
	for _, at := range unseen {
		g.t.Errorf("%s: the focus is not seen on %s", page, at)
	}
	for _, at := range missed {
		g.t.Errorf("%s: the tabulator does not come to %s", page, at)
	}
}

// The scripts of a tour: which stops there are to make, what is wrong with the one where one is, and which are left.
const (
	stops = `[...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")]
		.filter(e => e.checkVisibility({visibilityProperty: true}) && !e.disabled).map(e => e.dataset.stop = "").length`
	hidden = `(e => {
		e.dataset.came = "";
		if (e === document.body) return "";
		const s = getComputedStyle(e), box = e.getBoundingClientRect();
		const ring = s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0 || s.boxShadow !== "none";
		return ring && box.width > 1 && box.height > 1 ? "" : e.outerHTML.slice(0, 200);
	})(document.activeElement)`
	ahead = `[...document.querySelectorAll("[data-stop]:not([data-came])")].map(e => e.outerHTML.slice(0, 200))`
)

// tour is where the focus of a page could not be seen, and where it never came.
func (g *guest) tour() (unseen, missed []string) {
	g.t.Helper()
	if n, err := ask[int](g, stops); err != nil || n == 0 {
		g.t.Fatalf("%d stops, %v", n, err)
	}
	for range mostStops {
		g.key(kb.Tab)
		at, err := ask[string](g, hidden)
		if err != nil {
			g.t.Fatal(err)
		}
		if at != "" {
			unseen = append(unseen, at)
		}
		if missed, err = ask[[]string](g, ahead); err != nil {
			g.t.Fatal(err)
		}
		if len(missed) == 0 {
			break
		}
	}
	return unseen, missed
}

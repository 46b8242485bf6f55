package e2e

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

//go:embed testdata/axe.min.js
var axe string

const (
	maxWeight = 100_000 // bytes of a page with all it loads
	maxShift  = 0.01    // the sum of its layout shifts
)

// look has a page be what a page should be, in the light and in the dark, and takes its pictures.
func (g *guest) look(name string) {
	g.t.Helper()
	g.until(`document.fonts.status === "loaded"`)
	g.weighs(name)
	g.standsStill(name)
	g.fits(name)
	for _, scheme := range []string{"light", "dark"} {
		g.in(scheme)
		if !g.size.phone || scheme == "light" { // the colours are those of the larger screen
			g.isAccessible(name + " in the " + scheme)
		}
		g.picture(fmt.Sprintf("%s-%s-%s.png", name, g.size.name, scheme))
	}
	g.isQuiet(name)
}

// in has the reader like one colour scheme, and nothing that moves.
func (g *guest) in(scheme string) {
	g.t.Helper()
	g.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}})
		return err
	}))
}

// weighs holds the page, and each that it shows in a frame, to a weight.
func (g *guest) weighs(name string) {
	g.t.Helper()
	var frames []*cdp.Frame
	g.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		tree, err := cdp.Call(ctx, t, page.GetFrameTree, cdp.Empty{})
		if err != nil {
			return err
		}
		frames = append(frames, tree.FrameTree.Frame)
		for _, child := range tree.FrameTree.ChildFrames {
			frames = append(frames, child.Frame)
		}
		return nil
	}))
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, f := range frames {
		if got := g.weights[string(f.LoaderID)]; got > maxWeight || got == 0 && f.URL != "about:blank" {
			g.t.Errorf("%s: %s weighs %.0f bytes, and should at most %d", name, f.URL, got, maxWeight)
		}
	}
}

// standsStill holds the page to where its parts were first.
func (g *guest) standsStill(name string) {
	g.t.Helper()
	shift, err := ask[float64](g, `new Promise(resolve => {
		let sum = 0;
		const observer = new PerformanceObserver(list => { for (const e of list.getEntries()) if (!e.hadRecentInput) sum += e.value });
		observer.observe({type: "layout-shift", buffered: true});
		requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve(sum), 0)));
	})`, chromedp.EvalAwaitPromise)
	if err != nil || shift >= maxShift {
		g.t.Errorf("%s: its layout shifts by %v (%v)", name, shift, err)
	}
}

const tooWide = `document.documentElement.scrollWidth - document.documentElement.clientWidth`

// fits holds the page to the width of the screen: nobody scrolls to the side.
func (g *guest) fits(name string) {
	g.t.Helper()
	over, err := ask[int](g, tooWide)
	if err != nil || over > 0 {
		g.t.Errorf("%s: it is %d pixels wider than the screen (%v)", name, over, err)
	}
}

// violation is something that axe finds wrong.
type violation struct {
	ID     string `json:"id"`
	Impact string `json:"impact"`
	Help   string `json:"help"`
	Nodes  []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

// isAccessible has axe look at the page. What is in a frame is looked at where it is a page of its own.
func (g *guest) isAccessible(name string) {
	g.t.Helper()
	for _, v := range g.violations() {
		var where []string
		for _, n := range v.Nodes {
			where = append(where, n.HTML+"\n    "+n.Summary)
		}
		g.t.Errorf("%s, %s: %s, %s: %s\n  %s", name, g.size.name, v.Impact, v.ID, v.Help, strings.Join(where, "\n  "))
	}
}

// violations are the serious ones that axe finds.
func (g *guest) violations() []violation {
	g.t.Helper()
	all, err := ask[[]violation](g, axe+`; axe.run(document, {resultTypes: ["violations"], iframes: false}).then(r => r.violations)`, chromedp.EvalAwaitPromise)
	if err != nil {
		g.t.Fatalf("axe: %v, at %s", err, g.where())
	}
	return slices.DeleteFunc(all, func(v violation) bool { return v.Impact != "serious" && v.Impact != "critical" })
}

// picture saves what the whole page looks like.
func (g *guest) picture(file string) {
	g.t.Helper()
	folder := "../../bin/screenshots"
	if err := os.MkdirAll(folder, 0o755); err != nil {
		g.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(g.ctx, patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		g.t.Fatalf("the picture %s: %v", file, err)
	}
	if err := os.WriteFile(filepath.Join(folder, file), png, 0o600); err != nil {
		g.t.Fatal(err)
	}
}

// isQuiet holds the console to have complained of nothing since it was last asked.
func (g *guest) isQuiet(name string) {
	g.t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, trouble := range g.troubles {
		g.t.Errorf("%s: %s", name, trouble)
	}
	g.troubles = nil
}

// complained forgets what the console had to complain of, which was meant: an answer that is no success.
func (g *guest) complained() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.troubles = nil
}

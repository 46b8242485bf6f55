package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/plusone-dev/plusone/internal/testkit"
)

// size is how large a screen is.
type size struct {
	name          string
	width, height int64
	scale         float64
	phone         bool
}

var sizes = []size{
	{name: "desktop", width: 1280, height: 900, scale: 1},
	{name: "phone", width: 390, height: 844, scale: 2, phone: true},
}

// guest is somebody with a browser of their own, and what it noticed.
type guest struct {
	t    *testing.T
	ctx  context.Context
	size size

	mu       sync.Mutex
	troubles []string           // what the console of the page complains of
	weights  map[string]float64 // bytes by the document they were loaded for
	loading  map[network.RequestID]string
}

// welcome gives somebody a fresh profile.
func welcome(t *testing.T, browser context.Context, s size) *guest {
	t.Helper()
	ctx, leave := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(leave)
	g := &guest{t: t, ctx: ctx, size: s, weights: map[string]float64{}, loading: map[network.RequestID]string{}}
	if err := chromedp.Listen(ctx, g.notice); err != nil {
		t.Fatal(err)
	}
	options := []chromedp.EmulateViewportOption{chromedp.EmulateScale(s.scale)}
	if s.phone {
		options = append(options, chromedp.EmulateMobile, chromedp.EmulatePortrait)
	}
	g.do(chromedp.EmulateViewport(s.width, s.height, options...), chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true})
		return err
	}))
	return g
}

// notice keeps what the browser tells.
func (g *guest) notice(event any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		g.loading[e.RequestID] = string(e.LoaderID)
	case *network.EventLoadingFinished:
		g.weights[g.loading[e.RequestID]] += e.EncodedDataLength
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			g.troubles = append(g.troubles, e.Entry.Text+" "+e.Entry.URL)
		}
	case *runtime.EventExceptionThrown:
		g.troubles = append(g.troubles, (&chromedp.ExceptionError{ExceptionDetails: e.ExceptionDetails}).Error())
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			g.troubles = append(g.troubles, fmt.Sprint("the console says ", e.Args))
		}
	}
}

// do has the browser do something.
func (g *guest) do(steps ...chromedp.Action[chromedp.Void]) {
	g.t.Helper()
	ctx, cancel := context.WithTimeout(g.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		g.t.Fatalf("%v, at %s", err, g.where())
	}
}

// ask evaluates an expression on a guest's page.
func ask[T any](g *guest, expression string, options ...chromedp.EvaluateOption) (T, error) {
	ctx, cancel := context.WithTimeout(g.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression, options...))
}

// where is the page's address and what it says, for messages of failures.
func (g *guest) where() string {
	said, err := ask[string](g, `location.href + "\n" + document.body.innerText`)
	if err != nil {
		return err.Error()
	}
	return said
}

// until waits until an expression is true. While a page is left for another none is, and it is asked again.
func (g *guest) until(expression string) {
	g.t.Helper()
	testkit.Eventually(g.t, patience, func() (bool, string) {
		so, err := ask[bool](g, `document.readyState === "complete" && !!(`+expression+`)`)
		if err != nil {
			return false, expression + ": " + err.Error()
		}
		if so {
			return true, ""
		}
		return false, expression + " is not so at " + g.where()
	})
}

// open goes somewhere.
func (g *guest) open(address string) {
	g.t.Helper()
	g.do(chromedp.Navigate(address))
}

// at waits until the page is one whose path begins so.
func (g *guest) at(path string) {
	g.t.Helper()
	g.until(`location.pathname.startsWith(` + quote(path) + `)`)
}

// sees waits until the page says all of it.
func (g *guest) sees(words ...string) {
	g.t.Helper()
	for _, word := range words {
		g.until(`document.body.innerText.includes(` + quote(word) + `)`)
	}
}

// press clicks on what is called so: a button or a link, by what a screen reader would call it.
func (g *guest) press(name string) {
	g.t.Helper()
	found := `[...document.querySelectorAll("button, a, summary")].find(e => e.textContent.replace(/\s+/g, " ").trim() === ` + quote(name) + ` && e.checkVisibility())`
	g.until(found)
	mark := `document.querySelectorAll("[data-e2e]").forEach(e => delete e.dataset.e2e); ` + found + `.dataset.e2e = ""`
	if _, err := ask[string](g, mark); err != nil {
		g.t.Fatalf("%s: %v", name, err)
	}
	g.do(chromedp.Click(chromedp.CSS(`[data-e2e]`)))
}

// fill types into the fields of those names.
func (g *guest) fill(fields ...string) {
	g.t.Helper()
	for i := 0; i < len(fields); i += 2 {
		field := `[name="` + fields[i] + `"]`
		g.do(chromedp.WaitVisible(chromedp.CSS(field)))
		if _, err := ask[string](g, `document.querySelector(`+quote(field)+`).value = ""`); err != nil {
			g.t.Fatalf("%s: %v", field, err)
		}
		g.do(chromedp.SendKeys(chromedp.CSS(field), fields[i+1]))
	}
}

// choose takes the option that is called so.
func (g *guest) choose(field, option string) {
	g.t.Helper()
	list := `document.querySelector('select[name="` + field + `"]')`
	_, err := ask[string](g, list+`.value = [...`+list+`.options].find(o => o.textContent === `+quote(option)+`).value`)
	if err != nil {
		g.t.Fatalf("%s of %s: %v", option, field, err)
	}
}

// inFrame waits until the page in the frame with that path says all of it.
func (g *guest) inFrame(path string, words ...string) {
	g.t.Helper()
	testkit.Eventually(g.t, patience, func() (bool, string) {
		said, err := g.readFrame(path)
		if err != nil {
			return false, err.Error()
		}
		for _, word := range words {
			if !strings.Contains(said, word) {
				return false, word + " is not in the frame: " + said
			}
		}
		return true, ""
	})
}

// readFrame is what the page in the frame with that path says.
func (g *guest) readFrame(path string) (said string, err error) {
	ctx, cancel := context.WithTimeout(g.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, func(ctx context.Context, t *chromedp.Target) (string, error) {
		tree, err := cdp.Call(ctx, t, page.GetFrameTree, cdp.Empty{})
		if err != nil {
			return "", err
		}
		for _, child := range tree.FrameTree.ChildFrames {
			if !strings.Contains(child.Frame.URL, path) {
				continue
			}
			world, err := cdp.Call(ctx, t, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: child.Frame.ID})
			if err != nil {
				return "", err
			}
			in := func(p *runtime.EvaluateParams) { p.ContextID = world.ExecutionContextID }
			return chromedp.Evaluate[string](`document.readyState === "complete" ? document.body.innerText : ""`, in)(ctx, t)
		}
		return "", fmt.Errorf("no frame shows %s", path)
	})
}

func quote(text string) string {
	out, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(out)
}

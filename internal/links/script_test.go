package links

import (
	"os"
	"strings"
	"testing"
)

// TestTheScriptIsSmallAndHarmless holds what can be seen in its text: it is of a size that nobody notices, runs nothing that it was not
// shipped with, asks nobody, and writes no markup.
func TestTheScriptIsSmallAndHarmless(t *testing.T) {
	t.Parallel()
	if len(script) > 1500 {
		t.Errorf("the script has %d bytes", len(script))
	}
	text := string(script)
	for _, word := range []string{
		"eval", "Function(", "setTimeout", "setInterval", "import", "fetch", "XMLHttpRequest", "sendBeacon", "WebSocket", "EventSource", "Image", ".src",
		"innerHTML", "outerHTML", "insertAdjacent", "document.write", "createElement", "postMessage", "window.", "navigator", "http:", "//",
	} {
		if strings.Contains(text, word) {
			t.Errorf("the script has %q in it", word)
		}
	}
	for _, word := range []string{`"use strict"`, `[\w-]{3,32}`, `[a-z0-9-]{1,20}`, "SameSite=Lax", "; Secure", "form[data-plusone]", "referral_code", "source", "Max-Age="} {
		if !strings.Contains(text, word) {
			t.Errorf("the script lacks %q", word)
		}
	}
}

func TestTheScriptIsServed(t *testing.T) {
	t.Parallel()
	d := open(t)
	w := d.get("/plusone.js")
	if w.Code != 200 || w.Body.String() != string(script) {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	for header, want := range map[string]string{
		"Content-Type": "text/javascript; charset=utf-8", "X-Content-Type-Options": "nosniff", "Etag": scriptTag,
		"Cache-Control": "public, max-age=86400, stale-while-revalidate=604800", "Access-Control-Allow-Origin": "*",
	} {
		if got := w.Header().Get(header); got != want {
			t.Errorf("%s is %q, want %q", header, got, want)
		}
	}
	if w.Header().Get("Set-Cookie") != "" {
		t.Error("it sets a cookie")
	}
	if again := d.get("/plusone.js", "If-None-Match", scriptTag); again.Code != 304 || again.Body.Len() != 0 {
		t.Errorf("asked again: %d with %d bytes", again.Code, again.Body.Len())
	}
	if again := d.get("/plusone.js", "If-None-Match", `"older"`); again.Code != 200 {
		t.Errorf("asked with another: %d", again.Code)
	}
	if head := d.do("HEAD", "/plusone.js"); head.Code != 200 || head.Body.Len() != 0 {
		t.Errorf("HEAD: %d with %d bytes", head.Code, head.Body.Len())
	}
}

// TestIntegrity holds that the README names the script that is served: a page that requires another would not run it.
func TestIntegrity(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := `integrity="` + Integrity() + `"`; strings.Count(string(text), "integrity=\"sha384-") != 1 || !strings.Contains(string(text), want) {
		t.Errorf("README.md does not say %s", want)
	}
}

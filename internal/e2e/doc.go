// Package e2e has tests alone: they click the whole story through in a real browser, shop, dashboard and console, at the size of
// a phone and of a desk, and look at every page they come by. Pictures of them are left in bin/screenshots.
package e2e

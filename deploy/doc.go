// Package deploy holds what plusone is deployed and watched with, and the tests that keep it true.
package deploy

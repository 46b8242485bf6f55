// Package deploy holds what plusone is deployed and watched with, and the tests of it: the image's contents are built as the
// Dockerfile builds them and started in an empty root, the systemd units are analysed by systemd and their commands
// started. YAML and Dockerfile are checked by .tools/manifests, which is too large to be a part of plusone. A real Prometheus
// judges the rules, and runs every query of the dashboard against a running plusone.
package deploy

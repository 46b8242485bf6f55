package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// house is what the repository says elsewhere, and what a deployment must agree with.
type house struct {
	goVersion   string        // the least that go.mod asks for: "1.26.0"
	natsVersion string        // of the server that the tests run against: "2.15.2"
	stopWithin  time.Duration // how long a role takes to stop at most
}

var (
	goLine   = regexp.MustCompile(`(?m)^go (\S+)$`)
	natsLine = regexp.MustCompile(`(?m)^\s*github\.com/nats-io/nats-server/v2 v(\S+)$`)
	stopLine = regexp.MustCompile(`(?m)^const stopWithin = (\d+) \* time\.Second$`)
)

func readHouse(root string) (h house, err error) {
	module, err := os.ReadFile(filepath.Join(root, "go.mod")) //nolint:gosec // the repository that is checked
	if err != nil {
		return h, err
	}
	roles, err := os.ReadFile(filepath.Join(root, "cmd", "plusone", "roles.go")) //nolint:gosec // the same
	if err != nil {
		return h, err
	}
	goVersion, nats, stop := goLine.FindSubmatch(module), natsLine.FindSubmatch(module), stopLine.FindSubmatch(roles)
	if goVersion == nil || nats == nil {
		return h, errors.New("go.mod no longer says which Go and which nats-server, or says it otherwise: mend .tools/manifests/house.go")
	}
	if stop == nil {
		return h, errors.New("cmd/plusone/roles.go no longer says `const stopWithin = N * time.Second`: mend .tools/manifests/house.go")
	}
	seconds, err := strconv.Atoi(string(stop[1]))
	if err != nil {
		return h, fmt.Errorf("stopWithin: %w", err)
	}
	return house{string(goVersion[1]), string(nats[1]), time.Duration(seconds) * time.Second}, nil
}

// pinned is an image with a digest or a whole version: what was tested is what runs.
var pinned = regexp.MustCompile(`(@sha256:[0-9a-f]{64}|:v?\d+\.\d+(\.\d+)?(-[a-z0-9.]+)?)$`)

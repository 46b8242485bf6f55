package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
)

const composeFile = "deploy/compose.yaml"

// checkCompose loads the file as `docker compose` does: schema, variables, references.
func checkCompose(ctx context.Context, root string, h house) (all faults) {
	dir, err := filepath.Abs(filepath.Join(root, "deploy"))
	if err != nil {
		all.add(composeFile, "%v", err)
		return all
	}
	project, err := loader.LoadWithContext(ctx, types.ConfigDetails{
		WorkingDir:  dir,
		ConfigFiles: []types.ConfigFile{{Filename: filepath.Join(dir, "compose.yaml")}},
		Environment: types.Mapping{}, // a clone, and nothing set
	}, func(o *loader.Options) { o.Profiles = []string{"*"} })
	if err != nil {
		all.add(composeFile, "%v", err)
		return all
	}
	for name, service := range project.Services {
		place := composeFile + ": " + name
		all = append(all, confinement(place, service)...)
		all = append(all, upkeep(place, service, h)...)
		all = append(all, sources(place, dir, service)...)
	}
	all = append(all, composeNetworks(project)...)
	return append(all, composeSecrets(ctx, dir, project)...)
}

// confinement is what keeps a container that was taken over from doing more.
func confinement(place string, s types.ServiceConfig) (all faults) {
	if !s.ReadOnly {
		all.add(place, "its root can be written: read_only")
	}
	if !slices.Equal(s.CapDrop, []string{"ALL"}) || len(s.CapAdd) > 0 || s.Privileged {
		all.add(place, "it keeps capabilities: cap_drop [ALL], cap_add nothing")
	}
	if !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
		all.add(place, "it may gain privileges: security_opt no-new-privileges:true")
	}
	isNATS := strings.HasPrefix(s.Image, "nats:") // whose image knows only root
	if user, _, _ := strings.Cut(s.User, ":"); !isNATS && (user == "" || user == "0" || user == "root") {
		all.add(place, "it runs as root: user")
	}
	for _, p := range s.Ports {
		if p.HostIP != "127.0.0.1" {
			all.add(place, "port %s is published to the world: 127.0.0.1:%s:%d", p.Published, p.Published, p.Target)
		}
	}
	if s.NetworkMode != "" || s.Pid != "" || s.Ipc != "" {
		all.add(place, "it shares a namespace of the machine's")
	}
	for _, v := range s.Volumes {
		if v.Type == types.VolumeTypeBind && !v.ReadOnly {
			all.add(place, "it can write %s", v.Source)
		}
	}
	return all
}

// upkeep is what lets a machine run it for years.
func upkeep(place string, s types.ServiceConfig, h house) (all faults) {
	if s.Build == nil && !pinned.MatchString(s.Image) {
		all.add(place, "%s is no version: tomorrow it is another image", s.Image)
	}
	if version, ok := strings.CutPrefix(s.Image, "nats:"); ok && version != h.natsVersion+"-alpine" {
		all.add(place, "it runs %s, and the tests %s", s.Image, h.natsVersion)
	}
	if s.Deploy == nil || s.Deploy.Resources.Limits == nil || s.Deploy.Resources.Limits.MemoryBytes == 0 ||
		s.Deploy.Resources.Limits.NanoCPUs == 0 || s.Deploy.Resources.Limits.Pids == 0 {
		all.add(place, "it may take all of the machine: deploy.resources.limits of cpus, memory and pids")
	}
	switch s.Restart {
	case "no":
		return all
	case "unless-stopped":
	default:
		all.add(place, "restart is %q: unless-stopped for a server, no for a step", s.Restart)
	}
	if s.HealthCheck == nil || s.HealthCheck.Disable || len(s.HealthCheck.Test) < 2 {
		all.add(place, "nobody sees when it is ill: healthcheck")
	}
	if s.Build != nil && (s.StopGracePeriod == nil || time.Duration(*s.StopGracePeriod) <= h.stopWithin) {
		all.add(place, "it is killed while it stops in order, which takes up to %s: stop_grace_period", h.stopWithin)
	}
	return all
}

// sources are the files that a service is built from or mounts.
func sources(place, dir string, s types.ServiceConfig) (all faults) {
	if s.Build != nil {
		if _, err := os.Stat(filepath.Join(s.Build.Context, s.Build.Dockerfile)); err != nil {
			all.add(place, "%v", err)
		}
	}
	for _, v := range s.Volumes {
		if v.Type != types.VolumeTypeBind {
			continue
		}
		if _, err := os.Stat(v.Source); err != nil {
			all.add(place, "it mounts what is not there: %v", err)
		}
		if inside, err := filepath.Rel(dir, v.Source); err != nil || strings.HasPrefix(inside, "..") {
			all.add(place, "it mounts %s, which is not deploy's", v.Source)
		}
	}
	return all
}

// composeNetworks says who can reach whom: the door not the database, and neither of both the outside.
func composeNetworks(p *types.Project) (all faults) {
	members := func(network string) (names []string) {
		for name, s := range p.Services {
			if _, ok := s.Networks[network]; ok {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		return names
	}
	for network, want := range map[string][]string{
		"database":   {"api", "audit", "logins", "migrate", "postgres", "tools", "worker"},
		"stream":     {"api", "ingress", "nats-1", "nats-2", "nats-3", "streams", "tools", "worker"},
		"monitoring": {"api", "audit", "grafana", "ingress", "prometheus", "worker"},
	} {
		if !p.Networks[network].Internal {
			all.add(composeFile, "the network %s reaches the outside: internal", network)
		}
		if got := members(network); !slices.Equal(got, want) {
			all.add(composeFile, "on the network %s are %v, and should be %v", network, got, want)
		}
	}
	return all
}

// secretName is what a variable with a secret in it is called.
var secretName = regexp.MustCompile(`PASSWORD|SECRET|TOKEN|_KEY|DATABASE_URL|NATS_URL`)

// mayHold says which secrets each role is given. Whoever is not named is given none of plusone's.
var mayHold = map[string][]string{
	"ingress": {"ingress_nats_url", "stripe_webhook_secret", "events_token"},
	"worker":  {"worker_nats_url", "worker_database_url", "hash_key"},
	"api":     {"api_nats_url", "api_database_url", "api_token", "admin_token", "user_jwt_secret"},
	"audit":   {"tools_database_url"},
	"streams": {"tools_nats_url"},
	"tools":   {"tools_nats_url", "tools_database_url"},
	"migrate": {"owner_database_url"},
}

// composeSecrets follows each secret from the script that makes it to who is given it.
func composeSecrets(ctx context.Context, dir string, p *types.Project) (all faults) {
	made, err := makeSecrets(ctx, dir)
	if err != nil {
		all.add(composeFile, "%v", err)
		return all
	}
	given := map[string]bool{}
	for name, s := range p.Services {
		place := composeFile + ": " + name
		var holds []string
		for _, secret := range s.Secrets {
			given[secret.Source] = true
			holds = append(holds, secret.Source)
		}
		if want, ok := mayHold[name]; ok && !slices.Equal(slices.Sorted(slices.Values(holds)), slices.Sorted(slices.Values(want))) {
			all.add(place, "it is given %v, and should be given %v", holds, want)
		}
		for variable, value := range s.Environment {
			file := strings.HasSuffix(variable, "_FILE")
			if secretName.MatchString(variable) && !file {
				all.add(place, "%s is a secret in the open: use a file", variable)
			}
			if file && (value == nil || !slices.Contains(holds, strings.TrimPrefix(*value, "/run/secrets/"))) {
				all.add(place, "%s names no secret that it is given", variable)
			}
		}
	}
	for name, secret := range p.Secrets {
		if secret.File != filepath.Join(dir, "secrets", name) || !slices.Contains(made, name) {
			all.add(composeFile, "deploy/make-secrets does not make the secret %s (%s)", name, secret.File)
		}
		if !given[name] {
			all.add(composeFile, "nobody is given the secret %s", name)
		}
	}
	return all
}

// makeSecrets runs the script for real, into a folder that is thrown away, and says what it made.
func makeSecrets(ctx context.Context, dir string) (names []string, err error) {
	scratch, err := os.MkdirTemp("", "secrets-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)                                                     //nolint:errcheck // it is in the folder for such things
	script := exec.CommandContext(ctx, filepath.Join(dir, "make-secrets"), scratch) //nolint:gosec // the repository's own
	if out, err := script.CombinedOutput(); err != nil {
		return nil, &exec.Error{Name: "deploy/make-secrets: " + string(out), Err: err}
	}
	files, err := os.ReadDir(scratch)
	for _, f := range files {
		names = append(names, f.Name())
	}
	return names, err
}

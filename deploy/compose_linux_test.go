package deploy

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats-server/v2/conf"

	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/testkit"
)

// makeSecrets runs the script that the newcomer runs.
func makeSecrets(t *testing.T) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "secrets")
	if out, err := exec.CommandContext(t.Context(), "./make-secrets", dir).CombinedOutput(); err != nil {
		t.Fatalf("make-secrets: %v\n%s", err, out)
	}
	return dir
}

func TestSecretsAreMadeOnce(t *testing.T) {
	dir := makeSecrets(t)
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("others can enter the folder of the secrets: %v, %v", info.Mode(), err)
	}
	first := map[string]string{}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for _, f := range files {
		text := read(t, filepath.Join(dir, f.Name()))
		first[f.Name()] = text
		if len(text) < 64 || seen[text] != "" {
			t.Errorf("%s is short, or the same as %s", f.Name(), seen[text])
		}
		seen[text] = f.Name()
	}
	own := filepath.Join(dir, "stripe_webhook_secret") // somebody puts Stripe's there, and loses another
	write(t, own, "whsec_from_stripe\n", 0o644)
	if err := os.Remove(filepath.Join(dir, "api_token")); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "./make-secrets", dir).CombinedOutput(); err != nil {
		t.Fatalf("make-secrets: %v\n%s", err, out)
	}
	for name, before := range first {
		after := read(t, filepath.Join(dir, name))
		switch name {
		case "stripe_webhook_secret":
			before = "whsec_from_stripe\n"
		case "api_token":
			if after == before {
				t.Error("a secret that is made anew is the one that was lost")
			}
			continue
		}
		if after != before {
			t.Errorf("%s was changed by a second run", name)
		}
	}
}

// script is what a service of compose.yaml starts with, as its shell is given it; secrets are those of a folder.
func script(t *testing.T, service, secrets string) (shell []string) {
	t.Helper()
	var file struct {
		Services map[string]struct{ Entrypoint []string }
	}
	if err := yaml.Unmarshal([]byte(read(t, "compose.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	shell = file.Services[service].Entrypoint
	if len(shell) != 3 {
		t.Fatalf("%s starts with %v", service, shell)
	}
	shell[2] = strings.NewReplacer("$$", "$", "/run/secrets", secrets).Replace(shell[2])
	return shell
}

// instead puts a program before all others of that name.
func instead(t *testing.T, name, text string) (path string) {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, name), text, 0o755)
	return "PATH=" + dir + ":" + os.Getenv("PATH")
}

// TestComposeStartsNATS runs what the containers of NATS start with, up to the server, which looks at its configuration
// and what it was given.
func TestComposeStartsNATS(t *testing.T) {
	secrets, here, seen := makeSecrets(t), mustAbs(t, "nats"), filepath.Join(t.TempDir(), "environment")
	server := testkit.Binary(t, "github.com/nats-io/nats-server/v2")
	shell := script(t, "nats-1", secrets)
	cmd := exec.CommandContext(t.Context(), shell[0], shell[1:]...)
	cmd.Env = []string{"NATS_NODE_NAME=nats-1", instead(t, "nats-server", `#!/bin/sh
env > `+seen+`
[ "$1 $2" = "--config /etc/nats/cluster.conf" ] || exit 9
shift 2
exec `+server+` -t --config `+here+`/cluster.conf "$@"
`)}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("nats-server does not take what compose.yaml gives it: %v\n%s", err, out)
	}
	environment := map[string]string{}
	for line := range strings.Lines(read(t, seen)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		environment[name] = value
		if strings.HasPrefix(name, "NATS_") {
			t.Setenv(name, value)
		}
	}
	mustKeepStreamsIn(t, filepath.Join(here, "cluster.conf"), "/data")
	for _, user := range []string{"ingress", "worker", "api", "tools", "sys", "cluster"} {
		want := read(t, filepath.Join(secrets, "nats_"+user+"_password"))
		t.Setenv("GIVEN", environment["NATS_"+strings.ToUpper(user)+"_PASSWORD"])
		if got, err := conf.Parse("password: $GIVEN"); err != nil || got["password"] != want {
			t.Errorf("NATS reads %v as the password of %s, and it is %q (%v)", got, user, want, err)
		}
	}
	t.Setenv("GIVEN", environment["NATS_ROUTES"])
	got, err := conf.Parse("routes: $GIVEN")
	if routes, ok := got["routes"].([]any); err != nil || !ok || len(routes) != 3 {
		t.Fatalf("NATS reads %v as the routes (%v)", got, err)
	}
	cluster := read(t, filepath.Join(secrets, "nats_cluster_password"))
	for i, route := range got["routes"].([]any) {
		want := "nats-route://cluster:" + cluster + "@nats-" + string(rune('1'+i)) + ":6222"
		if route != want {
			t.Errorf("a route is %v, want %s", route, want)
		}
	}
}

// mustKeepStreamsIn: what is kept anywhere else is gone with the container.
func mustKeepStreamsIn(t *testing.T, config, volume string) {
	t.Helper()
	all, err := conf.ParseFile(config)
	if err != nil {
		t.Fatal(err)
	}
	jetstream, _ := all["jetstream"].(map[string]any)
	if dir, ok := jetstream["store_dir"].(string); !ok || dir != volume && !strings.HasPrefix(dir, volume+"/") {
		t.Errorf("%s keeps the streams in %v, and compose.yaml mounts a volume at %s", config, jetstream["store_dir"], volume)
	}
}

// TestComposeMakesLogins runs the step of that name against a real PostgreSQL, and logs in as each role would.
func TestComposeMakesLogins(t *testing.T) {
	postgres := testkit.PostgresProcess(t, nil)
	if _, err := store.Migrate(t.Context(), postgres.DSN()); err != nil {
		t.Fatal(err)
	}
	owner, err := url.Parse(postgres.DSN())
	if err != nil {
		t.Fatal(err)
	}
	secrets, password := makeSecrets(t), ""
	if password, _ = owner.User.Password(); password == "" {
		t.Fatal("the owner has no password")
	}
	write(t, filepath.Join(secrets, "postgres_owner_password"), password, 0o644)
	shell := script(t, "logins", secrets)
	shell[2] = strings.ReplaceAll(shell[2], "/logins.sql", mustAbs(t, "postgres/logins.sql"))
	for range 2 { // it runs at each start
		cmd := exec.CommandContext(t.Context(), shell[0], shell[1:]...)
		cmd.Env = []string{
			"PGHOST=" + owner.Hostname(), "PGPORT=" + owner.Port(), "PGUSER=plusone", "PGDATABASE=plusone", "PGSSLMODE=disable",
			"PATH=" + psqlFolder(t) + ":" + os.Getenv("PATH"),
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("the step ends with %v\n%s", err, out)
		}
	}
	for _, role := range []string{"worker", "api", "tools"} {
		given := strings.Replace(read(t, filepath.Join(secrets, role+"_database_url")), "@postgres:5432/", "@"+owner.Host+"/", 1)
		conn, err := pgx.Connect(t.Context(), given)
		if err != nil {
			t.Errorf("%s can not log in: %v", role, err)
			continue
		}
		var group, super bool
		err = conn.QueryRow(t.Context(), "select pg_has_role(current_user, $1, 'usage'), rolsuper from pg_roles where rolname = current_user",
			"plusone_"+role).Scan(&group, &super)
		if err != nil || !group || super {
			t.Errorf("%s is in its group: %v, is superuser: %v (%v)", role, group, super, err)
		}
		conn.Close(t.Context())
	}
}

// psqlFolder is where PostgreSQL's own client is: it comes with the server.
func psqlFolder(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("PLUSONE_PG_BIN"); dir != "" {
		return dir
	}
	if path, err := exec.LookPath("psql"); err == nil {
		return filepath.Dir(path)
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/psql")
	if err != nil || len(found) == 0 {
		t.Fatal("there is no psql: run `make deps`")
	}
	return filepath.Dir(slices.Max(found))
}

func mustAbs(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

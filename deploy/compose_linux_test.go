package deploy

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	natsserver "github.com/nats-io/nats-server/v2/server"

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

// composed is what the tests look at in compose.yaml.
type composed struct {
	Services map[string]struct {
		Image       string
		Command     []string
		Entrypoint  []string
		Environment map[string]string
		Networks    []string
		Volumes     []string
	}
}

func readCompose(t *testing.T) (c composed) {
	t.Helper()
	readYAML(t, "compose.yaml", &c)
	return c
}

// script is what a service of compose.yaml starts with, as its shell is given it; secrets are those of a folder.
func (c composed) script(t *testing.T, service, secrets string) (shell []string) {
	t.Helper()
	shell = slices.Clone(c.Services[service].Entrypoint)
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

// TestComposeStartsNATS runs what each container of NATS starts with, up to the server, which looks at its configuration
// and what it was given.
func TestComposeStartsNATS(t *testing.T) {
	secrets, compose := makeSecrets(t), readCompose(t)
	for _, node := range []string{"nats-1", "nats-2", "nats-3"} {
		t.Run(node, func(t *testing.T) { compose.mustStartNATS(t, node, secrets) })
	}
}

func (c composed) mustStartNATS(t *testing.T, node, secrets string) {
	here, seen := mustAbs(t, "nats"), filepath.Join(t.TempDir(), "environment")
	server := testkit.Binary(t, "github.com/nats-io/nats-server/v2")
	shell := c.script(t, node, secrets)
	cmd := exec.CommandContext(t.Context(), shell[0], shell[1:]...)
	cmd.Env = []string{instead(t, "nats-server", `#!/bin/sh
env > `+seen+`
[ "$*" = "--config /etc/nats/nats.conf" ] || exit 9
exec `+server+` -t --config `+here+`/nats.conf
`)}
	for name, value := range c.Services[node].Environment {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("nats-server does not take what compose.yaml gives it: %v\n%s", err, out)
	}
	for line := range strings.Lines(read(t, seen)) {
		if name, value, _ := strings.Cut(strings.TrimSpace(line), "="); strings.HasPrefix(name, "PLUSONE_NATS_") {
			t.Setenv(name, value)
		}
	}
	opts, err := natsserver.ProcessConfigFile(filepath.Join(here, "nats.conf"))
	if err != nil {
		t.Fatal(err)
	}
	password := func(user string) string { return read(t, filepath.Join(secrets, "nats_"+user+"_password")) }
	if opts.ServerName != node || opts.StoreDir != "/data" || !slices.Contains(c.Services[node].Volumes, node+":/data") {
		t.Errorf("%s is called %s and keeps its streams in %s, of the volumes %v", node, opts.ServerName, opts.StoreDir, c.Services[node].Volumes)
	}
	users := []string{"sys", "ingress", "worker", "tools", "producer", "consumer"}
	for _, u := range opts.Users {
		if i := slices.Index(users, u.Username); i >= 0 && u.Password == password(u.Username) {
			users = slices.Delete(users, i, i+1)
		}
	}
	if len(users) > 0 || opts.Cluster.Username != "route" || opts.Cluster.Password != password("route") {
		t.Errorf("NATS has not the passwords that were made, of %v or of the routes", users)
	}
	for i, route := range opts.Routes {
		if want := "nats://route:" + password("route") + "@nats-" + string(rune('1'+i)) + ":6222"; route.String() != want {
			t.Errorf("a route is %s, want %s", route, want)
		}
	}
	if len(opts.Routes) != 3 {
		t.Errorf("there are %d routes", len(opts.Routes))
	}
}

// TestComposeKnowsEachUser: who is given an address of NATS is one of its users, and so are those whose passwords are made.
func TestComposeKnowsEachUser(t *testing.T) {
	secrets, accounts := makeSecrets(t), read(t, "nats/accounts.conf")
	files, err := filepath.Glob(filepath.Join(secrets, "*_nats_url"))
	if err != nil || len(files) != 4 {
		t.Fatalf("the addresses are %v (%v)", files, err)
	}
	for _, file := range files {
		user := strings.TrimSuffix(filepath.Base(file), "_nats_url")
		if !strings.Contains(accounts, "user: "+user+", password: $PLUSONE_NATS_"+strings.ToUpper(user)+"_PASSWORD") {
			t.Errorf("accounts.conf has no user %s", user)
		}
		for address := range strings.SplitSeq(read(t, file), ",") {
			if u, err := url.Parse(address); err != nil || u.User.Username() != user {
				t.Errorf("%s has an address of %v (%v)", filepath.Base(file), u, err)
			}
		}
	}
}

// TestComposeShowsTheDashboards: Grafana looks for them where they are mounted, and for Prometheus where it is.
func TestComposeShowsTheDashboards(t *testing.T) {
	services := readCompose(t).Services
	provisioning := read(t, "grafana/provisioning/dashboards/plusone.yml") + read(t, "grafana/provisioning/datasources/prometheus.yml")
	for _, mount := range []struct{ from, to string }{
		{"./grafana/provisioning", "/etc/grafana/provisioning"},
		{"./grafana/dashboards", "/etc/grafana/dashboards"},
	} {
		if !slices.Contains(services["grafana"].Volumes, mount.from+":"+mount.to+":ro") {
			t.Errorf("Grafana mounts %v, and not %s at %s", services["grafana"].Volumes, mount.from, mount.to)
		}
	}
	for _, want := range []string{"path: /etc/grafana/dashboards\n", "url: http://prometheus:9090\n"} {
		if !strings.Contains(provisioning, want) {
			t.Errorf("Grafana is not told %q", want)
		}
	}
	if !slices.Contains(services["prometheus"].Volumes, "./prometheus:/etc/prometheus:ro") {
		t.Errorf("Prometheus mounts %v", services["prometheus"].Volumes)
	}
}

// TestPrometheusFindsEachRole: a job for each, by the name of its service, on the port that it has in the image, over a
// network that both are on.
func TestPrometheusFindsEachRole(t *testing.T) {
	services := readCompose(t).Services
	var config struct {
		Jobs []struct {
			Name string `yaml:"job_name"`
			DNS  []struct {
				Names []string
				Port  int
			} `yaml:"dns_sd_configs"`
		} `yaml:"scrape_configs"`
	}
	readYAML(t, "prometheus/prometheus.yml", &config)
	var found []string
	for _, job := range config.Jobs {
		if len(job.DNS) != 1 || !slices.Equal(job.DNS[0].Names, []string{job.Name}) {
			t.Fatalf("the job %s looks for %+v", job.Name, job.DNS)
		}
		found = append(found, job.Name)
		service, listens := services[job.Name], fmt.Sprintf("PLUSONE_ADMIN=:%d", job.DNS[0].Port)
		if !slices.Contains(service.Networks, "monitoring") || service.Environment["PLUSONE_ADMIN"] != "" || !strings.Contains(read(t, "Dockerfile"), listens) {
			t.Errorf("Prometheus does not reach %s on port %d: %+v", job.Name, job.DNS[0].Port, service)
		}
	}
	for name, service := range services {
		role := len(service.Command) > 0 && service.Command[0] == name && slices.Contains(service.Networks, "monitoring")
		if role != slices.Contains(found, name) {
			t.Errorf("%s is a role: %v, and Prometheus looks for %v", name, role, found)
		}
	}
	if !slices.Contains(services["prometheus"].Networks, "monitoring") {
		t.Errorf("Prometheus is on %v", services["prometheus"].Networks)
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
	shell := readCompose(t).script(t, "logins", secrets)
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

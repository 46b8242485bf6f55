package deploy

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/plusone-dev/plusone/internal/testkit"
)

// installed is where the units look for the program.
const installed = "/usr/local/bin/plusone"

// exposure is what systemd's own reckoning may come to at most, of 100 for a unit that restricts nothing. What is left
// is mostly that plusone speaks IP, to addresses that only the operator knows.
const exposure = "15"

func units(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("systemd/*.service")
	if err != nil || len(files) < 6 {
		t.Fatalf("the units are %v (%v)", files, err)
	}
	return files
}

// analyze asks systemd about a folder of units; what it prints is what is wrong.
func analyze(t testing.TB, dir string, arguments ...string) (output string, err error) {
	t.Helper()
	path, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Fatal("this test needs systemd-analyze: run `make deps`, or as root apt-get install systemd")
	}
	cmd := exec.CommandContext(t.Context(), path, arguments...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "SYSTEMD_PAGER=", "SYSTEMD_COLORS=0", "LC_ALL=C.UTF-8")
	text, err := cmd.CombinedOutput()
	return string(text), err
}

// stage copies the units, changed by a change, with a program where they look for it.
func stage(t testing.TB, change func(text string) string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	program := filepath.Join(dir, "plusone")
	write(t, program, "#!/bin/sh\n", 0o755)
	files := append(units(t), "systemd/plusone-.service.d/hardening.conf")
	for _, file := range files {
		text := change(read(t, file))
		write(t, filepath.Join(dir, strings.TrimPrefix(file, "systemd/")), strings.ReplaceAll(text, installed, program), 0o644)
	}
	return dir
}

func verify(t testing.TB, dir, unit string) (string, error) {
	t.Helper()
	return analyze(t, dir, "verify", "--man=no", "--recursive-errors=no", "./"+unit)
}

// held are the restrictions that must stand by themselves, whatever the sum comes to, as systemd calls them. Newer
// versions of systemd look at more; the sum is for those.
var held = []string{
	"User=/DynamicUser=", "NoNewPrivileges=", "ProtectSystem=", "ProtectHome=", "PrivateTmp=", "PrivateDevices=", "PrivateUsers=",
	"MemoryDenyWriteExecute=", "RestrictNamespaces=~user", "RestrictAddressFamilies=~AF_PACKET", "RestrictAddressFamilies=~AF_NETLINK",
	"SystemCallArchitectures=", "SystemCallFilter=~@privileged", "SystemCallFilter=~@mount", "SystemCallFilter=~@debug",
	"CapabilityBoundingSet=~CAP_SYS_ADMIN", "CapabilityBoundingSet=~CAP_NET_ADMIN", "ProtectKernelTunables=", "ProtectProc=", "UMask=",
}

// security is what a unit may still do that it should not, in systemd's words.
func security(t testing.TB, dir, unit string) (string, error) {
	t.Helper()
	text, err := analyze(t, dir, "security", "--offline=yes", "--no-pager", "--threshold="+exposure, "--json=short", "./"+unit)
	var lines []struct {
		Set         *bool
		Name        string
		Description string
	}
	if json.Unmarshal([]byte(text), &lines) != nil {
		return text, errors.Join(err, errors.New("that is no JSON"))
	}
	missing := slices.Clone(held)
	var open strings.Builder
	for _, l := range lines {
		switch {
		case l.Set != nil && *l.Set:
			missing = slices.DeleteFunc(missing, func(name string) bool { return name == l.Name })
		case l.Set != nil:
			fmt.Fprintf(&open, "%s %s\n", l.Name, l.Description)
		}
	}
	if len(missing) > 0 {
		err = errors.Join(err, fmt.Errorf("it must not go without %v", missing))
	}
	return open.String(), err
}

func TestSystemdHasNothingToSay(t *testing.T) {
	dir := stage(t, func(text string) string { return text })
	for _, file := range units(t) {
		unit := filepath.Base(file)
		if out, err := verify(t, dir, unit); err != nil || out != "" {
			t.Errorf("%s: %v\n%s", unit, err, out)
		}
		if out, err := security(t, dir, unit); err != nil {
			t.Errorf("%s may do too much (exposure above %s of 100): %v\n%s", unit, exposure, err, out)
		}
	}
}

// TestSystemdWouldSaySo spoils the units, and sees that it is found.
func TestSystemdWouldSaySo(t *testing.T) {
	const unit = "plusone-worker.service"
	for _, c := range []struct {
		old, new string
		check    func(t testing.TB, dir, unit string) (string, error)
		says     string
	}{
		{"LockPersonality=", "LockPersonalities=", verify, "Unknown key"},
		{"SystemCallFilter=@system-service", "SystemCallFilter=@systems-service", verify, "@systems-service"},
		{"ExecStart=" + installed, "ExecStart=/nowhere/plusone", verify, "not executable"},
		{"DynamicUser=yes", "User=root", security, "Service runs as root user"},
		{"MemoryDenyWriteExecute=yes", "MemoryDenyWriteExecute=no", security, "MemoryDenyWriteExecute="},
		{"~@privileged @resources", "@privileged", security, "SystemCallFilter=~@privileged"},
		{"CapabilityBoundingSet=\n", "CapabilityBoundingSet=CAP_SYS_ADMIN\n", security, "CapabilityBoundingSet=~CAP_SYS_ADMIN"},
		{"[Service]\nDynamicUser", "[Unit]\nDynamicUser", security, "ProtectSystem="}, // the file with all of it is not heeded
	} {
		dir := stage(t, func(text string) string { return strings.Replace(text, c.old, c.new, 1) })
		if out, err := c.check(t, dir, unit); err == nil || !strings.Contains(out, c.says) {
			t.Errorf("with %s it says (%v) not %q but:\n%s", c.new, err, c.says, out)
		}
	}
}

// unit is what a service file says, as far as systemd's own checks do not go.
type unit struct {
	args        []string          // of the program
	environment map[string]string // with %d for the folder of the credentials
	credentials map[string]string // where each comes from
	oneshot     bool
}

var unitSetting = regexp.MustCompile(`(?m)^(\w+)=(.*)$`)

func readUnit(t testing.TB, file string) unit {
	t.Helper()
	u := unit{environment: map[string]string{}, credentials: map[string]string{}}
	for _, m := range unitSetting.FindAllStringSubmatch(read(t, file), -1) {
		switch key, value := m[1], m[2]; key {
		case "ExecStart":
			words := strings.Fields(value)
			if words[0] != installed {
				t.Errorf("%s starts %s", file, words[0])
			}
			u.args = words[1:]
		case "Environment":
			for variable := range strings.FieldsSeq(value) {
				name, text, _ := strings.Cut(variable, "=")
				u.environment[name] = text
			}
		case "LoadCredential":
			id, path, _ := strings.Cut(value, ":")
			u.credentials[id] = path
		case "Type":
			u.oneshot = value == "oneshot"
		}
	}
	return u
}

// TestUnitsStart does what systemd would do with each unit: its credentials as files, its environment, its command. The
// ports are given as the operator's own file would give them.
func TestUnitsStart(t *testing.T) {
	binary := testkit.Binary(t, "github.com/plusone-dev/plusone/cmd/plusone")
	known := map[string]string{"NATS_URL": testkit.NATSProcess(t).URL(), "DATABASE_URL": testkit.Database(t)}
	for name, value := range secrets {
		known[name] = value
	}
	for _, file := range units(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			u := readUnit(t, file)
			p := testkit.StartProcess(t, testkit.ProcessConfig{Path: binary, Args: u.args, Env: u.prepare(t, known)})
			if u.oneshot {
				if code := p.Wait(patience); code != 0 {
					t.Errorf("it ended with %d and says %s", code, p.Output())
				}
				return
			}
			p.WaitHealthy(patience, "http://"+listensAt(t, p, "admin")+"/readyz")
			p.Signal(syscall.SIGTERM)
			if code := p.Wait(patience); code != 0 {
				t.Errorf("it ended with %d", code)
			}
		})
	}
}

// prepare makes the credentials of a unit, and its environment.
func (u unit) prepare(t *testing.T, known map[string]string) (env []string) {
	t.Helper()
	dir, read := t.TempDir(), map[string]bool{}
	for name, value := range u.environment {
		variable, isFile := strings.CutSuffix(name, "_FILE")
		if !isFile {
			env = append(env, name+"="+value)
			continue
		}
		id := strings.TrimPrefix(value, "%d/")
		if read[id] = true; u.credentials[id] == "" || known[variable] == "" {
			t.Errorf("%s=%s names no credential, or one that nobody knows", name, value)
		}
		write(t, filepath.Join(dir, id), known[variable]+"\n", 0o400)
		env = append(env, name+"="+filepath.Join(dir, id))
	}
	for id, path := range u.credentials {
		if !read[id] {
			t.Errorf("nobody reads the credential %s", id)
		}
		if role := u.args[0]; path != "/etc/plusone/secrets/"+role+"-"+id {
			t.Errorf("the credential %s comes from %s, which is not what the README says", id, path)
		}
	}
	return append(env, "PLUSONE_ADMIN=127.0.0.1:0", "PLUSONE_LISTEN=127.0.0.1:0", "PLUSONE_LOG_FORMAT=json")
}

// TestUnitsShareNoPort: all roles may run on one machine.
func TestUnitsShareNoPort(t *testing.T) {
	var taken []string
	for _, file := range units(t) {
		for name, value := range readUnit(t, file).environment {
			if name != "PLUSONE_ADMIN" && name != "PLUSONE_LISTEN" {
				continue
			}
			if !strings.HasPrefix(value, "127.0.0.1:") || slices.Contains(taken, value) {
				t.Errorf("%s listens on %s, which is another's or the world's", file, value)
			}
			taken = append(taken, value)
		}
	}
}

// TestTheReadmeNamesEachSecret: the units and the manifests call a secret by the same name, and the README says which.
func TestTheReadmeNamesEachSecret(t *testing.T) {
	readme := read(t, "README.md")
	for _, file := range units(t) {
		u := readUnit(t, file)
		row := regexp.MustCompile("(?m)^\\| `plusone-" + u.args[0] + "` \\| (`.*)$").FindStringSubmatch(readme)
		if row == nil {
			t.Errorf("no row for the secrets of plusone-%s", u.args[0])
			continue
		}
		for key := range u.credentials {
			if !strings.Contains(row[1], "`"+key+"`") {
				t.Errorf("the secret %s of plusone-%s is not in its row: %s", key, u.args[0], row[1])
			}
		}
		if named := strings.Count(row[1], "`") / 2; named != len(u.credentials) {
			t.Errorf("plusone-%s has %d secrets, and the README names %d", u.args[0], len(u.credentials), named)
		}
	}
}

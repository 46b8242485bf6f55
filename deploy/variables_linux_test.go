package deploy

import (
	"maps"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/plusone-dev/plusone/internal/testkit"
)

// given is what somebody runs plusone with.
type given struct {
	where string
	args  []string
	names []string // of variables
}

// TestEveryVariableIsKnown: a variable that plusone does not know would be without effect, and nobody would be told.
func TestEveryVariableIsKnown(t *testing.T) {
	binary := testkit.Binary(t, "github.com/plusone-dev/plusone/cmd/plusone")
	known := map[string]string{}
	help := func(command string) string {
		if known[command] == "" {
			text, err := exec.CommandContext(t.Context(), binary, command, "--help").CombinedOutput()
			if err != nil {
				t.Fatalf("plusone %s --help: %v\n%s", command, err, text)
			}
			known[command] = string(text)
		}
		return known[command]
	}
	for _, g := range slices.Concat(inCompose(t), inKubernetes(t), inUnits(t)) {
		for _, name := range g.names {
			variable := regexp.MustCompile(`\$` + regexp.QuoteMeta(strings.TrimSuffix(name, "_FILE")) + `\b`)
			if !variable.MatchString(help(g.args[0])) {
				t.Errorf("%s sets %s, which plusone %s does not know", g.where, name, g.args[0])
			}
		}
		for _, arg := range g.args[1:] {
			if flag, ok := strings.CutPrefix(arg, "--"); ok && !strings.Contains(help(g.args[0]), "--"+flag+"=") {
				t.Errorf("%s gives --%s, which plusone %s does not know", g.where, flag, g.args[0])
			}
		}
	}
}

func inCompose(t *testing.T) (all []given) {
	t.Helper()
	for name, s := range readCompose(t).Services {
		if strings.HasPrefix(s.Image, "plusone:") && len(s.Command) > 0 {
			all = append(all, given{"compose.yaml: " + name, s.Command, slices.Collect(maps.Keys(s.Environment))})
		}
	}
	if len(all) < 6 {
		t.Fatalf("compose.yaml runs only %d of plusone's commands", len(all))
	}
	return all
}

func inKubernetes(t *testing.T) (all []given) {
	t.Helper()
	files, err := filepath.Glob("kubernetes/base/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		for document := range strings.SplitSeq(read(t, file), "\n---\n") {
			var object struct {
				Spec struct {
					Template struct {
						Spec struct {
							Containers []struct {
								Args []string
								Env  []struct{ Name string }
							}
						}
					}
				}
			}
			if err := yaml.Unmarshal([]byte(document), &object); err != nil {
				continue // another kind's spec has another shape
			}
			for _, c := range object.Spec.Template.Spec.Containers {
				g := given{where: file, args: c.Args}
				for _, e := range c.Env {
					g.names = append(g.names, e.Name)
				}
				all = append(all, g)
			}
		}
	}
	if len(all) < 6 {
		t.Fatalf("the manifests run only %d of plusone's commands", len(all))
	}
	return append(all, inConfigMap(t)...)
}

var literal = regexp.MustCompile(`(?m)^\s+- (PLUSONE_\w+)=`)

// inConfigMap is what all roles are given. It takes one that knows a variable.
func inConfigMap(t *testing.T) (all []given) {
	t.Helper()
	text := read(t, "kubernetes/base/kustomization.yaml") + read(t, "kubernetes/overlays/example/kustomization.yaml")
	for _, m := range literal.FindAllStringSubmatch(text, -1) {
		all = append(all, given{"kustomization.yaml", []string{"ingress"}, []string{m[1]}}) // the ingress knows them all
	}
	if len(all) < 5 {
		t.Fatalf("the manifests configure only %v", all)
	}
	return all
}

func inUnits(t *testing.T) (all []given) {
	t.Helper()
	for _, file := range units(t) {
		u := readUnit(t, file)
		all = append(all, given{file, u.args, slices.Collect(maps.Keys(u.environment))})
	}
	return all
}

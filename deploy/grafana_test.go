package deploy

import (
	"encoding/json"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// dashboard is what the tests look at in the shipped one.
type dashboard struct {
	UID, Title    string
	SchemaVersion int
	Panels        []panel
	Annotations   struct {
		List []struct {
			Name, TitleFormat string
			Target            target
		}
	}
	Templating struct {
		List []struct {
			Name, Type, Definition string
			Datasource             datasource
		}
	}
}

type panel struct {
	ID                       int
	Type, Title, Description string
	Datasource               datasource
	GridPos                  struct{ X, Y, W, H int }
	FieldConfig              struct{ Defaults struct{ Unit string } }
	Targets                  []target
	Panels                   []panel

	Row string `json:"-"` // the title of the row it stands in
}

type target struct {
	RefID, Expr, LegendFormat string
	Datasource                datasource
	Instant, Range            bool
}

type datasource struct{ Type, UID string }

const dashboardFile = "grafana/dashboards/plusone.json"

func readDashboard(t *testing.T) (d dashboard) {
	t.Helper()
	if err := json.Unmarshal([]byte(read(t, dashboardFile)), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// rows are the panels that show something, each with the row it stands in.
func (d dashboard) rows() (all []panel) {
	row := ""
	for _, p := range d.Panels {
		if p.Type == "row" {
			row = p.Title
			continue
		}
		p.Row = row
		all = append(all, p)
	}
	return all
}

// fromVariable is the data source that the reader of the dashboard has chosen.
var fromVariable = datasource{"prometheus", "${datasource}"}

func TestTheDashboardIsWellMade(t *testing.T) {
	d := readDashboard(t)
	if d.UID != "plusone" || d.Title == "" || d.SchemaVersion < 39 {
		t.Errorf("it is %q, %q, of schema version %d", d.UID, d.Title, d.SchemaVersion)
	}
	ids, titles := map[int]bool{}, map[string]bool{}
	for _, p := range d.Panels {
		if p.ID == 0 || ids[p.ID] {
			t.Errorf("%s has the id %d, as another has", p.Title, p.ID)
		}
		ids[p.ID] = true
		if p.Type == "row" && len(p.Panels) > 0 {
			t.Errorf("the row %s holds its panels: they stand below it", p.Title)
		}
	}
	for _, p := range d.rows() {
		name := p.Row + " / " + p.Title
		if p.Row == "" || p.Title == "" || titles[name] {
			t.Errorf("%q stands in no row, has no title, or is there twice", name)
		}
		titles[name] = true
		if p.Description == "" || p.FieldConfig.Defaults.Unit == "" || p.Datasource != fromVariable || len(p.Targets) == 0 {
			t.Errorf("%s: description %q, unit %q, data source %v, %d queries", name, p.Description, p.FieldConfig.Defaults.Unit, p.Datasource, len(p.Targets))
		}
		checkTargets(t, name, p)
	}
}

func checkTargets(t *testing.T, name string, p panel) {
	t.Helper()
	refs := map[string]bool{}
	for _, q := range p.Targets {
		if q.RefID == "" || refs[q.RefID] || q.Expr == "" || q.Datasource != fromVariable || q.Instant == q.Range {
			t.Errorf("%s: a query without an id or expression of its own, or of another data source: %+v", name, q)
		}
		refs[q.RefID] = true
		if q.LegendFormat == "" && (p.Type != "stat" || len(p.Targets) > 1) {
			t.Errorf("%s: a curve without a name: %s", name, q.Expr)
		}
		selectors, _ := parseQuery(q.Expr).read()
		for _, s := range selectors {
			if !strings.Contains(s, `instance=~"$instance"`) {
				t.Errorf("%s: %s does not heed the variable instance", name, s)
			}
		}
	}
}

// TestPanelsDoNotOverlap, and none is wider than the page.
func TestPanelsDoNotOverlap(t *testing.T) {
	taken := map[[2]int]string{}
	for _, p := range readDashboard(t).Panels {
		g := p.GridPos
		if g.X < 0 || g.Y < 0 || g.W < 1 || g.H < 1 || g.X+g.W > 24 {
			t.Errorf("%s is at %+v", p.Title, g)
		}
		for x := g.X; x < g.X+g.W; x++ {
			for y := g.Y; y < g.Y+g.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" {
					t.Fatalf("%s lies over %s", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
}

// TestTheDashboardShowsWhatItMust: of each role its rate, errors and duration, and the rest that was asked for.
func TestTheDashboardShowsWhatItMust(t *testing.T) {
	shown := map[string][]string{}
	for _, p := range readDashboard(t).rows() {
		shown[p.Row] = append(shown[p.Row], p.Title)
	}
	for row, titles := range map[string][]string{
		"Ingress":               {"Requests", "Errors", "Duration", "Group size", "Group duration", "Groups that were split"},
		"Worker":                {"Events by result", "Errors", "Batch duration", "Verdicts on messages", "Batch size", "Transaction retries", "Redeliveries and halvings"},
		"Stream":                {"Lag in messages", "Lag in age", "Dead letters"},
		"Referrals and rewards": {"Transitions by reason", "Rewards by currency"},
		"Outbox and clock":      {"Outbox rows", "Outbox age"},
		"API":                   {"Requests", "Errors", "Duration"},
		"Audit":                 {"Audits", "Duration", "Violations by law"},
		"Connections":           {"Database connections", "Connected to NATS"},
	} {
		for _, title := range titles {
			if !slices.Contains(shown[row], title) {
				t.Errorf("the row %s has no panel %s", row, title)
			}
		}
	}
}

var variable = regexp.MustCompile(`\$\{?([a-zA-Z_]+)`)

// TestVariablesAreThere: each that is used is Grafana's own or the dashboard's.
func TestVariablesAreThere(t *testing.T) {
	d := readDashboard(t)
	known := []string{"__rate_interval", "__range", "__interval", "__all"}
	for _, v := range d.Templating.List {
		known = append(known, v.Name)
		if v.Type == "query" && v.Datasource != fromVariable {
			t.Errorf("the variable %s is asked of %v", v.Name, v.Datasource)
		}
	}
	for _, m := range variable.FindAllStringSubmatch(read(t, dashboardFile), -1) {
		if !slices.Contains(known, m[1]) {
			t.Errorf("there is no variable %s", m[1])
		}
	}
	for _, name := range []string{"datasource", "instance"} {
		if !slices.Contains(known, name) {
			t.Errorf("there is no variable %s", name)
		}
	}
}

// TestGrafanaIsProvisioned: with a data source of the type that the dashboard asks for, and a folder with dashboards in it.
func TestGrafanaIsProvisioned(t *testing.T) {
	var sources struct {
		Datasources []struct {
			Name, Type, URL string
			IsDefault       bool `yaml:"isDefault"`
		}
	}
	readYAML(t, "grafana/provisioning/datasources/prometheus.yml", &sources)
	if len(sources.Datasources) != 1 || sources.Datasources[0].Type != fromVariable.Type || !sources.Datasources[0].IsDefault ||
		!strings.HasPrefix(sources.Datasources[0].URL, "http://prometheus:") {
		t.Errorf("the data sources are %+v", sources)
	}
	var folders struct {
		Providers []struct {
			Type    string
			Options struct{ Path string }
		}
	}
	readYAML(t, "grafana/provisioning/dashboards/plusone.yml", &folders)
	if len(folders.Providers) != 1 || folders.Providers[0].Type != "file" || path.Base(folders.Providers[0].Options.Path) != path.Base(path.Dir(dashboardFile)) {
		t.Errorf("the dashboards are %+v", folders)
	}
}

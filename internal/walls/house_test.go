package walls

import (
	"strings"
	"testing"
)

// Names used below. A path that ends in /... means all below it as well.
const (
	siblings = "internal/..." // any other package of the house
	postgres = "github.com/jackc/pgx/v5/..."
	nats     = "github.com/nats-io/nats.go/..."
)

// house says of each package what it must never reach, by itself or through others, and why. Where only is set, what
// stands there is all it reaches beside the standard library.
var house = []wall{
	// The domain. It is told the facts and the time, and reaches nothing.
	{of: "internal/money", only: []string{}, why: "it is arithmetic"},
	{of: "internal/referral", only: []string{"internal/money"}, why: "the rules read without infrastructure"},
	{of: "internal/ledger", only: []string{"internal/money"}, why: "double entry knows neither why nor for whom"},
	{of: "internal/payment", only: []string{"internal/money"}, why: "what a payment is does not depend on where it is kept"},
	{
		of:   "internal/program",
		only: []string{"internal/money", "internal/referral", "internal/suggest", "github.com/goccy/go-yaml/..."},
		why:  "it turns a YAML file into terms, and knows nothing of those they are applied to",
	},
	{
		of:   "internal/fact",
		only: []string{"internal/money", "internal/payment", "github.com/tidwall/..."},
		why:  "it turns bytes into facts, wherever they came from and wherever they go",
	},

	{
		of:   "internal/imports",
		only: []string{"internal/fact", "internal/money", "internal/payment", "internal/suggest", "github.com/tidwall/..."},
		why:  "it turns the rows of a file into events, which go through the stream like all others",
	},

	// The way of the data, from the door to the database.
	{
		of:    "internal/ingress",
		never: []string{"db/...", postgres, "internal/store", "internal/referral", "internal/worker", "internal/devstack"},
		why:   "the door reaches the stream only: it holds no password of the database, and decides nothing",
	},
	{
		of:    "internal/stream",
		never: []string{"db/...", postgres, "internal/fact", "internal/store", "internal/referral", "internal/worker"},
		why:   "it moves messages, and does not know what they say",
	},
	{
		of:    "internal/store",
		never: []string{nats, "internal/stream", "internal/ingress", "internal/worker", "internal/api", "internal/devstack"},
		why:   "a transaction does not know where its facts came from",
	},
	{
		of:    "internal/worker",
		never: []string{"internal/ingress", "internal/api", "internal/devstack"},
		why:   "it runs without a door",
	},
	{
		of:    "internal/api",
		never: []string{nats, "internal/stream", "internal/ingress", "internal/worker", "internal/devstack"},
		why:   "it reads, and hands what is decided to whoever publishes it: it takes no part in what is consumed from the stream",
	},
	{of: "internal/servicetoken", only: []string{}, why: "it says what a token opens, wherever its hash is kept and whatever it opens"},
	{
		of:    "internal/decide",
		never: []string{"db/...", postgres, nats, "internal/store", "internal/stream", "internal/referral", "internal/worker", "internal/ingress", "internal/api"},
		why:   "what is decided is an event like any other: nobody writes it past the stream",
	},
	{
		of:    "internal/links",
		never: []string{nats, "internal/stream", "internal/ingress", "internal/worker", "internal/api", "internal/devstack"},
		why:   "it reads whose a code is, and hands visits to whoever publishes them",
	},
	{
		of:    "internal/audit",
		never: []string{nats, "internal/stream", "internal/ingress", "internal/worker", "internal/api", "internal/devstack"},
		why:   "it asks the database, and nobody who wrote to it",
	},

	// What stands beside.
	{of: "internal/disposable", only: []string{}, why: "it is a list"},
	{of: "internal/crawler", only: []string{}, why: "it is a list"},
	{of: "internal/devstack", never: []string{siblings, "db/..."}, why: "it runs servers, for whomever"},
	{of: "internal/ops", never: []string{siblings, "db/..."}, why: "logs, metrics and health are the same for any program"},
	{of: "internal/pages", only: []string{}, why: "the frame does not know what the pages show"},
	{
		of:    "internal/pages/console",
		never: []string{"internal/ingress", "internal/worker", "internal/api", "internal/devstack"},
		why:   "it reads, and hands what is decided to whoever publishes it",
	},
	{
		of:   "internal/pages/reference",
		only: []string{"docs/api", "docs/events", "internal/pages", "internal/problem", "github.com/goccy/go-yaml/...", "github.com/santhosh-tekuri/jsonschema/v6/...", "golang.org/x/text/..."},
		why:  "it shows a document, and nothing of any database",
	},
	{of: "internal/e2e", never: []string{siblings, "db/..."}, why: "it clicks through the finished program, as people do"},
	{
		of:    "internal/pages/portal",
		never: []string{nats, "internal/stream", "internal/ingress", "internal/worker", "internal/api", "internal/devstack"},
		why:   "it shows what is read; what it changes, it changes by the store and the API",
	},
	{
		of:   "internal/limit",
		only: []string{"golang.org/x/time/rate", "github.com/hashicorp/golang-lru/v2/..."},
		why:  "it counts, for whomever",
	},
	{of: "internal/publicname", only: []string{}, why: "it turns a name into what may be shown of it"},
	{
		of: "internal/usertoken",
		only: []string{
			"internal/fact", "internal/money", "internal/payment", "github.com/tidwall/...",
			"github.com/golang-jwt/jwt/v5", "github.com/go-jose/go-jose/v4/...",
		},
		why: "it says whose a token is, and asks nobody",
	},
	{of: "internal/problem", only: []string{}, why: "it is the shape of an error over HTTP"},
	{of: "internal/suggest", only: []string{}, why: "it compares words"},
	{of: "internal/sample", never: []string{siblings, "db/..."}, why: "the story is played through the real door, as by a stranger"},
	{of: "internal/shop", never: []string{siblings, "db/...", postgres, nats}, why: "it is a business like any other, and reaches of plusone what any would: HTTP"},
	{of: "internal/simulate", never: []string{siblings, "db/...", postgres, nats}, why: "what it expects must not come from the code that it judges"},
	{of: "internal/lifecycle", only: []string{"internal/referral", "internal/money"}, why: "the picture shows the rules and nothing else"},
	{
		of:   "internal/model",
		only: []string{"internal/fact", "internal/money", "internal/payment", "github.com/tidwall/..."},
		why:  "what it expects must not come from the code that it judges",
	},
	{of: "internal/mutate", never: []string{siblings, "db/..."}, why: "it breaks packages from outside"},
	{of: "internal/walls", only: []string{}, why: "it looks at the packages from outside"},
	{of: "internal/bench", never: []string{"internal/ingress", "internal/api"}, why: "it measures the doors as whoever knocks at them: from outside"},
	{
		of:    "internal/testkit",
		never: []string{"db/...", "internal/store", "internal/stream", "internal/worker", "internal/ingress", "internal/api"},
		why:   "the tests of each of these use it",
	},
	{of: "db", never: []string{siblings}, why: "it is what sqlc wrote from the queries"},
	{of: "docs/api", never: []string{siblings, "db/..."}, why: "what is answered is described for those outside"},
	{of: "docs/events", never: []string{siblings, "db/..."}, why: "a schema is written for those outside"},
}

// doors says who alone may import a package, not counting tests.
var doors = []door{
	{to: "internal/testkit", by: nil, why: "it is for tests alone"},
	{to: "internal/model", by: nil, why: "it is for tests alone"},
	{to: "internal/simulate", by: []string{"cmd/plusone"}, why: "it plays a whole business of users of the finished program"},
	{to: "db", by: []string{"internal/store", "internal/bench"}, why: "all SQL goes through the store"},
	{to: "internal/devstack", by: []string{"cmd/plusone", "internal/bench", "internal/testkit"}, why: "only plusone dev, the benchmark and tests run servers of their own"},
	{to: "internal/shop", by: []string{"cmd/plusone"}, why: "it is a customer of the finished program"},
	{to: "internal/sample", by: []string{"cmd/plusone"}, why: "it plays a user of the finished program"},
}

// bans says what the source of a package must not name, whatever it imports.
var bans = []ban{
	{
		in:      []string{"internal/money", "internal/referral", "internal/ledger", "internal/payment", "internal/fact", "internal/program"},
		imports: []string{"math/rand/...", "crypto/rand", "os/...", "io/ioutil", "net/...", "syscall", "database/sql/...", "log/..."},
		names: []string{
			"time.Now", "time.Since", "time.Until", "time.Sleep", "time.After", "time.AfterFunc", "time.Tick", "time.NewTimer",
			"time.NewTicker", "time.Local", "time.LoadLocation",
		},
		why: "the same facts at the same time get the same answer, at every replay",
	},
	{
		in: []string{"internal/model"},
		names: []string{
			module + "internal/payment.Derive", module + "internal/payment.FirstClaim", "time.Now", "time.Since", "time.Until",
		},
		why: "what it expects must not come from the code that it judges",
	},
	{
		in:    []string{"internal/store"},
		names: []string{module + "internal/fact.ParseStripe", module + "internal/fact.ParseCloudEvent"},
		why:   "the store is given facts, not bytes",
	},
}

func TestWalls(t *testing.T) {
	t.Parallel()
	g := load(t)
	for _, fault := range g.faults(house, doors) {
		t.Error(fault)
	}
}

// Every package has its row, so that a new one begins with the question what it must never reach.
func TestEveryPackageHasAWall(t *testing.T) {
	t.Parallel()
	rows := make(map[string]bool)
	for _, w := range house {
		if rows[w.of] {
			t.Errorf("%s has two rows", w.of)
		}
		rows[w.of] = true
	}
	for name := range load(t) {
		if strings.HasPrefix(name, "internal/") && !rows[name] {
			t.Errorf("%s has no row in the table of this file: say what it must never reach", name)
		}
	}
}

func TestBans(t *testing.T) {
	t.Parallel()
	for _, b := range bans {
		for _, name := range b.in {
			for _, fault := range b.faults(parse(t, name)) {
				t.Error(fault)
			}
		}
	}
}

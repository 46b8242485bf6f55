package store

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	grantsFile = "testdata/grants.txt"
	grantsHead = `# What each role may do with each table and each sequence of the schema, beside their owner. A new table fails the test until
# its migration says who may do what, and this file has its line: go test ./internal/store -run TestGrants -update
`
)

// grants has a row for each table, column with rights of its own, and sequence.
const grants = `
with things as (
    select c.relname::text as name, c.relkind = 'S' as late, c.relowner as owner, c.relacl as acl from pg_class c
    where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    union all
    select c.relname || '.' || a.attname, false, c.relowner, a.attacl from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = current_schema()::regnamespace and a.attacl is not null
)
select t.name,
       coalesce(string_agg(p.verb, ' ' order by p.place) filter (where p.grantee = 'plusone_worker'::regrole), '-'),
       coalesce(string_agg(p.verb, ' ' order by p.place) filter (where p.grantee = 'plusone_api'::regrole), '-'),
       coalesce(string_agg(p.verb, ' ' order by p.place) filter (where p.grantee = 'plusone_tools'::regrole), '-'),
       coalesce(string_agg(p.verb, ' ' order by p.place) filter (where p.grantee not in
           (t.owner, 'plusone_worker'::regrole, 'plusone_api'::regrole, 'plusone_tools'::regrole)), '-')
from things t
left join lateral (
    select g.grantee, lower(g.privilege_type) as verb,
           array_position(array['SELECT', 'USAGE', 'INSERT', 'UPDATE', 'DELETE'], g.privilege_type) as place
    from aclexplode(t.acl) g
) p on true
group by t.name, t.late
order by t.late, t.name`

// TestGrants compares what the migrations grant with what was decided.
func TestGrants(t *testing.T) {
	w := newWorld(t, "")
	rows, err := w.pool.Query(w.ctx, grants)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (line [5]string, err error) {
		return line, row.Scan(&line[0], &line[1], &line[2], &line[3], &line[4])
	})
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	text.WriteString(grantsHead)
	table := tabwriter.NewWriter(&text, 0, 0, 3, ' ', 0)
	for _, line := range append([][5]string{{"#", "worker", "api", "tools", "anybody else"}}, all...) {
		fmt.Fprintln(table, strings.Join(line[:], "\t"))
	}
	table.Flush()
	if *update {
		if err := os.WriteFile(grantsFile, []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(grantsFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text.String()); diff != "" {
		t.Errorf("the rights are not those that were decided (-decided +granted):\n%s", diff)
	}
}

package store

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/plusone-dev/plusone/db/migrations"
	"github.com/plusone-dev/plusone/internal/testkit"
)

// insufficientPrivilege is PostgreSQL's code for a right that lacks. The triggers' refusal has another.
const insufficientPrivilege = "42501"

// refusals are what a role must not be able to do, whatever a mistake of ours or a stranger in its process would have it
// do. Everything else that is not granted is refused too: TestGrants has the whole list.
var refusals = map[string][]string{
	"plusone_api": {
		"insert into users (external_id) values ('mallory')", "update users set username = 'x'", "delete from users",
		"insert into events values ('x')", "update referrals set status = 'rewarded'", "update codes set max_uses = 0",
		"insert into transfers values (1, 99, 'granted', 'referee', -1, 1, 'usd', 1, now(), 'x')", "update transfers set minor = 1",
		"delete from transitions", "insert into outbox (count, events) values (0, '[]')",
		// Of the money it changes what a balance amounts to, with a line in the books for it, and nothing else.
		"update balances set user_id = 1", "update balances set currency = 'eur'", "insert into balances values (1, 'usd', 1)", "delete from balances",
		"update redemptions set minor = 1", "delete from redemptions", "truncate redemptions",
		"insert into service_tokens (hash, name, scope) values (sha256('x'), 'mine', 'admin')", "update service_tokens set scope = 'admin'",
		"update service_tokens set revoked_at = null", "delete from service_tokens",
		// Of terms it adds versions, and has users traced for them; what is there stays as it is.
		"update terms set effective_from = now()", "update terms set source = ''", "delete from terms", "truncate terms",
		"update programs set name = 'x'", "delete from programs", "delete from program_accounts", "update users set ip_key = null",
		"select nextval('referrals_id_seq')",
		"select events from outbox", // what it does not show, it does not see
	},
	"plusone_worker": {
		"insert into terms values (1, 99, now(), '')", "update terms set effective_from = now()", "delete from terms",
		"insert into programs (name) values ('mine')", "insert into program_accounts values (-99, 1, 'mine')",
		"select nextval('program_account_numbers')",
		"update transfers set minor = 1", "delete from transfers", "truncate transfers",
		"update transitions set to_status = 'rewarded'", "delete from transitions", "truncate transitions",
		"delete from users", "delete from events", "delete from referrals", "delete from balances", "truncate outbox",
		"update outbox set events = '[]'", "delete from marks", "select from service_tokens", "select from redemptions",
		"insert into redemptions (kind, user_id, debit, credit, currency, minor, made_by, at) values ('redeemed', 1, 1, -1, 'usd', 1, 'x', now())",
	},
	"plusone_tools": {
		"update referrals set status = 'rewarded'", "insert into referrals select * from referrals", "delete from referrals",
		"insert into transfers values (1, 99, 'granted', 'referee', -1, 1, 'usd', 1, now(), 'x')", "update transfers set minor = 1",
		"delete from transfers", "update balances set minor = 1", "insert into users (external_id) values ('mallory')",
		"update users set username = 'x'", "update users set ip_key = null", "update terms set effective_from = now()", "delete from terms", "update programs set name = 'x'", "delete from programs",
		"update codes set max_uses = 0", "delete from outbox", "insert into events values ('x')",
		"update service_tokens set scope = 'admin'", "update service_tokens set hash = sha256('x')", "delete from service_tokens",
		"insert into redemptions (kind, user_id, debit, credit, currency, minor, made_by, at) values ('redeemed', 1, 1, -1, 'usd', 1, 'x', now())",
	},
}

// anyRole is what none of them may do: all that only the owner can.
var anyRole = []string{
	"create table mine (n int)", "create schema mine", "create temporary table mine (n int)", "create function mine() returns int language sql as 'select 1'",
	"alter table transfers disable trigger transfers_append_only", "drop trigger transfers_append_only on transfers",
	"drop table transfers", "alter table users add column mine int", "create index mine on users (username)",
	"create trigger mine before insert on users for each row execute function refuse_change()",
	"set session_replication_role = replica", "select from goose_db_version",
	"create role mine", "set role pg_read_all_data",
}

// TestTheRolesOfAServer goes the way of an operator whose own user may make no roles, on a server that has none yet.
func TestTheRolesOfAServer(t *testing.T) {
	server := testkit.PostgresProcess(t, nil)
	super := open(t, server.DSN())
	exec := func(sql string) {
		t.Helper()
		if _, err := super.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	exec("create role owner login password 'owner'")
	exec("create database business owner = owner")
	owner := loginAs(t, server.DSN(), "business", "owner")

	t.Run("an owner who may not make them is told how to get them", func(t *testing.T) {
		_, err := Migrate(t.Context(), owner)
		if err == nil || !strings.Contains(err.Error(), "create role plusone_worker nologin") || strings.Contains(err.Error(), "\n") {
			t.Errorf("migrating ended with %v", err)
		}
	})
	t.Run("several databases make them at once", func(t *testing.T) {
		migrateAtOnce(t, server.DSN(), exec)
	})
	t.Run("a file makes them, and the users", func(t *testing.T) {
		psql(t, server, server.DSN(), "roles.sql")
		psql(t, server, server.DSN(), "roles.sql") // leaves what is there
		if _, err := Migrate(t.Context(), owner); err != nil {
			t.Fatal(err)
		}
		dsn := loginAs(t, server.DSN(), "business", "")
		if out, err := server.PSQL(dsn, deployed+"logins.sql", "PLUSONE_WORKER_PASSWORD=x"); err == nil || !strings.Contains(out, "PLUSONE_API_PASSWORD") {
			t.Errorf("without passwords it ended with %v: %s", err, out)
		}
		for range 2 { // the second sets the passwords anew
			psql(t, server, dsn, "logins.sql", "PLUSONE_WORKER_PASSWORD=plusone_worker_login",
				"PLUSONE_API_PASSWORD=plusone_api_login", "PLUSONE_TOOLS_PASSWORD=plusone_tools_login")
		}
	})
	for role := range refusals {
		t.Run(role, func(t *testing.T) { mustBeRefused(t, server.DSN(), role) })
	}
	t.Run("what was granted can be taken back", func(t *testing.T) { mustGoDownAndUp(t, owner, server.DSN()) })
}

// deployed is where the files are that operators run.
const deployed = "../../deploy/postgres/"

func psql(t *testing.T, server *testkit.PostgresServer, dsn, file string, env ...string) {
	t.Helper()
	if out, err := server.PSQL(dsn, deployed+file, env...); err != nil {
		t.Fatalf("%s: %v: %s", file, err, out)
	}
}

// loginAs is the address of a database for a user whose password is their name; "" is the superuser.
func loginAs(t *testing.T, dsn, database, user string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + database
	if user != "" {
		u.User = url.UserPassword(user, user)
	}
	return u.String()
}

func migrateAtOnce(t *testing.T, dsn string, exec func(sql string)) {
	t.Helper()
	var wait sync.WaitGroup
	var names []string
	for n := range 4 {
		names = append(names, fmt.Sprintf("shop_%d", n))
		exec("create database " + names[n])
	}
	for _, name := range names {
		wait.Go(func() {
			if _, err := Migrate(t.Context(), loginAs(t, dsn, name, "")); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	wait.Wait()
	for _, name := range names {
		exec("drop database " + name + " with (force)")
	}
	exec("drop role plusone_worker, plusone_api, plusone_tools")
}

func mustBeRefused(t *testing.T, dsn, role string) {
	t.Helper()
	login := role + "_login"
	conn, err := pgx.Connect(t.Context(), loginAs(t, dsn, "business", login))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for _, sql := range append(anyRole, refusals[role]...) {
		_, err := conn.Exec(t.Context(), sql)
		var refused *pgconn.PgError
		if !errors.As(err, &refused) || refused.Code != insufficientPrivilege {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if other, err := pgx.Connect(t.Context(), loginAs(t, dsn, "business", "owner")); err != nil {
		t.Errorf("the owner was shut out: %v", err)
	} else {
		other.Close(t.Context())
	}
}

// mustGoDownAndUp takes the grants back, which leaves a worker with the words what it lacks, and gives them again.
func mustGoDownAndUp(t *testing.T, owner, dsn string) {
	t.Helper()
	cfg, err := pgx.ParseConfig(owner)
	if err != nil {
		t.Fatal(err)
	}
	db := stdlib.OpenDB(*cfg)
	defer db.Close()
	steps, err := goose.NewProvider(goose.DialectPostgres, db, migrations.FS)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := steps.DownTo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	worker := NewDatabase(open(t, loginAs(t, dsn, "business", "plusone_worker_login")))
	_, err = worker.pool.Exec(t.Context(), "select from programs")
	if err := explainSchema(err); !errors.Is(err, ErrRights) || !Transient(err) {
		t.Errorf("without any right the worker says %v", err)
	}
	if _, err := Migrate(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	if err := worker.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestAMissingRightIsNotTheEventsFault: it is told, and passes when somebody gives it.
func TestAMissingRightIsNotTheEventsFault(t *testing.T) {
	w := newWorld(t, "")
	w.now = noon.Add(day)
	if _, err := w.pool.Exec(w.ctx, "revoke insert on events from plusone_worker"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.Apply(w.ctx, sequences[0].events); !errors.Is(err, ErrRights) || !Transient(err) || !strings.Contains(err.Error(), "events") {
		t.Errorf("applying ended with %v", err)
	}
	if _, err := w.pool.Exec(w.ctx, "grant insert on events to plusone_worker"); err != nil {
		t.Fatal(err)
	}
	w.apply(sequences[0].events...)
	w.lawful()
}

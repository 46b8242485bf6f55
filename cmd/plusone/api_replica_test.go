package main

import (
	"net/http"
	"testing"

	"github.com/plusone-dev/plusone/internal/testkit"
)

// TestTheAPIReadsFromAReplica starts it with a replica that is another database, and with one that is away.
func TestTheAPIReadsFromAReplica(t *testing.T) {
	t.Parallel()
	primary, replica := testkit.Database(t), testkit.Database(t)
	signUpInto(t, primary, "u-here")
	signUpInto(t, replica, "u-there")
	env := func(url string) []string {
		return []string{
			"DATABASE_URL=" + testkit.As(t, primary, "plusone_api"), "DATABASE_READ_URL=" + url,
			"PLUSONE_API_TOKEN=" + apiToken, "PLUSONE_ADMIN=127.0.0.1:0", "PLUSONE_LISTEN=127.0.0.1:0",
		}
	}
	p := start(t, env(testkit.As(t, replica, "plusone_api")), "api")
	base, admin := listensAt(p, "api"), listensAt(p, "admin")
	p.WaitHealthy(patience, admin+"/readyz")
	if status, answer := request(t, http.MethodGet, base+"/v1/users", "", apiToken); status != http.StatusOK {
		t.Errorf("%d %s", status, answer)
	} else {
		mustSay(t, answer, "u-there")
		mustNotSay(t, answer, "u-here")
	}
	if status, answer := request(t, http.MethodGet, base+"/v1/users/u-here", "", apiToken); status != http.StatusOK {
		t.Errorf("%d %s", status, answer)
	}
	_, metrics := get(t, admin+"/metrics")
	mustSay(t, metrics, `plusone_database_connections_limit{database="primary"}`, `plusone_database_connections_limit{database="replica"}`,
		`route="POST /v1/programs"`, `route="GET /v1/analytics"`, `route="GET /reference"`)
	for _, page := range []string{"/reference", "/openapi.json"} {
		if status, answer := get(t, base+page); status != http.StatusOK {
			t.Errorf("%s: %d %s", page, status, answer)
		}
	}

	p = start(t, env("postgres://nobody:"+databasePassword+"@127.0.0.1:1/gone?connect_timeout=1"), "api")
	status, answer := get(t, listensAt(p, "admin")+"/readyz")
	if status != http.StatusServiceUnavailable {
		t.Errorf("it is ready: %d", status)
	}
	mustSay(t, answer, `"replica"`)
	mustNotSay(t, answer+p.Output(), databasePassword)
}

// TestAReplicaThatCanNotBeRead is refused without its password.
func TestAReplicaThatCanNotBeRead(t *testing.T) {
	t.Parallel()
	code, _, errs := invoke(t, "api", "--database-url", databaseExample, "--api-token", apiToken, "--database-read-url", "postgres://u:"+databasePassword+"/x@h:port")
	if code == 0 {
		t.Error("it started")
	}
	mustSay(t, errs, "--database-read-url (DATABASE_READ_URL) can not be read")
	mustNotSay(t, errs, databasePassword)
}

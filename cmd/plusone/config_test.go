package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/plusone-dev/plusone/internal/testkit"
)

// TestAllThatIsWrongIsSaidAtOnce gives every role nothing, and then nonsense.
func TestAllThatIsWrongIsSaidAtOnce(t *testing.T) {
	const secretURL = "postgres://plusone:half/of-a-password@host/db"
	for _, c := range []struct {
		args string
		says []string
	}{
		{"ingress", []string{"--nats-url (NATS_URL)", "--stripe-webhook-secret (STRIPE_WEBHOOK_SECRET)"}},
		{"worker", []string{"--nats-url (NATS_URL)", "--database-url (DATABASE_URL)", "--hash-key (PLUSONE_HASH_KEY)"}},
		{"api", []string{"--database-url (DATABASE_URL)", "--api-token (PLUSONE_API_TOKEN)"}},
		{"api --database-url postgres://h/d --api-token 0123456789abcdef --admin-token 0123456789abcdef,,short", []string{"--nats-url (NATS_URL)",
			"--admin-token (PLUSONE_ADMIN_TOKEN): number 1 is a service token too", "number 3 is shorter than 16 characters", "number 2 is empty"}},
		{"api --database-url postgres://h/d --api-token 0123456789abcdef --nats-url nats://u:half/of-a-password@h", []string{"--nats-url"}},
		{
			"api --database-url postgres://h/d --api-token 0123456789abcdef --public-url ftp://x?y --user-jwt-secret half --user-jwt-keys /nowhere.pem" +
				" --trusted-proxies 10/8 --validations-per-minute 0",
			[]string{
				"--public-url (PLUSONE_PUBLIC_URL)", "--user-jwt-secret (PLUSONE_USER_JWT_SECRET)", "shorter than 32 bytes", "--user-jwt-keys (PLUSONE_USER_JWT_KEYS)",
				"--trusted-proxies (PLUSONE_TRUSTED_PROXIES)", `"10/8" is no network`, "--validations-per-minute (PLUSONE_VALIDATIONS_PER_MINUTE)",
			},
		},
		{"token user bob", []string{"--user-jwt-secret (PLUSONE_USER_JWT_SECRET)", "--data DIR"}},
		{"token user bob --user-jwt-secret half --life 25h", []string{"shorter than 32 bytes", "at most 24h"}},
		{"referral approve 1 --by= --why=", []string{"--by is empty", "--why is empty"}},
		{"referral reject 1 --by x --why y", []string{"which database? Give --database-url (DATABASE_URL)", "--data DIR"}},
		{"referral reopen 1 --by x --why y --database-url " + secretURL, []string{"--database-url"}},
		{"referral attribute --user u --code c --by x --why y", []string{"which stream? Give --nats-url (NATS_URL)", "--data DIR"}},
		{"user verify bob --nats-url nats://u:half/of-a-password@h", []string{"--nats-url"}},
		{"user erase bob", []string{"--nats-url (NATS_URL)"}},
		{"code assign --user u --code c --nats-inbox a.>", []string{"--nats-url"}},
		{"migrate", []string{"--database-url (DATABASE_URL)"}},
		{"streams", []string{"--nats-url (NATS_URL)"}},
		{"streams --nats-url nats://u:half/of-a-password@h --nats-inbox a.> --stream-replicas 5", []string{"--nats-url", "--nats-inbox", "--stream-replicas"}},
		{"audit", []string{"--database-url (DATABASE_URL)", "--data DIR"}},
		{"audit --every 1ms --statement-timeout 1ms --admin 9090 --json", []string{"--database-url", "--every", "--statement-timeout", "--admin", "--json"}},
		{"program show", []string{"--database-url (DATABASE_URL)", "--data DIR"}},
		{
			"worker --hash-key short --nats-url nats://u:half/of-a-password@h --database-url " + secretURL + " --stream-replicas 2" +
				" --admin 9090 --concurrency 0 --max-batch 0 --ack-wait 1ms --tick 0s",
			[]string{"--hash-key", "--nats-url", "--database-url", "--stream-replicas", "--admin", "--concurrency", "--max-batch", "--ack-wait", "--tick"},
		},
		{"ingress --nats-url h:4222 --stripe-webhook-secret a,,b --events-token=, --listen x --admin y", []string{"--stripe-webhook-secret (STRIPE_WEBHOOK_SECRET): number 2", "--events-token", "--listen", "--admin"}},
		{"api --database-url " + secretURL + " --api-token= --listen :http:", []string{"--database-url", "--api-token", "--listen"}},
		{"migrate --database-url " + secretURL, []string{"--database-url"}},
		{"audit --database-url " + secretURL, []string{"--database-url"}},
		{"simulate", []string{"--target (PLUSONE_TARGET)", "--stripe-webhook-secret (STRIPE_WEBHOOK_SECRET)", "--events-token (PLUSONE_EVENTS_TOKEN)"}},
		{
			"simulate --target http://u:half@h,ftp://h --api nowhere --stripe-webhook-secret=, --events-token x --api-token=, --users 0 --duplicates 2" +
				" --rate=-1 --connections 0 --give-up 0s --run a_b --database-url " + secretURL,
			[]string{
				"--target", "--target", "--api ", "--stripe-webhook-secret", "--api-token", "from 1 to", "duplicates", "--rate",
				"--connections", "--give-up", "--run", "--database-url",
			},
		},
		{"dev --concurrency 0 --api-token=, --admin-token short", []string{"--concurrency", "--api-token", "--admin-token"}},
		{
			"dev --signup-url /signup --link-path /console/",
			[]string{"--signup-url (PLUSONE_SIGNUP_URL) must be a whole address", "--link-path (PLUSONE_LINK_PATH): /console is where"},
		},
		{
			"dev --embed-origins https://shop.example,https://shop.example/path,shop.example,https://a.example;script-src,*",
			[]string{`"https://shop.example/path" is no origin`, `"shop.example" is no origin`, `script-src" is no origin`, `"*" is no origin`},
		},
		{"dev --durability replicas", []string{"--durability (PLUSONE_DURABILITY) can not be replicas here"}},
	} {
		t.Run(c.args, func(t *testing.T) {
			code, out, errs := invoke(t, strings.Fields(c.args)...)
			if code != exitUsage || out != "" {
				t.Errorf("it ended with %d and %q", code, out)
			}
			mustSay(t, errs, append(c.says, "the configuration can not work")...)
			mustNotSay(t, errs, "half", "of-a-password")
			if got := strings.Count(errs, "\n  - "); got > len(c.says)+1 { // a list may have two
				t.Errorf("%d things are wrong, want %d:\n%s", got, len(c.says), errs)
			}
		})
	}
}

func TestServersOfNATS(t *testing.T) {
	for list, want := range map[string]bool{
		"nats://host:4222": true, "host:4222": true, "127.0.0.1:4222": true, "nats://a:4222, nats://b:4222": true,
		"tls://u:p@host:4222": true, "": false, "nats://": false, "nats://a:4222,": false, "nats://u:p/q@host": false,
	} {
		if got := natsServers(list); got != want {
			t.Errorf("%q: %v", list, got)
		}
	}
}

func TestTheCommandLineIsHeldToItsFlags(t *testing.T) {
	for args, says := range map[string]string{
		"":                                    "expected one of",
		"wurker":                              "wurker",
		"worker --bogus":                      "unknown flag --bogus",
		"worker --concurrency many":           "--concurrency",
		"worker --log-level loud":             "--log-level must be one of",
		"ingress --stripe-mode both":          "--stripe-mode must be one of",
		"ingress --durability forever":        `--durability must be one of "disk","replicas","process"`,
		"worker --durability=":                "--durability must be one of",
		"program apply":                       "--file",
		"referral approve --by x --why y":     "<id>",
		"referral approve bob --by x --why y": "<id>",
		"referral reject 1 --by x":            "--why",
		"user erase":                          "<id>",
		"code assign --user u":                "--code",
		"program apply -f /nowhere.yml":       "/nowhere.yml",
		"audit extra":                         "unexpected argument extra",
	} {
		code, out, errs := invoke(t, strings.Fields(args)...)
		if code != exitUsage || out != "" {
			t.Errorf("%q ended with %d and %q", args, code, out)
		}
		mustSay(t, errs, says, "--help` to see what there is")
	}
}

// secrets of the environment, and the values that no help, log or error may show.
var secretVariables = map[string]string{
	"DATABASE_URL": "postgres://someone:nobody-may-see-the-password@127.0.0.1:1/db", "NATS_URL": "nats://someone:nobody-may-see-that@127.0.0.1:1",
	"STRIPE_WEBHOOK_SECRET": webhookSecret, "PLUSONE_EVENTS_TOKEN": eventsToken, "PLUSONE_API_TOKEN": apiToken, "PLUSONE_ADMIN_TOKEN": adminToken,
	"PLUSONE_HASH_KEY": hashKey, "PLUSONE_USER_JWT_SECRET": "nobody-may-see-what-users-tokens-are-signed-with",
}

func mustHideSecrets(t testing.TB, text string) {
	t.Helper()
	mustNotSay(t, text, "nobody-may-see", "nobody_may_see", "@example.com")
}

func TestHelpSaysAllAndShowsNoSecret(t *testing.T) {
	for name, value := range secretVariables {
		t.Setenv(name, value)
	}
	for command, says := range map[string][]string{
		"":        {"ingress", "worker", "api", "dev", "migrate", "streams", "program apply", "program show", "audit", "simulate", "version", "NAME_FILE"},
		"ingress": {"STRIPE_WEBHOOK_SECRET", "NATS_URL", "PLUSONE_EVENTS_TOKEN", "PLUSONE_LISTEN", "PLUSONE_ADMIN"},
		"worker":  {"DATABASE_URL", "NATS_URL", "PLUSONE_HASH_KEY", "PLUSONE_CONCURRENCY", "PLUSONE_ACK_WAIT"},
		"api": {
			"DATABASE_URL", "PLUSONE_API_TOKEN", "PLUSONE_ADMIN_TOKEN", "NATS_URL", "PLUSONE_PUBLIC_URL", "PLUSONE_USER_JWT_SECRET", "PLUSONE_USER_JWT_KEYS",
			"PLUSONE_TRUSTED_PROXIES", "PLUSONE_VALIDATIONS_PER_MINUTE",
		},
		"token user":         {"PLUSONE_USER_JWT_SECRET", "--data", "--life", "--json"},
		"referral reject":    {"--by", "--why", "--json", "--data", "DATABASE_URL", "NATS_URL"},
		"referral attribute": {"--user", "--code", "--by", "--why", "--json", "--data", "NATS_URL"},
		"user erase":         {"--json", "--data", "NATS_URL", "can\nnot be taken back"},
		"code assign":        {"--user", "--code", "--program", "--json", "NATS_URL"},
		"dev":                {"--sample", "--data", "--program", "--listen", "--nats-listen"},
		"migrate":            {"DATABASE_URL"},
		"streams":            {"NATS_URL", "PLUSONE_STREAM_REPLICAS", "PLUSONE_NATS_INBOX"},
		"program apply":      {"--file", "--data", "DATABASE_URL"},
		"program show":       {"--data", "DATABASE_URL"},
		"audit":              {"--json", "--data", "DATABASE_URL", "--every", "PLUSONE_AUDIT_STATEMENT_TIMEOUT", "--admin"},
		"simulate":           {"--users", "--rate", "--seed", "--data", "DATABASE_URL", "STRIPE_WEBHOOK_SECRET", "PLUSONE_EVENTS_TOKEN"},
	} {
		code, out, errs := invoke(t, append(strings.Fields(command), "--help")...)
		if code != 0 || errs != "" {
			t.Errorf("%s --help ended with %d and %q", command, code, errs)
		}
		mustSay(t, out, says...)
		mustHideSecrets(t, out)
	}
}

func TestVersion(t *testing.T) {
	code, out, _ := invoke(t, "version")
	if code != 0 || strings.TrimSpace(out) == "" || strings.Count(out, "\n") != 1 {
		t.Errorf("it ended with %d and %q", code, out)
	}
}

func TestSecretsFromFiles(t *testing.T) {
	dsn := testkit.Database(t)
	t.Setenv("DATABASE_URL_FILE", write(t, "dsn", dsn+"\n"))
	if code, _, errs := invoke(t, "audit"); code != 0 {
		t.Errorf("it ended with %d and %s", code, errs)
	}
	t.Setenv("DATABASE_URL", "postgres://wins:x@127.0.0.1:1/over-the-file")
	if code, _, errs := invoke(t, "audit"); code != exitFailed || !strings.Contains(errs, "the database can not be reached") {
		t.Errorf("it ended with %d and %s", code, errs)
	}
	if code, _, errs := invoke(t, "audit", "--database-url", dsn); code != 0 {
		t.Errorf("the flag did not win: it ended with %d and %s", code, errs)
	}
	if err := os.Unsetenv("DATABASE_URL"); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DATABASE_URL_FILE", "/nowhere/dsn")
	code, _, errs := invoke(t, "audit")
	if code != exitUsage {
		t.Errorf("it ended with %d", code)
	}
	mustSay(t, errs, "DATABASE_URL_FILE", "/nowhere/dsn")
	t.Setenv("PLUSONE_API_TOKEN_FILE", write(t, "token", "\n"))
	code, _, errs = invoke(t, "api", "--database-url", dsn)
	if code != exitUsage {
		t.Errorf("it ended with %d", code)
	}
	mustSay(t, errs, "PLUSONE_API_TOKEN")
}

// TestErrorsHideSecrets has every command fail with secrets in its hands.
func TestErrorsHideSecrets(t *testing.T) {
	for name, value := range secretVariables {
		t.Setenv(name, value)
	}
	for _, args := range []string{"migrate", "streams", "audit", "program show", fmt.Sprintf("program apply -f %s", write(t, "p.yaml", "name: default\n"))} {
		code, out, errs := invoke(t, strings.Fields(args)...)
		if code != exitFailed {
			t.Errorf("%s ended with %d", args, code)
		}
		mustHideSecrets(t, out+errs)
	}
}

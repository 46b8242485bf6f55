package deploy

import (
	"slices"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
)

// natsOptions are what a server makes of one of the configurations.
func natsOptions(t *testing.T, file string) *server.Options {
	t.Helper()
	for name, value := range map[string]string{
		"NAME": "nats-1", "STORE": t.TempDir(), "MONITOR": "127.0.0.1:8222", "LISTEN": "127.0.0.1:4222", "ROUTES": "[nats://route:secret@nats-2:6222]",
		"INGRESS_PASSWORD": "secret", "WORKER_PASSWORD": "secret", "API_PASSWORD": "secret", "TOOLS_PASSWORD": "secret", "PRODUCER_PASSWORD": "secret",
		"CONSUMER_PASSWORD": "secret", "SYS_PASSWORD": "secret", "ROUTE_PASSWORD": "secret",
	} {
		t.Setenv("PLUSONE_NATS_"+name, value)
	}
	opts, err := server.ProcessConfigFile("nats/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return opts
}

// TestOneServerSyncs before it acknowledges, for nobody else has what it lost; three rely on each other. Both let the same
// users in, and take messages of the same size.
func TestOneServerSyncs(t *testing.T) {
	single, three := natsOptions(t, "single.conf"), natsOptions(t, "nats.conf")
	if !single.SyncAlways || single.Cluster.Name != "" || single.ServerName != "nats-1" || single.Host != "127.0.0.1" || single.HTTPPort != 8222 {
		t.Errorf("one server by itself: %+v", single)
	}
	if three.SyncAlways || three.Cluster.Name == "" {
		t.Errorf("one of three: it syncs: %v, of the cluster %q", three.SyncAlways, three.Cluster.Name)
	}
	if single.MaxPayload != 2<<20 && single.MaxPayload != 2_000_000 || single.MaxPayload != three.MaxPayload {
		t.Errorf("they take messages of %d and %d bytes", single.MaxPayload, three.MaxPayload)
	}
	users := func(o *server.Options) (all []string) {
		for _, u := range o.Users {
			all = append(all, u.Username)
		}
		slices.Sort(all)
		return all
	}
	if a, b := users(single), users(three); len(a) != 7 || !slices.Equal(a, b) {
		t.Errorf("their users are %v and %v", a, b)
	}
}

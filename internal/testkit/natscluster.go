package testkit

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// clusterConfig is one server of three. It does not sync before it acknowledges: its promise is that two of three have
// what they acknowledge, and that is what is tested by killing one.
const clusterConfig = `
listen: "127.0.0.1:%d"
server_name: %s
max_payload: 2MB
jetstream { store_dir: %s }
cluster { name: plusone_test, listen: "127.0.0.1:%d", routes: [%s] }
`

// NATSCluster starts three servers that keep streams together, for this test. They may still be electing a leader.
func NATSCluster(t testing.TB) []*NATSServer {
	t.Helper()
	clients, routes := freePorts(t, 3), freePorts(t, 3)
	var peers []string
	for _, port := range routes {
		peers = append(peers, fmt.Sprintf(`"nats://127.0.0.1:%d"`, port))
	}
	var all []*NATSServer
	for i := range clients {
		dir := t.TempDir()
		s := &NATSServer{t: t, name: fmt.Sprintf("n%d", i), port: clients[i]}
		s.configure(dir, fmt.Sprintf(clusterConfig, s.port, s.name, strconv.Quote(filepath.Join(dir, "store")), routes[i], strings.Join(peers, ", ")))
		s.start()
		all = append(all, s)
	}
	return all
}

// URLs is where a client connects that knows them all.
func URLs(servers []*NATSServer) string {
	var all []string
	for _, s := range servers {
		all = append(all, s.URL())
	}
	return strings.Join(all, ",")
}

// freePorts are different ones. They are drawn from thousands, so that two tests hardly ever draw the same.
func freePorts(t testing.TB, n int) (all []int) {
	t.Helper()
	for len(all) < n {
		if port := freePort(t); !slices.Contains(all, port) {
			all = append(all, port)
		}
	}
	return all
}

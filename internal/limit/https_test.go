package limit_test

import (
	"crypto/tls"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/plusone-dev/plusone/internal/limit"
)

func TestHTTPS(t *testing.T) {
	t.Parallel()
	proxies := limit.NewClients(netip.MustParsePrefix("10.0.0.0/8"))
	for name, tt := range map[string]struct {
		remote, header string
		tls, want      bool
	}{
		"nobody says so":                {remote: "10.1.2.3:1"},
		"the connection's own":          {remote: "192.0.2.7:1", tls: true, want: true},
		"a stranger says so":            {remote: "192.0.2.7:1", header: "https"},
		"nobody knows who says so":      {remote: "@", header: "https"},
		"a proxy says so":               {remote: "10.1.2.3:1", header: "https", want: true},
		"a proxy that shouts":           {remote: "10.1.2.3:1", header: "HTTPS", want: true},
		"a proxy says no":               {remote: "10.1.2.3:1", header: "http"},
		"a proxy behind another":        {remote: "10.1.2.3:1", header: "https, http", want: true},
		"a proxy in front of another":   {remote: "10.1.2.3:1", header: "http,https"},
		"a proxy that says other words": {remote: "10.1.2.3:1", header: "https://"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = tt.remote
			if tt.header != "" {
				r.Header.Set("X-Forwarded-Proto", tt.header)
			}
			if tt.tls {
				r.TLS = &tls.ConnectionState{}
			}
			if got := proxies.HTTPS(r); got != tt.want {
				t.Errorf("%t", got)
			}
		})
	}
}

package limit_test

import (
	"fmt"
	"net/http/httptest"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plusone-dev/plusone/internal/limit"
)

func TestOf(t *testing.T) {
	proxies := limit.NewClients(netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:ff::/48"))
	for name, tt := range map[string]struct {
		remote  string
		headers []string
		want    string
	}{
		"the connection's":                {"192.0.2.7:4711", nil, "192.0.2.7"},
		"a stranger's header":             {"192.0.2.7:4711", []string{"198.51.100.1"}, "192.0.2.7"},
		"a proxy's header":                {"10.1.2.3:4711", []string{"198.51.100.1"}, "198.51.100.1"},
		"a proxy without it":              {"10.1.2.3:4711", nil, "10.1.2.3"},
		"what the client made up":         {"10.1.2.3:4711", []string{"203.0.113.9, 198.51.100.1"}, "198.51.100.1"},
		"made up to look like a proxy":    {"10.1.2.3:4711", []string{"203.0.113.9, 10.9.9.9, 198.51.100.1"}, "198.51.100.1"},
		"two proxies":                     {"10.1.2.3:4711", []string{"203.0.113.9, 198.51.100.1, 10.7.7.7"}, "198.51.100.1"},
		"two headers are one list":        {"10.1.2.3:4711", []string{"203.0.113.9", "198.51.100.1,10.7.7.7"}, "198.51.100.1"},
		"proxies only":                    {"10.1.2.3:4711", []string{"10.8.8.8, 10.7.7.7"}, "10.8.8.8"},
		"with a port":                     {"10.1.2.3:4711", []string{"198.51.100.1:33000"}, "198.51.100.1"},
		"nonsense ends at the proxy":      {"10.1.2.3:4711", []string{"198.51.100.1, unknown"}, "10.1.2.3"},
		"an empty header":                 {"10.1.2.3:4711", []string{""}, "10.1.2.3"},
		"IPv6 is its network":             {"[2001:db8:1:2:3:4:5:6]:4711", nil, "2001:db8:1:2::/64"},
		"IPv6 behind a proxy":             {"[2001:db8:ff::1]:4711", []string{"2001:db8:1:2:ffff::1"}, "2001:db8:1:2::/64"},
		"IPv6 in brackets":                {"10.1.2.3:4711", []string{"[2001:db8:1:2::1]"}, "2001:db8:1:2::/64"},
		"IPv6 in brackets, with a port":   {"10.1.2.3:4711", []string{"[2001:db8:1:2::1]:80"}, "2001:db8:1:2::/64"},
		"with a zone":                     {"[fe80::1%eth0]:4711", nil, "fe80::/64"},
		"IPv4 in IPv6":                    {"[::ffff:192.0.2.7]:4711", nil, "192.0.2.7"},
		"a proxy's IPv4 in IPv6":          {"[::ffff:10.1.2.3]:4711", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		"no address at all":               {"@", nil, limit.Unknown},
		"no address, and a header":        {"@", []string{"198.51.100.1"}, limit.Unknown},
		"an address of somebody's dreams": {"10.1.2.3:4711", []string{"' or 1=1 --"}, "10.1.2.3"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = tt.remote
			for _, h := range tt.headers {
				r.Header.Add("X-Forwarded-For", h)
			}
			if got := proxies.Of(r); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
			if got := (limit.Clients{}).Of(r); tt.headers != nil && got == "198.51.100.1" {
				t.Errorf("without a trusted proxy it is %q", got)
			}
		})
	}
}

func TestBuckets(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	b := limit.NewBuckets(3, 10*time.Second, func() time.Time { return now })
	for i := range 3 {
		if wait, ok := b.Take("a"); !ok || wait != 0 {
			t.Fatalf("take %d: %v %v", i, wait, ok)
		}
	}
	for range 5 { // asking again does not make the wait longer
		if wait, ok := b.Take("a"); ok || wait != 10*time.Second {
			t.Fatalf("a fourth: %v %v", wait, ok)
		}
	}
	if _, ok := b.Take("b"); !ok {
		t.Error("another key had to wait")
	}
	now = now.Add(4 * time.Second)
	if wait, ok := b.Take("a"); ok || wait != 6*time.Second {
		t.Errorf("after 4 s: %v %v", wait, ok)
	}
	now = now.Add(6 * time.Second)
	if _, ok := b.Take("a"); !ok {
		t.Error("after 10 s it still had to wait")
	}
	if _, ok := b.Take("a"); ok {
		t.Error("after 10 s it got two")
	}
	now = now.Add(time.Hour)
	taken := 0
	for range 10 {
		if _, ok := b.Take("a"); ok {
			taken++
		}
	}
	if taken != 3 {
		t.Errorf("after an hour it got %d at once", taken)
	}
}

// TestBucketsAreBounded holds that keys without end do not take memory without end, and that they do not help a key that is in use.
func TestBucketsAreBounded(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	b := limit.NewBuckets(1, time.Hour, func() time.Time { return now })
	b.Take("busy")
	b.Take("idle")
	for i := range 1 << 17 {
		b.Take(fmt.Sprint(i))
		if i%1000 == 0 {
			if _, ok := b.Take("busy"); ok {
				t.Fatalf("a key in use was forgotten after %d others", i)
			}
		}
	}
	if _, ok := b.Take("idle"); !ok {
		t.Error("a key that nobody asked for is still remembered after 131072 others")
	}
}

func TestBucketsAtOnce(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	b := limit.NewBuckets(50, time.Hour, func() time.Time { return now })
	var taken atomic.Int64
	var all sync.WaitGroup
	for range 200 {
		all.Go(func() {
			if _, ok := b.Take("a"); ok {
				taken.Add(1)
			}
		})
	}
	all.Wait()
	if taken.Load() != 50 {
		t.Errorf("%d of 200 got through, want 50", taken.Load())
	}
}

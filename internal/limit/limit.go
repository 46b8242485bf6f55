// Package limit knows from where a request comes, as far as that can be believed, and how often somebody may ask. It
// keeps what it counts in this process alone: several processes each allow what one would.
package limit

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Clients tells clients apart by their addresses. The zero Clients believes no proxy.
type Clients struct{ trusted []netip.Prefix }

// NewClients makes Clients that believe the header X-Forwarded-For from proxies of these networks, and from nobody else.
func NewClients(trusted ...netip.Prefix) Clients { return Clients{trusted: slices.Clone(trusted)} }

// Unknown is who asks when their address can not be told: all of these are one.
const Unknown = "unknown"

// Of is the address that a request comes from, of IPv6 the network of 64 bits: who has one address of it has them all.
// It is the connection's, or, when that is a trusted proxy's, the last one in X-Forwarded-For that is no trusted
// proxy's. Whatever stands before it, and the header from anybody else, is what a stranger made up.
func (c Clients) Of(r *http.Request) string {
	at, ok := address(r.RemoteAddr)
	if !ok {
		return Unknown
	}
	if c.trusts(at) {
		at = c.forwarded(at, r.Header.Values("X-Forwarded-For"))
	}
	if at.Is6() {
		network, err := at.Prefix(64)
		if err != nil {
			return Unknown
		}
		return network.String()
	}
	return at.String()
}

// forwarded walks from the proxy that is connected towards the client, for as long as it meets trusted ones. Where one of them
// wrote what is no address, it is the last that is known.
func (c Clients) forwarded(at netip.Addr, headers []string) netip.Addr {
	hops := strings.Split(strings.Join(headers, ","), ",")
	for _, hop := range slices.Backward(hops) {
		next, ok := address(strings.TrimSpace(hop))
		if !ok {
			return at
		}
		if at = next; !c.trusts(at) {
			return at
		}
	}
	return at
}

func (c Clients) trusts(at netip.Addr) bool {
	return slices.ContainsFunc(c.trusted, func(p netip.Prefix) bool { return p.Contains(at) })
}

// address reads one with a port or without. An IPv4 address in IPv6 clothes is one of IPv4.
func address(text string) (netip.Addr, bool) {
	at, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	if err != nil {
		withPort, err := netip.ParseAddrPort(text)
		if err != nil {
			return netip.Addr{}, false
		}
		at = withPort.Addr()
	}
	return at.Unmap().WithZone(""), true
}

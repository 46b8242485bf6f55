package store

import (
	"crypto/hmac"
	"crypto/sha256"
	"net/netip"

	"github.com/plusone-dev/plusone/internal/referral"
)

// shortKey is how many bytes are kept of the hashes that are many: as good as unique, and half as long.
const shortKey = 16

// hash hashes a text under the deployment's secret, so that equal ones can be told without keeping them. What it is about
// goes in as well: an IP address is never taken for a card. Nil for no text.
func (s *Store) hash(about, text string) []byte {
	if text == "" {
		return nil
	}
	mac := hmac.New(sha256.New, s.opts.HashKey)
	mac.Write([]byte(about + "\x00" + text))
	return mac.Sum(nil)
}

func (s *Store) emailKey(address string) []byte {
	return s.hash("email", referral.NormalEmail(address))
}

func (s *Store) deviceKey(device string) []byte { return short(s.hash("device", device)) }

func (s *Store) cardKey(fingerprint string) string { return string(short(s.hash("card", fingerprint))) }

// ipKey hashes an address; of IPv6 the network of 64 bits that a household has, for within it addresses are changed at will.
func (s *Store) ipKey(text string) []byte {
	if addr, err := netip.ParseAddr(text); err == nil {
		addr = addr.Unmap().WithZone("")
		text = addr.String()
		if prefix, err := addr.Prefix(64); err == nil && addr.Is6() {
			text = prefix.String()
		}
	}
	return short(s.hash("ip", text))
}

func short(key []byte) []byte {
	if key == nil {
		return nil
	}
	return key[:shortKey]
}

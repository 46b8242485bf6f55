package usertoken

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
)

// key is one that verifies, and the one algorithm that it verifies with.
type key struct {
	algorithm string
	id        string // empty: whatever the token says
	key       any
}

// algorithms are those of the keys, each once.
func algorithms(keys []key) []string {
	all := make([]string, 0, len(keys)) // not nil, which would be all there are
	for _, k := range keys {
		if !slices.Contains(all, k.algorithm) {
			all = append(all, k.algorithm)
		}
	}
	return all
}

// minModulus is how many bits an RSA key must have (RFC 7518, section 3.3).
const minModulus = 2048

// of makes a key of what a file holds.
func of(public any, id string) (key, error) {
	switch k := public.(type) {
	case ed25519.PublicKey:
		return key{jwt.SigningMethodEdDSA.Alg(), id, k}, nil
	case *rsa.PublicKey:
		if k.N.BitLen() < minModulus {
			return key{}, fmt.Errorf("an RSA key has %d bits: %d is the least", k.N.BitLen(), minModulus)
		}
		return key{jwt.SigningMethodRS256.Alg(), id, k}, nil
	case []byte:
		return key{}, errors.New("the file holds a shared secret: give it as a secret, not in a file of public keys")
	default:
		return key{}, fmt.Errorf("a key is of type %T: Ed25519 and RSA public keys are taken", public)
	}
}

// readKeys reads public keys, in PEM or as a JWKS.
func readKeys(text []byte) (keys []key, err error) {
	if text = bytes.TrimSpace(text); bytes.HasPrefix(text, []byte("{")) {
		keys, err = readJWKS(text)
	} else {
		keys, err = readPEM(text)
	}
	if err == nil && len(keys) == 0 {
		err = errors.New("the file has no key: it must be public keys in PEM, or a JWKS")
	}
	return keys, err
}

func readPEM(text []byte) (keys []key, err error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		var public any
		switch block.Type {
		case "PUBLIC KEY":
			public, err = x509.ParsePKIXPublicKey(block.Bytes)
		case "RSA PUBLIC KEY":
			public, err = x509.ParsePKCS1PublicKey(block.Bytes)
		case "CERTIFICATE":
			var c *x509.Certificate
			if c, err = x509.ParseCertificate(block.Bytes); err == nil {
				public = c.PublicKey
			}
		default:
			return nil, fmt.Errorf("the file has a %s: only public keys belong here (openssl pkey -in private.pem -pubout)", block.Type)
		}
		if err != nil {
			return nil, fmt.Errorf("a %s can not be read: %w", block.Type, err)
		}
		k, err := of(public, "")
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// readJWKS reads a set of keys. Those that are not for signatures, or for an algorithm that is not taken, are left out: the set may
// serve others too.
func readJWKS(text []byte) (keys []key, err error) {
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fmt.Errorf("the JWKS can not be read: %w", err)
	}
	for _, k := range set.Keys {
		if k.Use != "" && k.Use != "sig" {
			continue
		}
		if _, shared := k.Key.([]byte); !shared && !k.IsPublic() {
			return nil, errors.New("the JWKS has a private key: only public keys belong here")
		}
		made, err := of(k.Key, k.KeyID)
		if err != nil {
			return nil, fmt.Errorf("the JWKS: %w", err)
		}
		if k.Algorithm == "" || k.Algorithm == made.algorithm {
			keys = append(keys, made)
		}
	}
	return keys, nil
}

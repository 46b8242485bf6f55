package usertoken

import (
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Mint makes a token for a user that ends after so long, signed with a shared secret: for trying things. A business's own
// backend does the same.
func Mint(secret, userID string, now time.Time, life time.Duration) (string, error) {
	return jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.RegisteredClaims{
		Subject: userID, IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(life)),
	}).SignedString([]byte(secret))
}

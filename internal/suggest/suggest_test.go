package suggest

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	known := []string{"user_id", "username", "email", "email_verified", "at", "by"}
	for word, want := range map[string]string{
		"user_id": "user_id", "userid": "user_id", "user_Id": "user_id", "e-mail": "email", ".email": "email", "usr_name": "username",
		"email_verifed": "email_verified", "a": "at", "colour": "", "": "", strings.Repeat("user_id", 6): "",
	} {
		if got := Nearest(word, known); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}

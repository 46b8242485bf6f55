package money

import (
	"math"
	"testing"
)

func TestHuman(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		give Amount
		want string
	}{
		{New("usd", 1000), "$10.00"},
		{New("usd", 123456789), "$1,234,567.89"},
		{New("eur", -500), "−€5.00"},
		{New("jpy", 1000), "¥1,000"},
		{New("chf", 99995), "CHF\u00a0999.95"},
		{New("kwd", -1234560), "−KWD\u00a01,234.560"},
		{New(Points, 0), "0 points"},
		{New(Points, 1), "1 point"},
		{New(Points, -1), "−1 point"},
		{New(Points, 1500), "1,500 points"},
		{New("usd", math.MinInt64), "−$92,233,720,368,547,758.08"},
	} {
		if got := c.give.Human(); got != c.want {
			t.Errorf("%s: %q, want %q", c.give, got, c.want)
		}
	}
}

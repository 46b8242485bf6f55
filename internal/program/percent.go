package program

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

const (
	// wholePercent is one percent in millionths.
	wholePercent = 10_000

	// percentDecimals is how many decimals of a percent a millionth reaches.
	percentDecimals = 4
)

var errPercent = errors.New(`is not a percentage such as "20" or "7.5"`)

// takePercent reads a share in percent, in quotes for the reason that amounts have them, as millionths; zero when it is
// left out or refused.
func (o *object) takePercent(key string) int64 {
	v, ok := o.take(key)
	if !ok {
		return 0
	}
	text, ok := v.quoted()
	if !ok {
		if digits, ok := v.numeral(); ok {
			v.refuse(`put the percentage in quotes: "%s"`, digits)
			return 0
		}
		v.mustBe(`a percentage in quotes, such as "20"`)
		return 0
	}
	millionths, err := parsePercent(text)
	switch {
	case err != nil:
		v.refuse("%s %s", shown(text), err)
	case millionths == 0:
		v.refuse("must be more than zero")
	case millionths > 100*wholePercent:
		v.refuse("must be at most 100")
	default:
		return millionths
	}
	return 0
}

// parsePercent reads "20" as 200,000 millionths. It refuses signs, blanks, a percent sign and more decimals than a
// millionth reaches.
func parsePercent(text string) (int64, error) {
	whole, fraction, dotted := strings.Cut(text, ".")
	if !digitsOnly(whole) || (dotted && !digitsOnly(fraction)) || len(whole) > 9 {
		return 0, errPercent
	}
	if len(fraction) > percentDecimals {
		return 0, fmt.Errorf("has too many decimals: write at most %d", percentDecimals)
	}
	return strconv.ParseInt(whole+fraction+strings.Repeat("0", percentDecimals-len(fraction)), 10, 64)
}

// formatPercent writes millionths as parsePercent reads them, without needless zeros. A negative share, which no file can
// say, keeps its sign, and is refused.
func formatPercent(millionths int64) string {
	text := fmt.Sprintf("%d.%0*d", millionths/wholePercent, percentDecimals, millionths%wholePercent)
	return strings.TrimRight(strings.TrimRight(text, "0"), ".")
}

func digitsOnly(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

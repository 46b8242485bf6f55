package program

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

const (
	day = 24 * time.Hour

	// longest keeps every sum of a time and a duration inside what a clock and a database can hold.
	longest = 3650 * day
)

// unitLetters are what a duration is made of, the largest first. A day is 24 hours: windows are counted in time passed,
// not in calendar days of some zone.
const unitLetters = "dhms"

var unitSizes = [len(unitLetters)]time.Duration{day, time.Hour, time.Minute, time.Second}

var (
	errDuration = errors.New("is not a duration: write whole numbers with d, h, m or s, the largest first, such as 90d or 1d12h")
	errTooLong  = errors.New("is too long: at most 3650d (ten years)")
)

// parseDuration reads "90d", "1d12h", "0s". Errors: errDuration, errTooLong.
func parseDuration(s string) (time.Duration, error) {
	if s == "" {
		return 0, errDuration
	}
	var sum time.Duration
	for rest, next := s, 0; rest != ""; {
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		if digits == 0 || digits == len(rest) {
			return 0, errDuration
		}
		unit := strings.IndexByte(unitLetters, rest[digits])
		if unit < next {
			return 0, errDuration
		}
		n, err := strconv.ParseInt(rest[:digits], 10, 64)
		if err != nil || n > int64(longest/unitSizes[unit]) {
			return 0, errTooLong
		}
		sum += time.Duration(n) * unitSizes[unit]
		rest, next = rest[digits+1:], unit+1
	}
	if sum > longest {
		return 0, errTooLong
	}
	return sum, nil
}

// formatDuration writes a duration as parseDuration reads it. One that no file can say (negative, or with a part of a
// second) is written as Go does, which parseDuration refuses: better a loud answer than a rounded one.
func formatDuration(d time.Duration) string {
	if d <= 0 || d%time.Second != 0 {
		return d.String()
	}
	var b strings.Builder
	for i, size := range unitSizes {
		if n := d / size; n > 0 {
			b.WriteString(strconv.FormatInt(int64(n), 10))
			b.WriteByte(unitLetters[i])
		}
		d %= size
	}
	return b.String()
}

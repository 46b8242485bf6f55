package pages_test

import (
	"math"
	"strings"
	"testing"

	"github.com/plusone-dev/plusone/internal/pages"
)

func drawing(lines bool) pages.Chart {
	return pages.Chart{
		ID: "c", Title: "Sign-ups", Desc: "They rise.", Lines: lines, Days: []string{"2026-11-18", "2026-11-19", "2026-11-20"},
		Series: []pages.Series{
			{Name: "direct", Values: []int64{1, 0, 4}},
			{Name: nasty, Values: []int64{2, 0}}, // shorter than the days: the rest is nought
		},
	}
}

func TestAChartHasItsFiguresAsATable(t *testing.T) {
	t.Parallel()
	for _, lines := range []bool{false, true} {
		body := render(t, "draw", pages.Page{Content: drawing(lines)}).Body.String()
		for _, want := range []string{
			`role="img" aria-labelledby="c-t c-d"`, `<desc id="c-d">They rise.`, `<th scope="row">2026-11-20</th><td class="num">4</td><td class="num">0</td>`,
			`<th scope="row">2026-11-18</th><td class="num">1</td><td class="num">2</td>`, `>11-19</text>`, `width="720" height="220"`,
		} {
			if !strings.Contains(body, want) {
				t.Errorf("lines %t: the chart lacks %s:\n%s", lines, want, body)
			}
		}
		if strings.Contains(body, "<script>") {
			t.Errorf("lines %t: a name is not escaped", lines)
		}
		if bars := strings.Count(body, "<rect class=\"s"); (bars == 3) == lines {
			t.Errorf("lines %t: %d bars", lines, bars)
		}
		if paths := strings.Count(body, `class="line`); (paths == 2) != lines {
			t.Errorf("lines %t: %d lines", lines, paths)
		}
	}
}

func TestBarsStandOnOneAnother(t *testing.T) {
	t.Parallel()
	c := drawing(false)
	bars := c.Bars()
	// the scale ends at 4: the first day's 1 + 2 are three quarters of the height, which is 178
	if bars[0].Y != "145.5" || bars[0].H != "44.5" || bars[1].Y != "56.5" || bars[1].H != "89.0" || bars[2].H != "178.0" {
		t.Errorf("%+v", bars)
	}
	if !strings.HasPrefix(bars[0].Text, "2026-11-18: 1 direct") {
		t.Errorf("%+v", bars[0])
	}
}

func TestTheScaleIsRound(t *testing.T) {
	t.Parallel()
	for most, want := range map[int64]string{0: "4", 1: "4", 4: "4", 5: "8", 9: "20", 21: "40", 41: "80", 81: "200", 999: "2,000", 8001: "20,000", -5: "4"} {
		c := pages.Chart{Days: []string{"2026-11-18"}, Series: []pages.Series{{Name: "n", Values: []int64{most}}}}
		grid := c.Grid()
		if got := grid[len(grid)-1].Text; got != want {
			t.Errorf("%d: the scale ends at %s, want %s", most, got, want)
		}
		if c.Empty() != (most <= 0) {
			t.Errorf("%d: empty %t", most, c.Empty())
		}
	}
	c := pages.Chart{Days: []string{"2026-11-18"}, Series: []pages.Series{{Values: []int64{math.MaxInt64}}}}
	for _, b := range c.Bars() {
		if strings.Contains(b.Y+b.H, "NaN") || strings.Contains(b.Y+b.H, "Inf") {
			t.Errorf("%+v", b)
		}
	}
}

func TestNinetyDaysHaveFewLabels(t *testing.T) {
	t.Parallel()
	c := pages.Chart{Days: make([]string, 90), Series: []pages.Series{{Name: "n", Values: make([]int64, 90)}}}
	if n := len(c.Labels()); n != 6 {
		t.Errorf("%d labels", n)
	}
	if n := len(pages.Chart{}.Labels()); n != 0 {
		t.Errorf("%d labels of no day", n)
	}
}

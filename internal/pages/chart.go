package pages

import (
	"fmt"
	"math"
	"strings"
)

// Chart draws daily values as bars or lines, on the server. Whoever can not see it has the same figures in a table.
type Chart struct {
	ID          string // unique on its page
	Title, Desc string // what is shown; and what is to be seen in it, in one sentence
	Lines       bool   // lines instead of bars, which stand on one another
	Days        []string
	Series      []Series
	Unit        string // of the table's head: "Day", "Month"; empty: "Day"
}

// Series is one value a day. Text writes a value; nil: as a whole number.
type Series struct {
	Name   string
	Values []int64
	Text   func(int64) string
}

func (s Series) at(day int) int64 {
	if day < len(s.Values) {
		return s.Values[day]
	}
	return 0
}

func (s Series) text(n int64) string {
	if s.Text != nil {
		return s.Text(n)
	}
	return Number(n)
}

// The measures of the drawing, in its own units. The browser scales it to the width there is.
const (
	chartWide, chartHigh            = 720, 220
	chartLeft, chartTop, chartFloor = 44, 12, 190
	gridLines                       = 4
)

// Width is the drawing's own, for the space it takes before it is there.
func (Chart) Width() int { return chartWide }

// Height is the drawing's own.
func (Chart) Height() int { return chartHigh }

// Head is the head of the table's first column.
func (c Chart) Head() string {
	if c.Unit == "" {
		return "Day"
	}
	return c.Unit
}

// Empty says that there is nothing to draw.
func (c Chart) Empty() bool { return c.highest() == 0 }

// Mark is a line of the grid, or a label below.
type Mark struct{ X, Y, Text string }

// Bar is one value of one day.
type Bar struct {
	X, Y, W, H, Text string
	Series           int
}

// Row is one day of the table.
type Row struct {
	Day    string
	Values []string
}

// highest is the greatest value, or for bars the greatest sum of a day.
func (c Chart) highest() (most int64) {
	for i := range c.Days {
		var sum int64
		for _, s := range c.Series {
			v := max(s.at(i), 0)
			most = max(most, v)
			sum += v
		}
		if !c.Lines {
			most = max(most, sum)
		}
	}
	return most
}

// top is where the scale ends: a round number at or above the highest, so that each line of the grid is round too.
func (c Chart) top() int64 {
	most := max(c.highest(), gridLines)
	step := int64(1)
	for {
		for _, m := range []int64{1, 2, 5} {
			if step > math.MaxInt64/50 || step*m*gridLines >= most {
				return step * m * gridLines
			}
		}
		step *= 10
	}
}

func (c Chart) y(v int64) float64 {
	return chartFloor - float64(max(v, 0))/float64(c.top())*(chartFloor-chartTop)
}

// slot is how wide a day is.
func (c Chart) slot() float64 { return float64(chartWide-chartLeft) / float64(max(len(c.Days), 1)) }

// Grid are the lines across, with their values.
func (c Chart) Grid() (all []Mark) {
	text := Series{}
	if len(c.Series) > 0 {
		text = c.Series[0]
	}
	for i := range int64(gridLines + 1) {
		v := c.top() / gridLines * i
		all = append(all, Mark{Y: decimal(c.y(v)), Text: text.text(v)})
	}
	return all
}

// Labels are some of the days, below: as many as there is room for.
func (c Chart) Labels() (all []Mark) {
	every := max((len(c.Days)+5)/6, 1)
	for i := 0; i < len(c.Days); i += every {
		all = append(all, Mark{X: decimal(chartLeft + (float64(i)+0.5)*c.slot()), Text: short(c.Days[i])})
	}
	return all
}

// Bars are the values as bars, those of one day upon one another.
func (c Chart) Bars() (all []Bar) {
	wide := max(c.slot()*0.72, 1)
	for i, day := range c.Days {
		var below int64
		for n, s := range c.Series {
			v := s.at(i)
			if v <= 0 {
				continue
			}
			y := c.y(below + v)
			all = append(all, Bar{
				X: decimal(chartLeft + float64(i)*c.slot() + (c.slot()-wide)/2), Y: decimal(y), W: decimal(wide), H: decimal(c.y(below) - y),
				Text: day + ": " + s.text(v) + " " + s.Name, Series: n,
			})
			below += v
		}
	}
	return all
}

// Paths are the values as lines, one a series.
func (c Chart) Paths() (all []string) {
	for _, s := range c.Series {
		points := make([]string, 0, len(c.Days))
		for i := range c.Days {
			points = append(points, decimal(chartLeft+(float64(i)+0.5)*c.slot())+" "+decimal(c.y(s.at(i))))
		}
		all = append(all, "M"+strings.Join(points, "L"))
	}
	return all
}

// Rows are all values in words, the latest day first.
func (c Chart) Rows() (all []Row) {
	for i := len(c.Days) - 1; i >= 0; i-- {
		row := Row{Day: c.Days[i]}
		for _, s := range c.Series {
			row.Values = append(row.Values, s.text(s.at(i)))
		}
		all = append(all, row)
	}
	return all
}

// decimal writes a place in the drawing, which needs no more than a tenth.
func decimal(f float64) string { return fmt.Sprintf("%.1f", f) }

// short is a day without its year: "11-20" of 2026-11-20. A month stays as it is.
func short(day string) string {
	if len(day) == len("2026-11-20") {
		return day[len("2026-"):]
	}
	return day
}

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"

	"github.com/jedib0t/go-pretty/v6/table"
)

// report is what a run came to. The ratios count; the rates are of this machine, on this day.
type report struct {
	Quick      bool              `json:"quick"`
	Rounds     int               `json:"rounds"`
	People     int               `json:"people"`
	Events     int               `json:"events_per_round"`
	Processors int               `json:"processors"`
	Rates      map[string]spread `json:"rates_per_second"`
	Ratios     map[string]spread `json:"ratios"`
	Latencies  map[string]spread `json:"latencies_ms,omitempty"` // of the API
	Idle       latencies         `json:"idle"`
}

// The ratios, as they are recorded.
const (
	ratioWorker  = "worker / pgbench"
	ratioRaw     = "worker / raw stream"
	ratioDoor64  = "door / net/http, 64 connections"
	ratioDoor256 = "door / net/http, 256 connections"
)

func newReport(o options) *report {
	return &report{
		Quick: o.quick, Rounds: o.rounds, People: o.people, Events: o.events, Processors: runtime.NumCPU(),
		Rates: make(map[string]spread), Ratios: make(map[string]spread), Latencies: make(map[string]spread),
	}
}

func (r *report) addWorker(s series) {
	r.addRates(s)
	r.Ratios[ratioWorker] = s.ratio(nameWorker, nameYardstick)
	r.Ratios[ratioRaw] = s.ratio(nameWorker, nameRaw)
}

func (r *report) addDoor(s series) {
	r.addRates(s)
	r.Ratios[ratioDoor64] = s.ratio(nameDoor64, nameYes64)
	r.Ratios[ratioDoor256] = s.ratio(nameDoor256, nameYes256)
}

func (r *report) addRates(s series) {
	for name, figures := range s {
		r.Rates[name] = spreadOf(figures)
	}
}

// print shows the medians of the rounds, with the lowest and the highest.
func (r *report) print(out io.Writer) {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.AppendHeader(table.Row{"", "median", "lowest", "highest"})
	for _, name := range keys(r.Ratios) {
		s := r.Ratios[name]
		t.AppendRow(table.Row{name, fmt.Sprintf("%.2f", s.Median), fmt.Sprintf("%.2f", s.Min), fmt.Sprintf("%.2f", s.Max)})
	}
	t.AppendSeparator()
	for _, name := range keys(r.Rates) {
		s := r.Rates[name]
		t.AppendRow(table.Row{name + ", a second", fmt.Sprintf("%.0f", s.Median), fmt.Sprintf("%.0f", s.Min), fmt.Sprintf("%.0f", s.Max)})
	}
	for _, name := range keys(r.Latencies) {
		s := r.Latencies[name]
		t.AppendRow(table.Row{name + ", ms", fmt.Sprintf("%.2f", s.Median), fmt.Sprintf("%.2f", s.Min), fmt.Sprintf("%.2f", s.Max)})
	}
	if r.Idle.N > 0 {
		t.AppendSeparator()
		t.AppendRow(table.Row{"webhook to committed reward, idle: p50", fmt.Sprintf("%.1f ms", r.Idle.P50)})
		t.AppendRow(table.Row{"p99", fmt.Sprintf("%.1f ms", r.Idle.P99), "", fmt.Sprintf("%.1f ms", r.Idle.Max)})
	}
	fmt.Fprintf(out, "\n%d rounds, %d people, %d events a round, %d processors\n%s\n", r.Rounds, r.People, r.Events, r.Processors, t.Render())
}

func (r *report) write(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644) //nolint:gosec // for everybody to read
}

// mustHold fails when one of the ratios is below half of what was recorded, or the idle latency above twice of it: no
// noise of a machine does that.
func (r *report) mustHold(path string, out io.Writer) error {
	text, err := os.ReadFile(path) //nolint:gosec // the caller's own file
	if err != nil {
		return err
	}
	var recorded report
	if err := json.Unmarshal(text, &recorded); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	var fell []error
	for _, name := range keys(recorded.Ratios) {
		have, want := r.Ratios[name].Median, recorded.Ratios[name].Median/2
		if math.IsNaN(have) || have < want {
			fell = append(fell, fmt.Errorf("%s is %.2f, below half of the %.2f that was recorded", name, have, recorded.Ratios[name].Median))
		}
	}
	if have, most := r.Idle.P50, 2*recorded.Idle.P50; have > most {
		fell = append(fell, fmt.Errorf("the idle latency is %.1f ms, above twice the %.1f ms that was recorded", have, recorded.Idle.P50))
	}
	if len(fell) == 0 {
		fmt.Fprintf(out, "no ratio is below half of what %s records\n", path)
	}
	return errors.Join(fell...)
}

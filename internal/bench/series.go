package main

import (
	"maps"
	"slices"
)

// series are the figures of each thing that was measured, one for each round.
type series map[string][]float64

// spread is what a series comes to.
type spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

func spreadOf(figures []float64) spread {
	if len(figures) == 0 {
		return spread{}
	}
	sorted := slices.Sorted(slices.Values(figures))
	middle := len(sorted) / 2
	median := sorted[middle]
	if len(sorted)%2 == 0 {
		median = (sorted[middle-1] + sorted[middle]) / 2
	}
	return spread{Median: median, Min: sorted[0], Max: sorted[len(sorted)-1]}
}

// ratio divides two series round by round: what slowed a round down slowed both.
func (s series) ratio(of, by string) spread {
	var all []float64
	for i, figure := range s[of] {
		all = append(all, figure/s[by][i])
	}
	return spreadOf(all)
}

// quantile is the figure below which a share of all lies. The figures must be sorted.
func quantile(sorted []float64, share float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

package main

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// older compares two versions such as 1.26.8, part by part.
func older(a, b string) bool {
	return slices.CompareFunc(strings.Split(a, "."), strings.Split(b, "."), func(x, y string) int {
		i, _ := strconv.Atoi(x)
		j, _ := strconv.Atoi(y)
		return cmp.Compare(i, j)
	}) < 0
}

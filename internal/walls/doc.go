// Package walls has no code to import. Its tests hold the walls between the packages of this module: which package must
// never reach which other, by whatever way round, and which must not know the time, chance or the world outside.
// The tables in house_test.go are the documentation of the walls.
package walls

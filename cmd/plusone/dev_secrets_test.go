package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestALostHashKeyIsNotReplaced where there is a database whose hashes need it.
func TestALostHashKeyIsNotReplaced(t *testing.T) {
	dir := t.TempDir()
	d := &dev{cmd: &devCommand{Data: dir}}
	if err := d.keepHashKey(); err != nil || d.hashKey == "" {
		t.Fatalf("the first: %q, %v", d.hashKey, err)
	}
	first := d.hashKey
	if err := os.MkdirAll(filepath.Join(dir, "postgres", "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := d.keepHashKey(); err != nil || d.hashKey != first {
		t.Fatalf("kept: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "hash-key")); err != nil {
		t.Fatal(err)
	}
	d.hashKey = ""
	if err := d.keepHashKey(); err != nil || exists(filepath.Join(dir, "hash-key")) {
		t.Errorf("it was replaced: %v", err)
	}
	if err := d.requireHashKey(t.Context()); err == nil || !strings.Contains(err.Error(), "is lost") {
		t.Errorf("lost: %v", err)
	}
}

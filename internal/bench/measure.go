package main

import (
	"context"
	"fmt"
	"io"
)

func measure(ctx context.Context, o options, stdout, progress io.Writer) error {
	w, err := newWorld(ctx, o, progress)
	if err != nil {
		return err
	}
	defer w.close()
	d, err := w.measureDoor(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, d.ratio(nameDoor64, nameYes64), d.ratio(nameDoor256, nameYes256))
	return nil
}

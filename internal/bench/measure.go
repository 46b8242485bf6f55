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
	s, err := w.measureWorker(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, s.ratio(nameWorker, nameYardstick), s.ratio(nameWorker, nameRaw))
	return nil
}

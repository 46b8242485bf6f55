// Command manifests checks what plusone is deployed with: deploy/Dockerfile with BuildKit's own linter,
// deploy/compose.yaml with Compose's own loader and schema, and deploy/kubernetes, built by kustomize, with the validation
// of Kubernetes' API server and its pod security standard "restricted". Then it holds each of them to the rules of the
// house, which stand in policy_*.go.
//
// It is a module of its own: what it needs is larger than plusone and all other tools together.
package main

import (
	"context"
	"fmt"
	"os"
	"slices"
)

func main() {
	root := "."
	if len(os.Args) > 1 {
		root = os.Args[1]
	}
	found := check(context.Background(), root)
	for _, f := range found {
		fmt.Fprintln(os.Stderr, f)
	}
	if len(found) > 0 {
		fmt.Fprintf(os.Stderr, "%d faults in what plusone is deployed with\n", len(found))
		os.Exit(1)
	}
}

// faults collects what is wrong, each with the place it stands at.
type faults []string

func (f *faults) add(place, format string, args ...any) {
	*f = append(*f, place+": "+fmt.Sprintf(format, args...))
}

// check looks at everything below the root of the repository.
func check(ctx context.Context, root string) faults {
	var all faults
	house, err := readHouse(root)
	if err != nil {
		all.add("the repository", "%v", err)
		return all
	}
	all = append(all, checkDockerfile(ctx, root, house)...)
	all = append(all, checkCompose(ctx, root, house)...)
	all = append(all, checkKubernetes(root, house)...)
	slices.Sort(all)
	return slices.Compact(all)
}

package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
	digest "github.com/opencontainers/go-digest"
)

const dockerfile = "deploy/Dockerfile"

// checkDockerfile has BuildKit read and lint it as for a build, without a build.
func checkDockerfile(ctx context.Context, root string, h house) (all faults) {
	text, err := os.ReadFile(filepath.Join(root, dockerfile)) //nolint:gosec // the repository that is checked
	if err != nil {
		all.add(dockerfile, "%v", err)
		return all
	}
	source := llb.NewSourceMap(nil, dockerfile, "Dockerfile", text)
	source.Definition = &llb.Definition{} // BuildKit would say here where the text came from
	result, err := dockerfile2llb.DockerfileLint(ctx, text, dockerfile2llb.ConvertOpt{
		Config:       dockerui.Config{LinterConfig: &linter.Config{ExperimentalAll: true}},
		SourceMap:    source,
		MetaResolver: noRegistry{},
	})
	if err != nil {
		all.add(dockerfile, "%v", err)
		return all
	}
	if result.Error != nil {
		all.add(dockerfile, "it can not be built: %s", result.Error.Message)
		return all
	}
	for _, w := range result.Warnings {
		all.add(dockerfile, "%s: %s", w.RuleName, w.Detail)
	}
	tree, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		all.add(dockerfile, "%v", err)
		return all
	}
	stages, _, err := instructions.Parse(tree.AST, nil)
	if err != nil {
		all.add(dockerfile, "%v", err)
		return all
	}
	return append(append(all, imagePolicy(stages, h)...), contextPolicy(root, stages)...)
}

// noRegistry answers for every base image: nothing is known of it. What is checked is what we wrote.
type noRegistry struct{}

func (noRegistry) ResolveImageConfig(_ context.Context, ref string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	return ref, digest.FromString(ref), []byte(`{"architecture":"amd64","os":"linux","config":{}}`), nil
}

// imagePolicy holds the image to the rules of the house.
func imagePolicy(stages []instructions.Stage, h house) (all faults) {
	last := stages[len(stages)-1]
	if last.BaseName != "scratch" {
		all.add(dockerfile, "the image must be empty but for plusone, and is made from %s", last.BaseName)
	}
	var user, entry string
	for _, command := range last.Commands {
		switch c := command.(type) {
		case *instructions.UserCommand:
			user = c.User
		case *instructions.EntrypointCommand:
			entry = strings.Join(c.CmdLine, " ")
			if c.PrependShell {
				all.add(dockerfile, "ENTRYPOINT needs a shell, and there is none: write it as a list")
			}
		case *instructions.RunCommand:
			all.add(dockerfile, "nothing can be run in an empty image: %s", c)
		case *instructions.CopyCommand:
			if c.From == "" {
				all.add(dockerfile, "the image takes %v straight from the repository: only what was built goes in", c.SourcePaths)
			}
		}
	}
	if !regexp.MustCompile(`^[1-9]\d*:[1-9]\d*$`).MatchString(user) {
		all.add(dockerfile, "USER is %q: it must be two numbers above 0, which Kubernetes can tell from root", user)
	}
	if entry != "/plusone" {
		all.add(dockerfile, "ENTRYPOINT is %q, and compose.yaml and the manifests count on /plusone", entry)
	}
	return append(all, basesPolicy(stages, h)...)
}

func basesPolicy(stages []instructions.Stage, h house) (all faults) {
	for _, stage := range stages {
		if stage.BaseName == "scratch" {
			continue
		}
		if !pinned.MatchString(stage.BaseName) {
			all.add(dockerfile, "%s is no version: tomorrow it is another image", stage.BaseName)
		}
		if version, ok := strings.CutPrefix(stage.BaseName, "golang:"); ok {
			version, _, _ = strings.Cut(version, "-")
			if older(version, h.goVersion) {
				all.add(dockerfile, "it builds with Go %s, and go.mod asks for %s", version, h.goVersion)
			}
		}
	}
	return all
}

// contextPolicy looks at what is sent to the builder: what the Dockerfile copies is there and is sent, secrets are not.
func contextPolicy(root string, stages []instructions.Stage) (all faults) {
	const ignore = ".dockerignore"
	f, err := os.Open(filepath.Join(root, ignore)) //nolint:gosec // the repository that is checked
	if err != nil {
		all.add(ignore, "%v", err)
		return all
	}
	defer f.Close() //nolint:errcheck // it is only read
	patterns, err := ignorefile.ReadAll(f)
	if err != nil {
		all.add(ignore, "%v", err)
		return all
	}
	ignored := func(path string) bool {
		match, matchErr := patternmatcher.MatchesOrParentMatches(path, patterns)
		return matchErr != nil || match
	}
	for _, secret := range []string{"deploy/secrets/hash_key", ".git/config", ".plusone/api-token", ".env", "bin/plusone"} {
		if !ignored(secret) {
			all.add(ignore, "%s would be sent to the builder", secret)
		}
	}
	for _, stage := range stages {
		for _, command := range stage.Commands {
			c, ok := command.(*instructions.CopyCommand)
			if !ok || c.From != "" {
				continue
			}
			for _, path := range c.SourcePaths {
				if _, err := os.Stat(filepath.Join(root, path)); err != nil { //nolint:gosec // it is only asked for
					all.add(dockerfile, "it copies what is not there: %v", err)
				}
				if path != "." && ignored(path) {
					all.add(ignore, "%s is not sent, and the Dockerfile copies it", path)
				}
			}
		}
	}
	return all
}

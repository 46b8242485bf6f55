package deploy

import (
	"debug/elf"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

const root = ".."

// image is what the Dockerfile makes, without Docker: the files of the last stage below a folder, and how to start it.
type image struct {
	root       string
	user       string
	env        []string
	entrypoint []string
}

// instruction is a line of a Dockerfile, continued lines joined.
type instruction struct{ word, rest string }

// instructions reads the Dockerfile. It knows no more of the language than this one needs; BuildKit itself reads it in
// .tools/manifests.
func instructions(t testing.TB) (all []instruction) {
	t.Helper()
	var lines []string
	for line := range strings.Lines(read(t, "Dockerfile")) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	for line := range strings.SplitSeq(strings.ReplaceAll(strings.Join(lines, "\n"), "\\\n", " "), "\n") {
		word, rest, _ := strings.Cut(line, " ")
		all = append(all, instruction{word, strings.TrimSpace(rest)})
	}
	return all
}

var mounts = regexp.MustCompile(`--mount=\S+`)

// compileCommand is the line that compiles, as the shell is given it.
func compileCommand(t testing.TB) string {
	t.Helper()
	for _, i := range instructions(t) {
		if i.word == "RUN" && strings.Contains(i.rest, "go build") {
			return strings.TrimSpace(mounts.ReplaceAllString(i.rest, ""))
		}
	}
	t.Fatal("the Dockerfile runs no go build")
	return ""
}

// buildImage does what the Dockerfile does, with what .dockerignore lets through.
func buildImage(t testing.TB, version string) image {
	t.Helper()
	src, out := buildContext(t), t.TempDir()
	compile := exec.CommandContext(t.Context(), "/bin/sh", "-euc", strings.ReplaceAll(compileCommand(t), "/out/", out+"/"))
	compile.Dir = src
	compile.Env = append(os.Environ(), "VERSION="+version, "TARGETOS="+runtime.GOOS, "TARGETARCH="+runtime.GOARCH)
	if text, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("the Dockerfile's build fails: %v\n%s", err, text)
	}
	img := image{root: t.TempDir()}
	for _, i := range instructions(t) {
		switch i.word {
		case "FROM": // the last one counts
			img = image{root: img.root}
		case "COPY":
			img.copy(t, out, i.rest)
		case "USER":
			img.user = i.rest
		case "ENV":
			img.env = append(img.env, strings.Fields(i.rest)...)
		case "ENTRYPOINT":
			img.entrypoint = strings.Split(strings.Trim(i.rest, `[]"`), `", "`)
		}
	}
	return img
}

// copy puts a file into the image that the Dockerfile takes from the build, or from the distribution that it builds on.
func (i image) copy(t testing.TB, out, arguments string) {
	t.Helper()
	words := strings.Fields(arguments)
	if words[0] != "--from=build" {
		return // into the build
	}
	from, to := words[1], filepath.Join(i.root, words[2])
	if built, ok := strings.CutPrefix(from, "/out/"); ok {
		from = filepath.Join(out, built)
	} else if _, err := os.Stat(from); err != nil {
		t.Fatalf("the image takes %s from Debian, and this machine has none: as root, apt-get install ca-certificates (%v)", from, err)
	}
	info, err := os.Stat(from)
	if err != nil {
		t.Fatal(err)
	}
	write(t, to, read(t, from), info.Mode())
}

// buildContext is what would be sent to the builder.
func buildContext(t testing.TB) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for line := range strings.Lines(read(t, filepath.Join(root, ".dockerignore"))) {
		name, sent := strings.CutPrefix(strings.TrimSpace(line), "!")
		if !sent {
			continue // the rest is not sent; .tools/manifests holds it to that
		}
		from, to := filepath.Join(root, name), filepath.Join(dir, name)
		if info, err := os.Stat(from); err != nil {
			t.Fatal(err)
		} else if info.IsDir() {
			if err := os.CopyFS(to, os.DirFS(from)); err != nil {
				t.Fatal(err)
			}
			continue
		}
		write(t, to, read(t, from), 0o644)
	}
	return dir
}

// mustHoldOnly says what is in the image, and that whoever runs it can read it.
func (i image) mustHoldOnly(t *testing.T, want ...string) {
	t.Helper()
	var files []string
	err := filepath.WalkDir(i.root, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, strings.TrimPrefix(path, i.root))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	if !slices.Equal(files, want) {
		t.Errorf("the image holds %v, and should hold %v", files, want)
	}
}

// mustBeStatic says that the program asks for no other: no loader, no library.
func mustBeStatic(t *testing.T, path string) {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("it is linked dynamically (%s)", p.Type)
		}
	}
	if libraries, err := f.ImportedLibraries(); err == nil && len(libraries) > 0 {
		t.Errorf("it needs %v", libraries)
	}
}

// TestTheImageIsBuiltLikeTheProgram: what was tested is what is shipped.
func TestTheImageIsBuiltLikeTheProgram(t *testing.T) {
	dry := exec.CommandContext(t.Context(), "make", "--no-print-directory", "-n", "build", "VERSION=v1.2.3")
	dry.Dir = root
	made, err := dry.CombinedOutput()
	if err != nil {
		t.Fatalf("make -n build: %v\n%s", err, made)
	}
	image := strings.NewReplacer(`"`, `'`, "$VERSION", "v1.2.3").Replace(compileCommand(t))
	image, only := take(image, "CGO_ENABLED=0", "GOOS=$TARGETOS", "GOARCH=$TARGETARCH", "/out/plusone")
	if len(only) > 0 {
		t.Errorf("the image is not built with %v", only)
	}
	program, _ := take(string(made), "bin/plusone")
	if image != program {
		t.Errorf("make builds with\n%s\nand the Dockerfile with\n%s", program, image)
	}
}

// take takes words out of a command line, and says which were not there.
func take(line string, words ...string) (rest string, missing []string) {
	left := strings.Fields(line)
	gone := map[string]bool{}
	left = slices.DeleteFunc(left, func(w string) bool {
		found := slices.Contains(words, w)
		gone[w] = gone[w] || found
		return found
	})
	for _, w := range words {
		if !gone[w] {
			missing = append(missing, w)
		}
	}
	return strings.Join(left, " "), missing
}

// TestTheContextIsEnough: every file that the program is compiled from is sent to the builder.
func TestTheContextIsEnough(t *testing.T) {
	here, sent := sources(t, root), sources(t, buildContext(t))
	for _, file := range slices.Sorted(maps.Keys(here)) {
		if !sent[file] {
			t.Errorf("%s is not sent to the builder", file)
		}
	}
}

// sources are the files of this module that the program is compiled from.
func sources(t *testing.T, dir string) map[string]bool {
	t.Helper()
	const format = `{{if .Module}}{{if .Module.Main}}{{$p := .ImportPath}}{{range .GoFiles}}{{$p}}/{{.}} {{end}}{{range .EmbedFiles}}{{$p}}/{{.}} {{end}}{{end}}{{end}}`
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", format, "./cmd/plusone")
	list.Dir = dir
	var stderr strings.Builder
	list.Stderr = &stderr
	text, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	files := map[string]bool{}
	for file := range strings.FieldsSeq(string(text)) {
		files[file] = true
	}
	if len(files) < 50 {
		t.Fatalf("go list knows only %d files", len(files))
	}
	return files
}

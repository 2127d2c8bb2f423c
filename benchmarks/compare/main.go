// Command compare runs benchmarks that are named Benchmark<Area>/<case>/<library>
// several times over, and prints the best of each as a table in Markdown:
//
//	go run ./benchmarks/compare -rounds 6 ./benchmarks/errors
//
// The rounds are interleaved: each runs every benchmark once, so that a disturbance
// of the machine hits all libraries and not one. The best of the rounds is the
// figure least disturbed; bytes and allocations hardly differ between rounds.
package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

func main() {
	rounds := flag.Int("rounds", 6, "how often to run each benchmark")
	benchtime := flag.String("benchtime", "50ms", "as for go test")
	pattern := flag.String("bench", ".", "as for go test")
	flag.Parse()
	results := newResults()
	for _, pkg := range flag.Args() {
		binary, err := build(pkg)
		if err != nil {
			fail(err)
		}
		defer os.Remove(binary)
		for range *rounds {
			out, err := exec.Command(binary, "-test.run=^$", "-test.bench="+*pattern, "-test.benchmem",
				"-test.cpu=1", "-test.benchtime="+*benchtime).CombinedOutput()
			if err != nil {
				fail(fmt.Errorf("%s: %w\n%s", pkg, err, out))
			}
			results.read(bytes.NewReader(out))
		}
	}
	fmt.Printf("%s, %s/%s, %s; best of %d rounds of %s.\n", runtime.Version(), runtime.GOOS, runtime.GOARCH,
		results.cpu, *rounds, *benchtime)
	results.print(os.Stdout)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "compare:", err)
	os.Exit(1)
}

// build compiles a package's tests once: compiling in each round would warm the
// machine up for some benchmarks and not for others.
func build(pkg string) (binary string, err error) {
	file, err := os.CreateTemp("", "compare-*.test")
	if err != nil {
		return "", err
	}
	if err := file.Close(); err != nil {
		return "", err
	}
	out, err := exec.Command("go", "test", "-c", "-o", file.Name(), pkg).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", pkg, err, out)
	}
	return file.Name(), nil
}

// A figure is the best that one benchmark has done.
type figure struct{ ns, bytes, allocs float64 }

type results struct {
	cpu       string
	areas     []string
	cases     map[string][]string  // of an area
	libraries map[string][]string  // of an area
	best      map[[3]string]figure // area, case, library
}

func newResults() *results {
	return &results{cases: make(map[string][]string), libraries: make(map[string][]string), best: make(map[[3]string]figure)}
}

var line = regexp.MustCompile(`^Benchmark([^/\s]+)/(\S+)/([^/\s]+)\s+\d+\s+(.*)$`)

func (r *results) read(out io.Reader) {
	for scanner := bufio.NewScanner(out); scanner.Scan(); {
		if cpu, ok := strings.CutPrefix(scanner.Text(), "cpu: "); ok {
			r.cpu = strings.TrimSpace(cpu)
		}
		match := line.FindStringSubmatch(scanner.Text())
		if match == nil {
			continue
		}
		area, name, library := match[1], match[2], match[3]
		add(&r.areas, area)
		cases, libraries := r.cases[area], r.libraries[area]
		add(&cases, name)
		add(&libraries, library)
		r.cases[area], r.libraries[area] = cases, libraries

		now := figure{}
		fields := strings.Fields(match[4])
		for i := 0; i+1 < len(fields); i += 2 {
			value, _ := strconv.ParseFloat(fields[i], 64)
			switch fields[i+1] {
			case "ns/op", "cpu-ns/op":
				// CPU time stands behind ns/op where a benchmark reports it, and counts.
				now.ns = value
			case "B/op":
				now.bytes = value
			case "allocs/op":
				now.allocs = value
			}
		}
		key := [3]string{area, name, library}
		if old, ok := r.best[key]; ok {
			now = figure{min(now.ns, old.ns), min(now.bytes, old.bytes), min(now.allocs, old.allocs)}
		}
		r.best[key] = now
	}
}

func add(list *[]string, s string) {
	if !slices.Contains(*list, s) {
		*list = append(*list, s)
	}
}

// print writes one table for each area. A cell has the time, the bytes and the
// allocations, and how many times as long hipflask takes.
func (r *results) print(out io.Writer) {
	for _, area := range r.areas {
		libraries := r.libraries[area]
		fmt.Fprintf(out, "\n### %s\n\nns / B / allocs, and hipflask's time as a multiple of that one's\n\n| case | %s |\n|---%s|\n",
			area, strings.Join(libraries, " | "), strings.Repeat("|---", len(libraries)))
		for _, name := range r.cases[area] {
			fmt.Fprintf(out, "| %s |", name)
			ours := r.best[[3]string{area, name, "hipflask"}]
			for _, library := range libraries {
				f, ok := r.best[[3]string{area, name, library}]
				switch {
				case !ok:
					fmt.Fprint(out, " – |")
				case library == "hipflask" || ours.ns == 0:
					fmt.Fprintf(out, " **%s / %s / %.0f** |", short(f.ns), short(f.bytes), f.allocs)
				default:
					fmt.Fprintf(out, " %s / %s / %.0f, ×%.2f |", short(f.ns), short(f.bytes), f.allocs, ours.ns/f.ns)
				}
			}
			fmt.Fprintln(out)
		}
	}
}

// short writes three digits or so.
func short(f float64) string {
	switch {
	case f >= 1e6:
		return fmt.Sprintf("%.3gM", f/1e6)
	case f >= 1e4:
		return fmt.Sprintf("%.3gk", f/1e3)
	}
	return fmt.Sprintf("%.0f", f)
}

package body_test

import (
	stdjson "encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"testing"

	"github.com/hipflask/hipflask/bodyjson"
)

// peakLibraries decode one body of 5.2 MB, typed, which comes from a file.
var peakLibraries = map[string]http.Handler{
	"none": http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}),
	"v1-presized": plain(func(r *http.Request, v *[]event) error {
		data := make([]byte, r.ContentLength)
		if _, err := io.ReadFull(r.Body, data); err != nil {
			return err
		}
		return stdjson.Unmarshal(data, v)
	}),
	"v1-readall": plain(func(r *http.Request, v *[]event) error {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		return stdjson.Unmarshal(data, v)
	}),
	"hipflask": hipflask[[]event](bodyjson.Config{MaxBytes: noLimit}),
	"gin":      ginHandler[[]event](),
	"echo5":    echo5Handler[[]event](),
}

const peakVariable = "HIPFLASK_PEAK_LIBRARY"

// TestMain is also what the processes run that BenchmarkPeakMemory starts.
func TestMain(m *testing.M) {
	if library := os.Getenv(peakVariable); library != "" {
		fmt.Println(peakOf(peakLibraries[library], os.Getenv("HIPFLASK_PEAK_FILE")))
		return
	}
	os.Exit(m.Run())
}

// peakOf returns the most memory, in kB, that this process ever had, after h has
// had the body in a file.
func peakOf(h http.Handler, file string) int {
	f, err := os.Open(file)
	if err != nil {
		panic(err)
	}
	info, err := f.Stat()
	if err != nil {
		panic(err)
	}
	r, err := http.NewRequest(http.MethodPost, "/", f)
	if err != nil {
		panic(err)
	}
	r.RequestURI, r.ContentLength = "/", info.Size()
	r.Header.Set("Content-Type", "application/json")
	h.ServeHTTP(writer{http.Header{}}, r)

	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		panic(err)
	}
	kB, err := strconv.Atoi(string(regexp.MustCompile(`VmHWM:\s+(\d+)`).FindSubmatch(status)[1]))
	if err != nil {
		panic(err)
	}
	runtime.KeepAlive(h)
	return kB
}

// BenchmarkPeakMemory reports, as peak-MB, the resident memory of a new process that
// decodes one body of 5.2 MB. "none" is what the process has without.
func BenchmarkPeakMemory(b *testing.B) {
	file := filepath.Join(b.TempDir(), "events.json")
	if err := os.WriteFile(file, eventBody(5_240_000), 0o600); err != nil {
		b.Fatal(err)
	}
	for _, library := range []string{"none", "v1-presized", "v1-readall", "hipflask", "gin", "echo5"} {
		b.Run(library, func(b *testing.B) {
			total, n := 0, 0
			for b.Loop() {
				cmd := exec.Command(os.Args[0])
				cmd.Env = append(os.Environ(), peakVariable+"="+library, "HIPFLASK_PEAK_FILE="+file)
				out, err := cmd.Output()
				if err != nil {
					b.Fatal(err)
				}
				var kB int
				if _, err := fmt.Sscan(string(out), &kB); err != nil {
					b.Fatal(err)
				}
				total, n = total+kB, n+1
			}
			b.ReportMetric(float64(total)/float64(n)/1000, "peak-MB")
		})
	}
}

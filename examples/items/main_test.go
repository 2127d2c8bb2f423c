package main

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write testdata/wire.txt from the answers of ServeMux")

// requests are sent one after another, each on a connection of its own. $PAGE
// stands for the origin of the page.
var requests = []struct {
	name, head, body string
}{
	{"status", "GET /api/status", ""},
	{"list", "GET /api/items", ""},
	{"head", "HEAD /api/items", ""},
	{"create", "POST /api/items\nContent-Type: application/json", `{"name":"Sprocket","price":0}`},
	{"create, media type with suffix and charset", "POST /api/items\nContent-Type: application/vnd.items+json; charset=UTF-8", `{"name":"<&>","price":1e3}`},
	{"create, all fields missing", "POST /api/items\nContent-Type: application/json", `{}`},
	{"create, all fields wrong", "POST /api/items\nContent-Type: application/json", "{\n  \"name\": 1,\n  \"price\": \"cheap\"\n}"},
	{"create, fields not valid", "POST /api/items\nContent-Type: application/json", `{"name":"","price":-1}`},
	{"create, unknown field", "POST /api/items\nContent-Type: application/json", `{"name":"a","price":1,"id":7}`},
	{"create, name twice", "POST /api/items\nContent-Type: application/json", `{"name":"a","name":"b","price":1}`},
	{"create, an array", "POST /api/items\nContent-Type: application/json", `[]`},
	{"create, null", "POST /api/items\nContent-Type: application/json", `null`},
	{"create, malformed", "POST /api/items\nContent-Type: application/json", `{"name":"Wid`},
	{"create, trailing", "POST /api/items\nContent-Type: application/json", `{"name":"a","price":1} x`},
	{"create, empty", "POST /api/items\nContent-Type: application/json", ``},
	{"create, wrong content type", "POST /api/items\nContent-Type: application/x-www-form-urlencoded", `name=a`},
	{"create, no content type", "POST /api/items", `{"name":"a","price":1}`},
	{"create, oversized", "POST /api/items\nContent-Type: application/json", `{"name":"` + strings.Repeat("a", 64<<10) + `","price":1}`},
	{"item", "GET /api/items/1", ""},
	{"unknown item", "GET /api/items/99", ""},
	{"no item at all", "GET /api/items/abc", ""},
	{"replace", "PUT /api/items/1\nContent-Type: application/json", `{"name":"Widget II","price":19.99}`},
	{"replace, a field missing", "PUT /api/items/1\nContent-Type: application/json", `{"name":"Widget II"}`},
	{"replace unknown item", "PUT /api/items/99\nContent-Type: application/json", `{"name":"a","price":1}`},
	{"patch", "PATCH /api/items/1\nContent-Type: application/json", `{"price":5}`},
	{"patch nothing", "PATCH /api/items/1\nContent-Type: application/json", `{}`},
	{"patch with null", "PATCH /api/items/1\nContent-Type: application/json", `{"name":null}`},
	{"delete", "DELETE /api/items/2", ""},
	{"delete again", "DELETE /api/items/2", ""},
	{"list after all", "GET /api/items", ""},
	{"unknown path", "GET /api/nothing", ""},
	{"head of an unknown path", "HEAD /api/nothing", ""},
	{"wrong method", "DELETE /api/items", ""},
	{"query without a handler", "QUERY /api/items", ""},
	{"options", "OPTIONS /api/items/1", ""},
	{"time", "GET /api/time", ""},
	{"panic", "GET /api/boom", ""},
	{"from the page", "GET /api/items/1\nOrigin: $PAGE", ""},
	{"from elsewhere", "GET /api/items/1\nOrigin: https://elsewhere.example", ""},
	{"unknown path from the page", "GET /api/nothing\nOrigin: $PAGE", ""},
	{"panic from the page", "GET /api/boom\nOrigin: $PAGE", ""},
	{"preflight", "OPTIONS /api/items/1\nOrigin: $PAGE\nAccess-Control-Request-Method: PATCH\nAccess-Control-Request-Headers: content-type", ""},
	{"preflight for an unknown path", "OPTIONS /api/nothing\nOrigin: $PAGE\nAccess-Control-Request-Method: PUT", ""},
	{"preflight from elsewhere", "OPTIONS /api/items/1\nOrigin: https://elsewhere.example\nAccess-Control-Request-Method: PATCH", ""},
	{"preflight for a refused header", "OPTIONS /api/items/1\nOrigin: $PAGE\nAccess-Control-Request-Method: GET\nAccess-Control-Request-Headers: x-secret", ""},
}

// TestEveryRouter starts the program on each router and sends the same bytes to
// each. All must answer with the same bytes, those of testdata/wire.txt.
func TestEveryRouter(t *testing.T) {
	golden := filepath.Join("testdata", "wire.txt")
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(replay(t, "mux")), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	for _, router := range routerNames {
		t.Run(router, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, string(want), replay(t, router))
		})
	}
}

func replay(t *testing.T, router string) string {
	t.Helper()
	api, page := start(t, "-router", router)
	var transcript strings.Builder
	for _, req := range requests {
		lines := strings.Split(strings.ReplaceAll(req.head, "$PAGE", "http://"+page), "\n")
		raw := lines[0] + " HTTP/1.1\r\nHost: api.example.test\r\n"
		for _, line := range lines[1:] {
			raw += line + "\r\n"
		}
		if req.body != "" || strings.HasPrefix(req.head, "P") {
			raw += fmt.Sprintf("Content-Length: %d\r\n", len(req.body))
		}
		answer := exchange(t, api, raw+"\r\n"+req.body)
		answer = strings.ReplaceAll(answer, "http://"+page, "$PAGE")
		fmt.Fprintf(&transcript, "=== %s\n%s\n", req.name, answer)
	}
	return transcript.String()
}

var date = regexp.MustCompile(`(?m)^Date: .*\n`)

// noon is the time of day in the tests.
func noon() time.Time { return time.Date(2026, time.March, 1, 12, 0, 0, 678901000, time.UTC) }

// exchange sends one request and returns the answer as it came, but for its Date
// and the CRs.
func exchange(t *testing.T, addr, request string) string {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	// A server that refuses early may close before the request is out.
	_, _ = io.WriteString(conn, request)

	var raw bytes.Buffer
	method, _, _ := strings.Cut(request, " ")
	res, err := http.ReadResponse(bufio.NewReader(io.TeeReader(conn, &raw)), &http.Request{Method: method})
	require.NoError(t, err, "request: %.200s", request)
	_, err = io.Copy(io.Discard, res.Body)
	require.NoError(t, err, "request: %.200s", request)

	answer := strings.ReplaceAll(raw.String(), "\r\n", "\n")
	require.Equal(t, 1, len(date.FindAllString(answer, -1)), "an answer has one Date")
	return date.ReplaceAllString(answer, "")
}

// start runs the program in this process on free ports and returns where the API
// and the page listen.
func start(t *testing.T, args ...string) (api, page string) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := run(ctx, append(args, "-addr", "127.0.0.1:0", "-page", "127.0.0.1:0"), in, noon)
		in.CloseWithError(io.EOF)
		done <- err
	}()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-done)
	})
	lines := bufio.NewReader(out)
	for _, p := range []*string{&api, &page} {
		line, err := lines.ReadString('\n')
		require.NoError(t, err)
		_, url, _ := strings.Cut(line, "http://")
		*p, _, _ = strings.Cut(url, "/")
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	return api, page
}

// TestTryLines runs what the program proposes to try.
func TestTryLines(t *testing.T) {
	var out bytes.Buffer
	ctx, stop := context.WithCancel(context.Background())
	stop() // it says where it listens, and leaves
	require.NoError(t, run(ctx, []string{"-addr", "127.0.0.1:0", "-page", ""}, &out, noon))
	assert.Equal(t, 3, strings.Count(out.String(), "\n  curl -i http://127.0.0.1:"), out.String())
	assert.NotContains(t, out.String(), "The page")
}

func TestPage(t *testing.T) {
	api, page := start(t)
	res, err := http.Get("http://" + page + "/")
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, res.StatusCode)
	assert.Contains(t, res.Header.Get("Content-Security-Policy"), "connect-src http://"+api)
	assert.Contains(t, string(body), `const api = "http://`+api+`";`)
	assert.NotRegexp(t, `(src|href)="?(https?:)?//`, string(body), "the page needs nothing from elsewhere")
}

func TestFlags(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	busy := taken.Addr().String()
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"-addr", busy}, busy + " is in use; choose another address with -addr"},
		{[]string{"-addr", "127.0.0.1:0", "-page", busy}, busy + " is in use; choose another address with -page"},
		{[]string{"-addr", "127.0.0.1:0", "-page", "", "-router", "flask"}, `no router "flask"; there are mux, chi, gorilla, httprouter, gin, echo, echov4`},
	} {
		assert.EqualError(t, run(context.Background(), test.args, io.Discard, noon), test.want)
	}
}

// TestProcess builds the program, and ends it as a service manager does: with a
// request under way, which gets its answer.
func TestProcess(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "items")
	output, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput()
	require.NoError(t, err, string(output))

	cmd := exec.Command(binary, "-addr", "127.0.0.1:0", "-page", "")
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	addr := strings.TrimSuffix(strings.TrimSpace(line[strings.Index(line, "http://")+7:]), "/api/items")

	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	defer conn.Close()
	body := `{"name":"Late","price":1}`
	fmt.Fprintf(conn, "POST /api/items HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body[:5])
	time.Sleep(100 * time.Millisecond) // until the server has the first part
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	time.Sleep(100 * time.Millisecond) // until it has the signal
	_, err = io.WriteString(conn, body[5:])
	require.NoError(t, err)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	dump, err := httputil.DumpResponse(res, true)
	require.NoError(t, err)
	assert.Equal(t, http.StatusCreated, res.StatusCode, string(dump))
	assert.NoError(t, cmd.Wait())
}

package flask

import (
	"flag"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/errjson"
)

// TestSamples asks every sample what the comments in the page say that it answers.
func TestSamples(t *testing.T) {
	items.Store("1", map[string]any{"id": 1, "name": "Widget"})
	boom := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") })
	errs := errorHandlers(boom)
	for _, tt := range []struct {
		handler            http.Handler
		method, path, body string
		status             int
		want               string // of the body
	}{
		{returning(), "GET", "/api/status", "", 200, `{"status":"ok","version":"1.0"}`},
		{returning(), "GET", "/api/items", "", 200, `[{"id":1,"name":"Widget","price":9.99},{"id":2,"name":"Gadget","price":24.99}]`},
		{returning(), "GET", "/api/user/1", "", 200, `{"active":true,"id":1,"name":"Alice"}`},
		{returning(), "GET", "/api/user/x", "", 404, `{"error":"Not Found","message":"There is nothing at this URL.","status":404}`},
		{returning(), "POST", "/api/items", "", 201, `{"id":42,"name":"New Widget"}`},
		{returning(), "DELETE", "/api/items/7", "", 204, ``},

		{parsing(), "POST", "/api/items", `{"name":"Widget","price":0}`, 201, `{"id":99,"name":"Widget","price":0}`},
		{parsing(), "POST", "/api/items", `{"name":"Widget"}`, 422, `{"error":"Unprocessable Entity","message":"The input is not valid.","status":422,"code":"invalid",` +
			`"details":[{"pointer":"/price","code":"required","message":"price is required","offset":0,"line":1,"column":1}]}`},
		{options(), "POST", "/silent", `{`, 200, `null`},
		{options(), "POST", "/both", `{"a":1}`, 200, `{"a":1}`},
		{options(), "POST", "/force", `{"a":1}`, 200, `{"a":1}`},
		{options(), "POST", "/lazy", `{"a":1}`, 200, `{"a":1}`},
		{options(), "POST", "/raw", `[1]`, 200, `[1]`},

		{itemDetail(), "GET", "/api/items/1", "", 200, `{"id":1,"name":"Widget"}`},
		{itemDetail(), "PATCH", "/api/items/1", `{"name":"New"}`, 200, `{"id":1,"name":"New"}`},
		{itemDetail(), "PUT", "/api/items/9", `{}`, 404, `{"error":"Not Found","message":"Item not found","status":404}`},
		{itemDetail(), "DELETE", "/api/items/1", "", 204, ``},
		{itemDetail(), "DELETE", "/api/items/1", "", 404, `{"error":"Not Found","message":"Item not found","status":404}`},
		{itemDetail(), "POST", "/api/items/1", `{}`, 405, `{"error":"Method Not Allowed","message":"This method is not allowed for this URL.","status":405}`},

		{errs, "GET", "/", "", 500, `{"error":"Internal server error"}`},
		{errorHandlers(http.NewServeMux()), "GET", "/", "", 404, `{"error":"Not found"}`},
		{errorHandlers(parsing()), "GET", "/api/items", "", 405, `{"error":"Method not allowed"}`},
		{errorHandlers(parsing()), "POST", "/api/items", "", 400, `{"error":"Bad request","message":"The request body is empty."}`},
		{apiErrors(), "GET", "/api/items/1", "", 200, `{"id":1,"name":"Widget"}`},
		{apiErrors(), "GET", "/api/items/2", "", 404, `{"error":"Not Found","message":"Item not found","status":404}`},

		{restful(), "GET", "/api/items", "", 200, `[{"id":1,"name":"Widget","price":9.99},{"id":2,"name":"Gadget","price":24.99}]`},
		{restful(), "POST", "/api/items", `{"name":"A","price":1}`, 201, `{"id":3,"name":"A","price":1}`},
		{restful(), "GET", "/api/items/2", "", 200, `{"id":2,"name":"Gadget","price":24.99}`},
		{restful(), "PUT", "/api/items/2", `{"name":"A","price":1}`, 200, `{"id":2,"name":"A","price":1}`},
		{restful(), "DELETE", "/api/items/2", "", 204, ``},
		{restful(), "GET", "/api/items/9", "", 404, `{"message":"Item 9 not found"}`},

		{cors(), "GET", "/", "", 200, `{"result":"data here"}`},
		{manual(shorthand()), "GET", "/api/status", "", 200, `{"status":"ok","uptime":99.9}`},
		{shorthand(), "GET", "/api/tags", "", 200, `["go","hipflask","json","rest"]`},
		{shorthand(), "POST", "/api/items", "", 201, `{"created":true,"id":42,"name":"New Widget"}`},
		{shorthand(), "DELETE", "/api/items/3", "", 204, ``},

		{validation(), "POST", "/", `{"item":"x","count":1,"note":null}`, 201, `{"item":"x","count":1,"note":null}`},
		{validation(), "POST", "/", `{"count":1,"tags":null}`, 422, `{"error":"Unprocessable Entity","message":"The input is not valid.","status":422,"code":"invalid","details":[` +
			`{"pointer":"/item","code":"required","message":"This field is required.","offset":0,"line":1,"column":1},` +
			`{"pointer":"/tags","code":"null","message":"Must not be null.","offset":18,"line":1,"column":19}]}`},
		{validation(), "POST", "/", `{"item":"x","count":11}`, 422, `{"error":"Unprocessable Entity","message":"The input is not valid.","status":422,"code":"invalid","details":[` +
			`{"pointer":"/count","code":"invalid","message":"Must be 1 to 10.","offset":20,"line":1,"column":21}]}`},
	} {
		t.Run(fmt.Sprint(tt.method, " ", tt.path, " ", tt.body), func(t *testing.T) {
			r := httptest.NewRequest(tt.method, tt.path, strings.NewReader(tt.body))
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			errjson.Wrap(tt.handler).ServeHTTP(w, r)
			assert.Equal(t, tt.status, w.Code)
			if tt.want == "" {
				assert.Empty(t, w.Body.String())
			} else {
				assert.JSONEq(t, tt.want, w.Body.String())
			}
		})
	}
}

// TestTime asks the sample with a clock.
func TestTime(t *testing.T) {
	w := httptest.NewRecorder()
	shorthand().ServeHTTP(w, httptest.NewRequest("GET", "/api/time", nil))
	assert.Regexp(t, `^\{"timestamp":\d+\.?\d*,"utc":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"\}\n$`, w.Body.String())
}

// TestPolicies asks the four policies of the sample who may read.
func TestPolicies(t *testing.T) {
	hello := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	for _, tt := range []struct {
		name         string
		wrap         func(http.Handler) http.Handler
		path, origin string
		want         string
	}{
		{"any", anyOrigin.Wrap, "/", "https://evil.example", "*"},
		{"two", twoOrigins.Wrap, "/", "https://example.com", "https://example.com"},
		{"two", twoOrigins.Wrap, "/", "https://evil.example", ""},
		{"route", perRoute.Wrap, "/api/public/x", "https://evil.example", "*"},
		{"route", perRoute.Wrap, "/api/private/x", "https://evil.example", ""},
		{"strict", strict.Wrap, "/", "https://app.example.com", "https://app.example.com"},
		{"manual", manual, "/", "https://evil.example", ""},
	} {
		r := httptest.NewRequest("GET", tt.path, nil)
		r.Header.Set("Origin", tt.origin)
		w := httptest.NewRecorder()
		tt.wrap(hello).ServeHTTP(w, r)
		assert.Equal(t, tt.want, w.Header().Get("Access-Control-Allow-Origin"), "%s %s %s", tt.name, tt.path, tt.origin)
	}
}

// TestLength holds the Go programs to one and a half times the lines of the Python
// ones. Every line that is not blank counts, on both sides.
func TestLength(t *testing.T) {
	for _, name := range []string{"returning", "parsing", "status", "errors", "apierror", "restful", "cors", "manual", "shorthand"} {
		python, golang := lines(t, "testdata/"+name+".py"), lines(t, name+".go")
		t.Logf("%-10s %2d lines of Python, %2d of Go", name, python, golang)
		assert.LessOrEqual(t, float64(golang), 1.5*float64(python), name)
	}
}

func lines(t *testing.T, file string) (n int) {
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	for line := range strings.Lines(string(data)) {
		if strings.TrimSpace(line) != "" {
			n++
		}
	}
	return n
}

var update = flag.Bool("update", false, "write the code into docs/flask.md")

var codeBlock = regexp.MustCompile("(?s)<!-- code: ([a-z]+\\.go) -->\n+```go\n(.*?)```")

// TestPage holds the code of docs/flask.md to the files here.
func TestPage(t *testing.T) {
	const name = "../../docs/flask.md"
	page, err := os.ReadFile(name)
	require.NoError(t, err)
	if *update {
		page = codeBlock.ReplaceAllFunc(page, func(block []byte) []byte {
			file := string(codeBlock.FindSubmatch(block)[1])
			code, err := os.ReadFile(file)
			require.NoError(t, err)
			return fmt.Appendf(nil, "<!-- code: %s -->\n\n```go\n%s```", file, code)
		})
		require.NoError(t, os.WriteFile(name, page, 0o644))
	}
	shown := map[string]bool{}
	for _, block := range codeBlock.FindAllStringSubmatch(string(page), -1) {
		file, err := os.ReadFile(block[1])
		require.NoError(t, err)
		assert.Equal(t, string(file), block[2], block[1])
		shown[block[1]] = true
	}
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, file := range files {
		name := file.Name()
		if strings.HasSuffix(name, ".go") && name != "doc.go" && !strings.HasSuffix(name, "_test.go") {
			assert.True(t, shown[name], "docs/flask.md does not show %s", name)
		}
	}
	assert.Equal(t, strings.Count(string(page), "```go\n"), len(codeBlock.FindAllString(string(page), -1)), "a block of code is from no file")
}

var exportedName = regexp.MustCompile(`\b(bodyjson|corsmw|errjson|shapes|status)\.([A-Z][A-Za-z]*)`)

// TestNames looks up the names that the page has in its text.
func TestNames(t *testing.T) {
	page, err := os.ReadFile("../../docs/flask.md")
	require.NoError(t, err)
	exported := map[string]bool{}
	for _, dir := range []string{"bodyjson", "corsmw", "errjson", "errjson/shapes", "status"} {
		pkg := path.Base(dir)
		files, err := filepath.Glob("../../" + dir + "/*.go")
		require.NoError(t, err)
		for _, file := range files {
			syntax, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
			require.NoError(t, err)
			for name := range syntax.Scope.Objects {
				exported[pkg+"."+name] = syntax.Name.Name == pkg || exported[pkg+"."+name]
			}
		}
	}
	for _, name := range exportedName.FindAllString(string(page), -1) {
		assert.True(t, exported[name], "there is no %s", name)
	}
}

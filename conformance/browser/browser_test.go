// Package browser_test asks a real browser. A headless Chromium opens pages of several origins, whose scripts call an API of another origin, served by each
// router behind errjson and corsmw. What counts is what the scripts can see, and which requests reach the service.
//
// Chromium is looked up in PATH (on Debian: apt-get install chromium). Without it, the tests are skipped; with CI=true in the environment, they
// fail instead.
package browser_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/justinas/alice"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/corsmw"
	"github.com/hipflask/hipflask/errjson"
)

// findChromium returns the path of a browser, or skips the test.
func findChromium(t *testing.T) string {
	t.Helper()
	names := []string{"chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome", "headless-shell"}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	message := "a browser test needs Chromium, and PATH has none of " + strings.Join(names, ", ")
	if os.Getenv("CI") == "true" {
		t.Fatal(message)
	}
	// The tests of the library need nothing but Go. Those of corsmw check the same responses.
	t.Skip(message)
	return ""
}

// startChromium starts a browser that ends with the test.
func startChromium(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := chromedp.NewExecAllocator(t.Context(),
		chromedp.ExecPath(findChromium(t)),
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("disable-dev-shm-usage", true),
	)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	_, err := chromedp.Run(ctx, chromedp.Navigate("about:blank"))
	require.NoError(t, err, "the browser does not start")
	return ctx
}

// script is what all pages have: functions that return an outcome.
const script = `<!doctype html><meta charset="utf-8"><title>page</title><link rel="icon" href="data:,"><script>
async function call(url, init) {
	try {
		const response = await fetch(url, init);
		return {status: response.status, body: await response.text(), headers: Object.fromEntries(response.headers)};
	} catch (error) {
		return {error: error.name};
	}
}
// upload posts with a listener for progress, which alone makes the browser send a preflight.
function upload(url) {
	return new Promise(resolve => {
		const request = new XMLHttpRequest();
		request.upload.onprogress = () => {};
		request.onload = () => resolve({status: request.status, body: request.responseText});
		request.onerror = () => resolve({error: "TypeError"});
		request.open("POST", url);
		request.send("text");
	});
}
// sandboxed calls from a frame whose origin is null.
function sandboxed(url, init) {
	return new Promise(resolve => {
		const frame = document.createElement("iframe");
		frame.sandbox = "allow-scripts";
		frame.srcdoc = "<script>" + call + "; call(" + JSON.stringify(url) + ", " + JSON.stringify(init) + ")" +
			".then(outcome => parent.postMessage(outcome, '*'))</" + "script>";
		addEventListener("message", event => { frame.remove(); resolve(event.data); }, {once: true});
		document.body.append(frame);
	});
}
</script><body></body>`

// An outcome is what a script sees of a call. Error is set if the browser shows it nothing.
type outcome struct {
	Error   string            `json:"error"`
	Status  int               `json:"status"`
	Body    string            `json:"body"`
	Headers map[string]string `json:"headers"`
}

var refused = outcome{Error: "TypeError"}

// A page is a tab that shows a page of an origin of its own.
type page struct {
	origin string
	ctx    context.Context
}

func openPage(t *testing.T, browser context.Context) page {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, script)
	}))
	t.Cleanup(server.Close)
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	_, err := chromedp.Run(ctx, chromedp.Navigate(server.URL))
	require.NoError(t, err)
	return page{server.URL, ctx}
}

// options are the second argument of fetch.
type options struct {
	Method      string            `json:"method,omitempty"`
	Headers     map[string]string `json:"headers,omitempty"`
	Credentials string            `json:"credentials,omitempty"`
	Body        string            `json:"body,omitempty"`
}

// run calls a function of the page's script and returns its outcome.
func (p page) run(t *testing.T, function string, args ...any) (got outcome) {
	t.Helper()
	list, err := json.Marshal(args)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(p.ctx, 20*time.Second)
	defer cancel()
	got, err = chromedp.Run(ctx, chromedp.Evaluate[outcome](fmt.Sprintf("%s(...%s)", function, list), chromedp.EvalAwaitPromise))
	require.NoError(t, err)
	return got
}

func (p page) fetch(t *testing.T, url string, o options) outcome {
	t.Helper()
	return p.run(t, "call", url, o)
}

// A service is an API on an origin of its own, that notes which requests reach it.
type service struct {
	url   string
	mutex sync.Mutex
	seen  []string
}

// serve starts router behind errjson and a policy.
func serve(t *testing.T, router http.Handler, policy corsmw.Config) *service {
	t.Helper()
	s := new(service)
	note := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.mutex.Lock()
			s.seen = append(s.seen, r.Method)
			s.mutex.Unlock()
			next.ServeHTTP(w, r)
		})
	}
	errs := errjson.NewRenderer(errjson.Config{Logger: slog.New(slog.DiscardHandler)})
	cors := corsmw.Must(corsmw.New(policy))
	server := httptest.NewServer(alice.New(note, errs.Wrap, cors.Wrap).Then(router))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// requests returns the methods of the requests since the last call.
func (s *service) requests() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	seen := strings.Join(s.seen, " ")
	s.seen = nil
	return seen
}

func TestBrowser(t *testing.T) {
	browser := startChromium(t)
	good, evil := openPage(t, browser), openPage(t, browser)

	// The policy of a service that pages of one origin use, one for everybody, and one that allows one origin everything.
	strict := corsmw.Config{
		AllowOrigins: []string{good.origin}, AllowMethods: []string{"PUT", "PATCH", "DELETE"}, AllowHeaders: []string{"Authorization", "Content-Type", "X-Custom"},
		ExposeHeaders: []string{"X-Exposed"}, AllowCredentials: true, MaxAge: 600,
	}
	everybody := corsmw.Config{AllowOrigins: []string{"*"}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}, ExposeHeaders: []string{"*"}, MaxAge: -1}
	everything := corsmw.Config{AllowOrigins: []string{"http://127.0.0.1:*"}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}, AllowCredentials: true, PreflightStatus: 200}

	for _, router := range routers {
		t.Run(router.name, func(t *testing.T) {
			api := serve(t, router.make(), strict)
			public := serve(t, router.make(), everybody)
			open := serve(t, router.make(), everything)

			tests := []struct {
				name     string
				service  *service
				call     func(t *testing.T) outcome
				want     outcome // but for Headers
				requests string  // that reach the service
			}{
				{"simple request", api, func(t *testing.T) outcome {
					return good.fetch(t, api.url+"/items", options{})
				}, outcome{Status: 200, Body: `GET /items ""`}, "GET"},
				{"request with a preflight", api, func(t *testing.T) outcome {
					return good.fetch(t, api.url+"/items", options{Method: "PUT", Headers: map[string]string{"X-Custom": "value", "Content-Type": "application/json"}, Body: "{}"})
				}, outcome{Status: 200, Body: `PUT /items "value"`}, "OPTIONS PUT"},
				{"POST is always allowed, also by preflight", api, func(t *testing.T) outcome {
					return good.run(t, "upload", api.url+"/items?upload")
				}, outcome{Status: 200, Body: `POST /items ""`}, "OPTIONS POST"},

				{"without cookies", api, func(t *testing.T) outcome {
					good.fetch(t, api.url+"/login", options{Credentials: "include"})
					return good.fetch(t, api.url+"/whoami", options{Credentials: "omit"})
				}, outcome{Status: 200, Body: "nobody"}, "GET GET"},
				{"with cookies", api, func(t *testing.T) outcome {
					return good.fetch(t, api.url+"/whoami", options{Credentials: "include"})
				}, outcome{Status: 200, Body: "alice"}, "GET"},
				{"with cookies and a preflight", api, func(t *testing.T) outcome {
					return good.fetch(t, api.url+"/whoami", options{Credentials: "include", Headers: map[string]string{"X-Custom": "1"}})
				}, outcome{Status: 200, Body: "alice"}, "OPTIONS GET"},

				{"refused origin, simple request", api, func(t *testing.T) outcome {
					return evil.fetch(t, api.url+"/items", options{})
				}, refused, "GET"},
				{"refused origin, with cookies", api, func(t *testing.T) outcome {
					return evil.fetch(t, api.url+"/whoami", options{Credentials: "include"})
				}, refused, "GET"},
				{"refused origin, with a preflight", api, func(t *testing.T) outcome {
					return evil.fetch(t, api.url+"/items", options{Method: "PUT"})
				}, refused, "OPTIONS"},
				{"refused method", api, func(t *testing.T) outcome {
					return good.fetch(t, api.url+"/items", options{Method: "PURGE"})
				}, refused, "OPTIONS"},
				{"refused method of another case", api, func(t *testing.T) outcome {
					return good.fetch(t, api.url+"/items?patch", options{Method: "patch"})
				}, refused, "OPTIONS"},
				{"refused header", api, func(t *testing.T) outcome {
					return good.fetch(t, api.url+"/items?evil", options{Headers: map[string]string{"X-Evil": "1"}})
				}, refused, "OPTIONS"},
				{"null origin", api, func(t *testing.T) outcome {
					return good.run(t, "sandboxed", api.url+"/items", options{})
				}, refused, "GET"},
				{"null origin, with a preflight", api, func(t *testing.T) outcome {
					return good.run(t, "sandboxed", api.url+"/items", options{Method: "DELETE"})
				}, refused, "OPTIONS"},

				{"MaxAge: the second call needs no preflight", api, func(t *testing.T) outcome {
					good.fetch(t, api.url+"/cached", options{Method: "PUT", Headers: map[string]string{"X-Custom": "1"}})
					return good.fetch(t, api.url+"/cached", options{Method: "PUT", Headers: map[string]string{"X-Custom": "2"}})
				}, outcome{Status: 200, Body: `PUT /cached "2"`}, "OPTIONS PUT PUT"},
				{"MaxAge: nor with another method and header", api, func(t *testing.T) outcome {
					return good.fetch(t, api.url+"/cached", options{Method: "DELETE", Headers: map[string]string{"Authorization": "Bearer x"}})
				}, outcome{Status: 200, Body: `DELETE /cached ""`}, "DELETE"},
				{"MaxAge -1: it does", public, func(t *testing.T) outcome {
					good.fetch(t, public.url+"/cached", options{Method: "PUT"})
					return good.fetch(t, public.url+"/cached", options{Method: "PUT"})
				}, outcome{Status: 200, Body: `PUT /cached ""`}, "OPTIONS PUT OPTIONS PUT"},

				{"everybody", public, func(t *testing.T) outcome {
					return evil.fetch(t, public.url+"/items", options{})
				}, outcome{Status: 200, Body: `GET /items ""`}, "GET"},
				{"everybody, with a preflight", public, func(t *testing.T) outcome {
					return evil.fetch(t, public.url+"/items", options{Method: "PURGE", Headers: map[string]string{"X-Custom": "1"}})
				}, outcome{Status: 200, Body: `PURGE /items "1"`}, "OPTIONS PURGE"},
				{"everybody, null origin", public, func(t *testing.T) outcome {
					return good.run(t, "sandboxed", public.url+"/items", options{Method: "PUT"})
				}, outcome{Status: 200, Body: `PUT /items ""`}, "OPTIONS PUT"},
				{"everybody, with cookies", public, func(t *testing.T) outcome {
					return good.fetch(t, public.url+"/whoami", options{Credentials: "include"})
				}, refused, "GET"},
				{"everybody, Authorization is not in *", public, func(t *testing.T) outcome {
					return good.fetch(t, public.url+"/items", options{Headers: map[string]string{"Authorization": "Bearer x"}})
				}, refused, "OPTIONS"},
				{"everything, with cookies", open, func(t *testing.T) outcome {
					return evil.fetch(t, open.url+"/items", options{Method: "PURGE", Credentials: "include", Headers: map[string]string{"X-Custom": "1", "X-Other": "2", "Authorization": "x"}})
				}, outcome{Status: 200, Body: `PURGE /items "1"`}, "OPTIONS PURGE"},
			}
			for _, test := range tests {
				t.Run(test.name, func(t *testing.T) {
					test.service.requests()
					got := test.call(t)
					got.Headers = nil
					assert.Equal(t, test.want, got)
					assert.Equal(t, test.requests, test.service.requests())
				})
			}

			t.Run("headers", func(t *testing.T) {
				got := good.fetch(t, api.url+"/items", options{}).Headers
				assert.Equal(t, "for scripts", got["x-exposed"])
				assert.NotContains(t, got, "x-hidden")
				got = good.fetch(t, public.url+"/items", options{}).Headers
				assert.Equal(t, "for scripts", got["x-exposed"])
				assert.Equal(t, "for us", got["x-hidden"])
			})

			// Whatever goes wrong behind corsmw, the page can read it.
			for _, failure := range []struct {
				name, method, path string
				status             int
			}{
				{"404", "GET", "/nowhere", 404}, {"404 after a preflight", "DELETE", "/nowhere", 404}, {"405", "DELETE", "/only", 405},
				{"500", "GET", "/fail", 500}, {"panic", "GET", "/panic", 500},
			} {
				t.Run(failure.name, func(t *testing.T) {
					got := good.fetch(t, api.url+failure.path, options{Method: failure.method, Credentials: "include"})
					assert.Equal(t, "", got.Error)
					assert.Equal(t, failure.status, got.Status)
					assert.Equal(t, "application/json", got.Headers["content-type"])
					assert.True(t, json.Valid([]byte(got.Body)), "%q", got.Body)
					assert.NotContains(t, got.Body, "fire")
				})
			}
		})
	}
}

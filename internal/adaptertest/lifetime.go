package adaptertest

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hipflask/hipflask/errjson"
)

// lifetimeVectors are about what is left of a request when it is over.
var lifetimeVectors = []vector{
	{"G23", "E25", "a timeout: the context is not used for another request while the handler runs", Gin | Echo, func(t *testing.T, f Framework) {
		app := f.New(nil)
		app.Use(func(next http.Handler) http.Handler { return http.TimeoutHandler(next, 20*time.Millisecond, "late") })
		var running sync.Map // of contexts
		app.Handle("GET", "/slow", func(c C) error {
			if _, taken := running.LoadOrStore(c.Identity(), true); taken {
				t.Error("a context was given to two requests")
			}
			<-c.Request().Context().Done()
			time.Sleep(20 * time.Millisecond) // goes on after the timeout
			_ = c.String(200, "hello")        // which must not be a race
			running.Delete(c.Identity())
			return nil
		})
		c := Serve(t, app)
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() {
				equal(t, "status", c.Get("/slow")[:4], "503;")
			})
		}
		group.Wait()
	}},
	{"G24", "E26", "next does nothing when the request is over", Gin | Echo, func(t *testing.T, f Framework) {
		app := f.New(nil)
		late := make(chan struct{})
		done := make(chan struct{})
		app.Use(Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			go func() {
				<-late
				next.ServeHTTP(w, r)
				close(done)
			}()
			w.WriteHeader(202)
		}))
		var ran atomic.Int32
		app.Handle("GET", "/", func(c C) error { ran.Add(1); return hello(c) })
		equal(t, "answer", Serve(t, app).Get("/"), "202; Content-Length: 0; ")
		close(late)
		<-done
		equal(t, "handlers run", ran.Load(), 0)
	}},
	{"G24b", "E26b", "nothing is written when the request is over", Gin | Echo, func(t *testing.T, f Framework) {
		app := f.New(nil)
		late := make(chan struct{})
		done := make(chan error, 1)
		var once sync.Once
		app.Use(Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			defer next.ServeHTTP(w, r)
			once.Do(func() {
				go func() {
					<-late
					w.Header().Set("X-Late", "1")
					w.WriteHeader(500)
					w.(http.Flusher).Flush()
					if pusher, ok := w.(http.Pusher); ok {
						_ = pusher.Push("/late", nil)
					}
					_ = http.NewResponseController(w).SetWriteDeadline(time.Now())
					_, _, hijackErr := http.NewResponseController(w).Hijack()
					_, err := io.WriteString(w, "late")
					if hijackErr == nil {
						err = nil
					}
					done <- err
				}()
			})
		}))
		app.Handle("GET", "/slow", func(c C) error {
			close(late)
			if <-done == nil {
				t.Error("the writer of the request before has written")
			}
			return hello(c)
		})
		app.Handle("GET", "/", hello)
		// Both requests may well get the same context.
		app.ServeHTTP(&pusher{ResponseRecorder: httptest.NewRecorder()}, httptest.NewRequest("GET", "/", nil))
		w := &pusher{ResponseRecorder: httptest.NewRecorder()}
		app.ServeHTTP(w, httptest.NewRequest("GET", "/slow", nil))
		equal(t, "answer", w.Body.String(), "hello")
		equalSlices(t, "pushed", w.pushed, nil)
		equal(t, "deadlines set", w.deadlines, 0)
		equal(t, "late field", w.Header().Get("X-Late"), "")
	}},
	{"G24c", "E26c", "a goroutine that outlives its request may copy that", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		var group sync.WaitGroup
		outlive := func(c C) {
			r := c.Request()
			group.Go(func() {
				for range 100 {
					_ = r.Clone(r.Context()).Pattern
				}
			})
		}
		app.Use(withValue("x"))
		app.Handle("GET", "/", func(c C) error { outlive(c); return hello(c) })
		app.Handle("GET", "/fail", func(c C) error { outlive(c); return missing })
		c := Serve(t, app)
		for range 10 {
			equal(t, "answer", c.Get("/"), f.text(200, "hello"))
			equal(t, "failure", c.Get("/fail"), Failure(404, "There is no such item."))
		}
		group.Wait()
	}},
	{"G24d", "E26d", "also without a Wrap", Gin | Echo, func(t *testing.T, f Framework) {
		app := f.New(nil)
		var group sync.WaitGroup
		app.Handle("GET", "/", func(c C) error {
			r := c.Request()
			group.Go(func() {
				for range 100 {
					_ = r.Clone(r.Context()).Pattern
				}
			})
			return missing
		})
		c := Serve(t, app)
		for range 10 {
			equal(t, "failure", c.Get("/"), Failure(404, "There is no such item."))
		}
		group.Wait()
	}},
	{"caller", "caller", "the request of the caller is not changed", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		app.CORS(cors)
		app.Use(func(next http.Handler) http.Handler { return next })
		app.Use(withValue("x"), Record(new(Recorder)))
		app.Handle("GET", "/items/:id", hello, func(next http.Handler) http.Handler { return next })
		app.Handle("GET", "/fail/:id", fail)
		app.Handle("GET", "/panic/:id", func(C) error { panic(missing) }, errjson.Default().Recover)
		app.Value("GET", "/value/:id", func(C) (any, error) { return 1, nil }, withValue("y"))
		app.Body("/body", hello)
		for path, status := range map[string]int{
			"/items/7": 200, "/fail/7": 404, "/panic/7": 404, "/value/7": 200, "/body": 200, "/none": 404,
		} {
			for range 10 {
				r := httptest.NewRequest("GET", path, nil)
				if path == "/body" {
					r = httptest.NewRequest("POST", path, strings.NewReader(itemBody))
					r.Header.Set("Content-Type", "application/json")
				}
				r.SetPathValue("outer", "1") // by a router outside, which shares its map with copies
				before := r.Clone(t.Context())
				copied := make(chan struct{})
				go func() {
					defer close(copied)
					for range 10 {
						_ = r.Clone(r.Context()) // as the race detector sees
					}
				}()
				w := httptest.NewRecorder()
				app.ServeHTTP(w, r)
				<-copied
				equal(t, path, w.Code, status)
				if !reflect.DeepEqual(r.Clone(t.Context()), before) {
					t.Errorf("%s: the request was changed", path)
				}
			}
		}
	}},
	{"G35", "E30", "the temporary files of a form are removed", Gin | Echo, func(t *testing.T, f Framework) {
		t.Setenv("TMPDIR", t.TempDir())
		files := func() []string {
			names, err := filepath.Glob(filepath.Join(os.TempDir(), "multipart-*"))
			if err != nil {
				t.Fatal(err)
			}
			return names
		}
		app := f.New(nil)
		var during []int
		app.Use(withValue("x"))
		app.Handle("POST", "/handler", func(c C) error {
			err := c.Multipart()
			during = append(during, len(files()))
			return err
		}, withValue("y"))
		app.Handle("POST", "/middleware", hello, Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			_ = r.ParseMultipartForm(1)
			during = append(during, len(files()))
			w.WriteHeader(200)
		}))
		c := Serve(t, app)
		for _, path := range []string{"/handler", "/middleware"} {
			body, contentType := form(t)
			equal(t, path, c.Do("POST", path, body, "Content-Type", contentType), "200; Content-Length: 0; ")
			eventually(t, "the file is removed", func() bool { return len(files()) == 0 })
		}
		equalSlices(t, "files while the handler runs", during, []int{1, 1})
	}},
}

// form returns a form with a file that is too large for memory.
func form(t *testing.T) (body io.Reader, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	file, err := w.CreateFormFile("file", "a.bin")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = file.Write(make([]byte, 64<<10))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b, w.FormDataContentType()
}

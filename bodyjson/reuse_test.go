package bodyjson_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/justinas/alice"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/bodyjson"
)

// within calls a handler behind mw with r.
func within(t *testing.T, mw alice.Constructor, r *http.Request, handler func(r *http.Request)) {
	t.Helper()
	ran := false
	a := do(mw(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		ran = true
		handler(r)
	})), r)
	require.True(t, ran, "%+v", a)
}

// none is a middleware without an effect. Get and Bytes work without Lazy and New.
func none(next http.Handler) http.Handler { return next }

const text = ` {"name":"a", "x":[1]} `

func middlewares() map[string]alice.Constructor {
	return map[string]alice.Constructor{
		"new":           bodyjson.New[named](bodyjson.Config{}),
		"lazy":          bodyjson.Lazy(bodyjson.Config{}),
		"none":          none,
		"lazy and new":  alice.New(bodyjson.Lazy(bodyjson.Config{}), bodyjson.New[named](bodyjson.Config{})).Then,
		"new and lazy":  alice.New(bodyjson.New[named](bodyjson.Config{}), bodyjson.Lazy(bodyjson.Config{})).Then,
		"new of others": alice.New(bodyjson.New[any](bodyjson.Config{}), bodyjson.New[*named](bodyjson.Config{})).Then,
	}
}

func TestReadAgain(t *testing.T) {
	get := func(t *testing.T, r *http.Request) {
		v, err := bodyjson.Get[named](r)
		require.NoError(t, err)
		assert.Equal(t, named{"a"}, v)
	}
	all := func(t *testing.T, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		assert.Equal(t, text, string(raw))
	}
	asBytes := func(t *testing.T, r *http.Request) {
		raw, err := bodyjson.Bytes(r)
		require.NoError(t, err)
		assert.Equal(t, text, string(raw))
		raw[0] = 'x' // Bytes returns a copy
	}
	stream := func(t *testing.T, r *http.Request) {
		var v named
		dec := json.NewDecoder(r.Body)
		require.NoError(t, dec.Decode(&v))
		assert.Equal(t, named{"a"}, v)
		require.ErrorIs(t, dec.Decode(&v), io.EOF)
	}
	other := func(t *testing.T, r *http.Request) {
		v, err := bodyjson.Get[map[string]any](r)
		require.NoError(t, err)
		assert.Equal(t, map[string]any{"name": "a", "x": []any{1.0}}, v)
	}
	closing := func(t *testing.T, r *http.Request) {
		_, err := r.Body.Read(make([]byte, 3))
		require.NoError(t, err)
		require.NoError(t, r.Body.Close())
	}
	steps := map[string]func(*testing.T, *http.Request){
		"get": get, "all": all, "bytes": asBytes, "stream": stream, "other": other, "close": closing,
	}
	for mwName, mw := range middlewares() {
		for first, step1 := range steps {
			for second, step2 := range steps {
				if mwName == "none" && (first != "get" && first != "bytes" && first != "other") {
					continue // r.Body is not kept before Get or Bytes
				}
				t.Run(strings.Join([]string{mwName, first, second}, "/"), func(t *testing.T) {
					within(t, mw, post(text), func(r *http.Request) {
						step1(t, r)
						step2(t, r)
						step1(t, r)
					})
				})
			}
		}
	}
	t.Run("a limited reader does not read the body again", func(t *testing.T) {
		within(t, bodyjson.New[named](bodyjson.Config{}), post(text), func(r *http.Request) {
			// net/http sends a body this way in a reverse proxy.
			n, err := io.Copy(io.Discard, io.LimitReader(r.Body, int64(len(text))))
			require.NoError(t, err)
			assert.Len(t, text, int(n))
			n, err = io.Copy(io.Discard, r.Body)
			require.NoError(t, err)
			assert.Zero(t, n)
		})
	})
	t.Run("lines", func(t *testing.T) {
		within(t, bodyjson.Lazy(bodyjson.Config{}), post("1\n2\n"), func(r *http.Request) {
			for range 2 {
				scanner := bufio.NewScanner(r.Body)
				n := 0
				for scanner.Scan() {
					n++
				}
				assert.Equal(t, 2, n)
			}
		})
	})
	t.Run("other fields of the request are not modified", func(t *testing.T) {
		for _, mw := range middlewares() {
			r := post(text)
			within(t, mw, r, func(inner *http.Request) {
				_, err := bodyjson.Get[named](inner)
				require.NoError(t, err)
				assert.Equal(t, int64(len(text)), inner.ContentLength)
				assert.Nil(t, inner.GetBody)
				assert.Equal(t, r.Header, inner.Header)
				assert.Equal(t, r.URL, inner.URL)
			})
		}
	})
	t.Run("read into an empty slice", func(t *testing.T) {
		within(t, bodyjson.Lazy(bodyjson.Config{}), post(text), func(r *http.Request) {
			n, err := r.Body.Read(nil)
			require.NoError(t, err)
			assert.Zero(t, n)
		})
	})
}

func TestNothingIsReadUntilAsked(t *testing.T) {
	r := post(text)
	r.Body = unreadable{t}
	within(t, bodyjson.Lazy(bodyjson.Config{}), r, func(r *http.Request) {
		_, there := bodyjson.FromContext[named](r.Context())
		assert.False(t, there)
	})
}

// TestUploads tests that bodies without a JSON content type are streamed and can have any size.
func TestUploads(t *testing.T) {
	upload := func(size int) *http.Request {
		r := post(strings.Repeat("a", size))
		r.Header.Set("Content-Type", "application/octet-stream")
		return r
	}
	mw := bodyjson.Lazy(bodyjson.Config{MaxBytes: 16})
	t.Run("read", func(t *testing.T) {
		within(t, mw, upload(1000), func(r *http.Request) {
			raw, err := io.ReadAll(r.Body)
			require.NoError(t, err)
			assert.Len(t, raw, 1000)
			raw, err = io.ReadAll(r.Body)
			require.NoError(t, err)
			assert.Empty(t, raw)
			_, err = bodyjson.Bytes(r)
			require.ErrorContains(t, err, "already read")
			require.NoError(t, r.Body.Close())
		})
	})
	t.Run("Bytes", func(t *testing.T) {
		within(t, mw, upload(16), func(r *http.Request) {
			_, err := bodyjson.Get[string](r)
			require.Error(t, err)
			for range 2 {
				raw, err := bodyjson.Bytes(r)
				require.NoError(t, err)
				assert.Len(t, raw, 16)
				raw, err = io.ReadAll(r.Body)
				require.NoError(t, err)
				assert.Len(t, raw, 16)
			}
		})
		within(t, mw, upload(17), func(r *http.Request) {
			_, err := bodyjson.Bytes(r)
			var over *http.MaxBytesError
			require.ErrorAs(t, err, &over)
			assert.Equal(t, int64(16), over.Limit)
		})
	})
	t.Run("read during Bytes", func(t *testing.T) {
		pr, pw := io.Pipe()
		r := upload(0)
		r.Body, r.ContentLength = pr, -1
		within(t, mw, r, func(r *http.Request) {
			var wg sync.WaitGroup
			wg.Go(func() {
				raw, err := bodyjson.Bytes(r)
				assert.NoError(t, err)
				assert.Equal(t, "abcdef", string(raw))
			})
			_, err := io.WriteString(pw, "abc") // Bytes has read the text when WriteString returns
			require.NoError(t, err)
			wg.Go(func() {
				raw, err := io.ReadAll(r.Body)
				assert.NoError(t, err)
				assert.Equal(t, "abcdef", string(raw))
			})
			time.Sleep(10 * time.Millisecond)
			_, err = io.WriteString(pw, "def")
			require.NoError(t, err)
			require.NoError(t, pw.Close())
			wg.Wait()
		})
	})
	t.Run("gzip", func(t *testing.T) {
		r := upload(1000)
		r.Header.Set("Content-Encoding", "gzip")
		within(t, bodyjson.Lazy(bodyjson.Config{MaxBytes: 16, Gunzip: true}), r, func(r *http.Request) {
			assert.Equal(t, "gzip", r.Header.Get("Content-Encoding"))
			raw, err := io.ReadAll(r.Body)
			require.NoError(t, err)
			assert.Equal(t, strings.Repeat("a", 1000), string(raw))
		})
	})
	t.Run("closed", func(t *testing.T) {
		closed := false
		r := upload(1)
		r.Body = closer{r.Body, &closed}
		within(t, mw, r, func(r *http.Request) { require.NoError(t, r.Body.Close()) })
		assert.True(t, closed)
	})
}

type closer struct {
	io.ReadCloser
	closed *bool
}

func (c closer) Close() error {
	*c.closed = true
	return c.ReadCloser.Close()
}

// A hidingBody wraps a body and does not have an Unwrap method.
type hidingBody struct{ io.ReadCloser }

// A tellingBody wraps a body and has an Unwrap method.
type tellingBody struct{ io.ReadCloser }

func (b tellingBody) Unwrap() io.ReadCloser { return b.ReadCloser }

func TestWrappers(t *testing.T) {
	for mwName, mw := range map[string]alice.Constructor{
		"new": bodyjson.New[named](bodyjson.Config{DisallowUnknownFields: false}), "lazy": bodyjson.Lazy(bodyjson.Config{}),
	} {
		for wrapName, wrap := range map[string]func(io.ReadCloser) io.ReadCloser{
			"without Unwrap": func(b io.ReadCloser) io.ReadCloser { return hidingBody{b} },
			"with Unwrap":    func(b io.ReadCloser) io.ReadCloser { return tellingBody{b} },
			"MaxBytesReader": func(b io.ReadCloser) io.ReadCloser { return http.MaxBytesReader(httptest.NewRecorder(), b, 1000) },
			"nil":            func(io.ReadCloser) io.ReadCloser { return nil },
		} {
			if mwName == "lazy" && wrapName == "nil" {
				continue // the body is lost
			}
			t.Run(mwName+"/"+wrapName, func(t *testing.T) {
				within(t, mw, post(text), func(r *http.Request) {
					r.Body = wrap(r.Body)
					v, err := bodyjson.Get[named](r)
					require.NoError(t, err)
					assert.Equal(t, named{"a"}, v)
					_, err = bodyjson.Get[map[string]any](r)
					require.NoError(t, err)
					raw, err := bodyjson.Bytes(r)
					require.NoError(t, err)
					assert.Equal(t, text, string(raw))
				})
			})
		}
	}
	t.Run("a smaller limit applies", func(t *testing.T) {
		within(t, bodyjson.Lazy(bodyjson.Config{}), post(text), func(r *http.Request) {
			r.Body = http.MaxBytesReader(httptest.NewRecorder(), r.Body, 4)
			_, err := bodyjson.Get[named](r)
			var over *http.MaxBytesError
			require.ErrorAs(t, err, &over)
			assert.Equal(t, int64(4), over.Limit)
		})
	})
	t.Run("the rules apply behind a wrapper", func(t *testing.T) {
		within(t, bodyjson.Lazy(bodyjson.Config{DisallowUnknownFields: true}), post(text), func(r *http.Request) {
			r.Body = hidingBody{r.Body}
			_, err := bodyjson.Get[named](r)
			require.Error(t, err)
		})
	})
}

func TestInnermostRules(t *testing.T) {
	strict := bodyjson.Lazy(bodyjson.Config{DisallowUnknownFields: true})
	lax := bodyjson.Lazy(bodyjson.Config{})
	within(t, alice.New(strict, lax).Then, post(text), func(r *http.Request) {
		_, err := bodyjson.Get[named](r)
		require.NoError(t, err)
	})
	within(t, alice.New(lax, strict).Then, post(text), func(r *http.Request) {
		_, err := bodyjson.Get[named](r)
		require.Error(t, err)
	})
	within(t, alice.New(bodyjson.Lazy(bodyjson.Config{MaxBytes: 4}), lax).Then, post(text), func(r *http.Request) {
		_, err := bodyjson.Get[named](r)
		require.Error(t, err, "the smaller limit applies in any order")
	})
}

func TestContext(t *testing.T) {
	type key struct{}
	r := post(text)
	ctx, cancel := context.WithCancelCause(context.WithValue(r.Context(), key{}, 1))
	r = r.WithContext(ctx)
	within(t, bodyjson.New[named](bodyjson.Config{}), r, func(r *http.Request) {
		v, there := bodyjson.FromContext[named](r.Context())
		assert.True(t, there)
		assert.Equal(t, named{"a"}, v)
		_, there = bodyjson.FromContext[*named](r.Context())
		assert.False(t, there)

		assert.Equal(t, 1, r.Context().Value(key{}))
		_, there = r.Context().Deadline()
		assert.False(t, there)
		child, stop := context.WithCancel(r.Context())
		defer stop()
		require.NoError(t, r.Context().Err())
		cancel(io.ErrNoProgress)
		<-r.Context().Done()
		<-child.Done()
		require.ErrorIs(t, r.Context().Err(), context.Canceled)
		assert.Equal(t, io.ErrNoProgress, context.Cause(r.Context()))
	})
	t.Run("NewContext", func(t *testing.T) {
		ctx := bodyjson.NewContext(t.Context(), named{"b"})
		v, there := bodyjson.FromContext[named](ctx)
		assert.True(t, there)
		assert.Equal(t, named{"b"}, v)
		v, err := bodyjson.Get[named](post(text).WithContext(ctx))
		require.NoError(t, err)
		assert.Equal(t, named{"b"}, v)
	})
	t.Run("the outer value", func(t *testing.T) {
		within(t, alice.New(bodyjson.New[named](bodyjson.Config{}), bodyjson.New[any](bodyjson.Config{})).Then, post(text), func(r *http.Request) {
			_, there := bodyjson.FromContext[named](r.Context())
			assert.True(t, there)
		})
	})
}

// counted counts the calls of its UnmarshalJSON method.
type counted struct{ Name string }

var decoded atomic.Int64

func (c *counted) UnmarshalJSON(data []byte) error {
	decoded.Add(1)
	return json.Unmarshal(data, (*named)(c))
}

func TestConcurrency(t *testing.T) {
	for name, mw := range map[string]alice.Constructor{"lazy": bodyjson.Lazy(bodyjson.Config{}), "new": bodyjson.New[named](bodyjson.Config{})} {
		t.Run(name, func(t *testing.T) {
			decoded.Store(0)
			within(t, mw, post(text), func(r *http.Request) {
				var wg sync.WaitGroup
				for range 16 {
					wg.Go(func() {
						v, err := bodyjson.Get[counted](r)
						assert.NoError(t, err)
						assert.Equal(t, counted{"a"}, v)
						_, err = bodyjson.Get[any](r)
						assert.NoError(t, err)
						raw, err := bodyjson.Bytes(r)
						assert.NoError(t, err)
						assert.Equal(t, text, string(raw))
						_, err = r.Body.Read(make([]byte, 2))
						assert.True(t, err == nil || err == io.EOF)
					})
				}
				wg.Wait()
			})
			assert.Equal(t, int64(1), decoded.Load())
		})
	}
}

// TestAfterTheHandler tests calls after the handler has returned, when another request may use the
// buffer.
func TestAfterTheHandler(t *testing.T) {
	for name, mw := range map[string]alice.Constructor{"lazy": bodyjson.Lazy(bodyjson.Config{}), "new": bodyjson.New[named](bodyjson.Config{})} {
		for _, asked := range []bool{false, true} {
			t.Run(fmt.Sprint(name, asked), func(t *testing.T) {
				var late *http.Request
				within(t, mw, post(text), func(r *http.Request) {
					late = r
					if asked {
						_, err := bodyjson.Get[any](r)
						require.NoError(t, err)
					}
				})
				do(mw(http.NotFoundHandler()), post(`{"name":"another, longer than the first"}`))

				_, err := bodyjson.Get[map[string]any](late)
				require.ErrorIs(t, err, http.ErrBodyReadAfterClose)
				_, err = bodyjson.Bytes(late)
				require.ErrorIs(t, err, http.ErrBodyReadAfterClose)
				_, err = io.ReadAll(late.Body)
				require.ErrorIs(t, err, http.ErrBodyReadAfterClose)
				require.NoError(t, late.Body.Close())
				if asked { // decoded values are kept
					v, err := bodyjson.Get[any](late)
					require.NoError(t, err)
					assert.Equal(t, map[string]any{"name": "a", "x": []any{1.0}}, v)
				}
			})
		}
	}
	t.Run("while it is decoded", func(t *testing.T) {
		// The handler returns while its goroutine decodes. The goroutine must not read the bytes of
		// a later request.
		mw := bodyjson.Lazy(bodyjson.Config{})
		for range 50 {
			var wg sync.WaitGroup
			body := fmt.Sprintf(`["%s"]`, strings.Repeat("a", 2000))
			within(t, mw, post(body), func(r *http.Request) {
				wg.Go(func() {
					v, err := bodyjson.Get[[]string](r)
					if err == nil {
						assert.Equal(t, body[2:len(body)-2], v[0])
					} else {
						assert.ErrorIs(t, err, http.ErrBodyReadAfterClose)
					}
				})
			})
			within(t, mw, post(strings.ToUpper(body)), func(r *http.Request) {
				_, err := bodyjson.Get[[]string](r)
				assert.NoError(t, err)
			})
			wg.Wait()
		}
	})
	t.Run("after a panic", func(t *testing.T) {
		mw := bodyjson.New[named](bodyjson.Config{})
		var late *http.Request
		assert.Panics(t, func() {
			do(mw(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				late = r
				panic("x")
			})), post(text))
		})
		_, err := bodyjson.Bytes(late)
		require.ErrorIs(t, err, http.ErrBodyReadAfterClose)
	})
}

// TestPanics tests that the request can still be used after a function of a Config has panicked.
func TestPanics(t *testing.T) {
	boom := func() { panic("boom") }
	cfgs := map[string]bodyjson.Config{
		"Verify":    {Verify: func(*http.Request, []byte) error { boom(); return nil }},
		"Validate":  {Validate: func(context.Context, any) error { boom(); return nil }},
		"Unmarshal": {Unmarshal: func([]byte, any) error { boom(); return nil }},
	}
	for name, cfg := range cfgs {
		t.Run(name, func(t *testing.T) {
			assert.PanicsWithValue(t, "boom", func() { do(bodyjson.New[named](cfg)(http.NotFoundHandler()), post(text)) })
			within(t, bodyjson.Lazy(cfg), post(text), func(r *http.Request) {
				assert.PanicsWithValue(t, "boom", func() { _, _ = bodyjson.Get[named](r) })
				if name == "Verify" {
					_, err := bodyjson.Bytes(r)
					require.ErrorContains(t, err, "a panic")
				} else {
					raw, err := bodyjson.Bytes(r)
					require.NoError(t, err)
					assert.Equal(t, text, string(raw))
				}
			})
		})
	}
	t.Run("Body", func(t *testing.T) {
		r := post(text)
		r.Body = io.NopCloser(panicking{})
		within(t, bodyjson.Lazy(bodyjson.Config{}), r, func(r *http.Request) {
			assert.PanicsWithValue(t, "boom", func() { _, _ = bodyjson.Bytes(r) })
			_, err := r.Body.Read(make([]byte, 1))
			require.ErrorContains(t, err, "a panic")
		})
	})
}

type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("boom") }

// TestNoAliases overwrites the buffer after decoding and checks that the value does not change.
func TestNoAliases(t *testing.T) {
	type target struct {
		S   string
		B   []byte
		R   json.RawMessage
		A   any
		M   map[string]string
		L   []json.RawMessage
		Opt bodyjson.Optional[string]
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	letters := func() string {
		b := make([]byte, 1+rnd.IntN(40))
		for i := range b {
			b[i] = byte('a' + rnd.IntN(26))
		}
		return string(b)
	}
	for range 200 {
		want := target{
			S: letters(), B: []byte(letters()), R: json.RawMessage(`"` + letters() + `"`), A: map[string]any{letters(): []any{letters()}},
			M: map[string]string{letters(): letters()}, L: []json.RawMessage{json.RawMessage(`"` + letters() + `"`)},
			Opt: bodyjson.Optional[string]{Value: letters(), Set: true},
		}
		body, err := json.Marshal(want)
		require.NoError(t, err)
		for _, cfg := range []bodyjson.Config{{}, {UseNumber: true}} {
			// Verify must not keep the buffer, except in this test.
			var buffer []byte
			cfg.Verify = func(_ *http.Request, data []byte) error {
				buffer = data
				return nil
			}
			within(t, bodyjson.New[target](cfg), post(string(body)), func(r *http.Request) {
				v, _ := bodyjson.FromContext[target](r.Context())
				raw, err := bodyjson.Bytes(r)
				require.NoError(t, err)
				for i := range buffer {
					buffer[i] = '#'
				}
				assert.Equal(t, want, v)
				assert.Equal(t, string(body), string(raw))
			})
		}
	}
}

// TestConnectedRequests sends many concurrent requests that share pooled buffers.
func TestConnectedRequests(t *testing.T) {
	h := bodyjson.New[named](bodyjson.Config{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, _ := bodyjson.FromContext[named](r.Context())
		raw, err := io.ReadAll(r.Body)
		if err == nil && bytes.Contains(raw, []byte(v.Name)) {
			_, _ = io.WriteString(w, v.Name)
		}
	}))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 200 {
				name := strings.Repeat(fmt.Sprintf("%d-%d ", i, j), 1+j%50)
				assert.Equal(t, name, do(h, post(`{"name":"`+name+`"}`)).body)
			}
		})
	}
	wg.Wait()
}

type requestKey struct{}

// readingBody reads the body of its request while it is decoded.
type readingBody struct{ Name string }

func (*readingBody) Validate(ctx context.Context) error {
	r := ctx.Value(requestKey{}).(**http.Request)
	if _, err := bodyjson.Bytes(*r); err != nil {
		return err
	}
	if _, err := bodyjson.Get[any](*r); err != nil {
		return err
	}
	_, err := io.ReadAll((*r).Body)
	return err
}

// TestReentrance has a Validate method that uses the body of its request.
func TestReentrance(t *testing.T) {
	var inner *http.Request
	r := post(`{"Name":"a"}`)
	r = r.WithContext(context.WithValue(r.Context(), requestKey{}, &inner))
	done := make(chan error)
	go func() {
		bodyjson.Lazy(bodyjson.Config{})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			inner = r
			_, err := bodyjson.Get[readingBody](r)
			done <- err
		})).ServeHTTP(httptest.NewRecorder(), r)
	}()
	select {
	case err := <-done:
		require.NoError(t, err)
	case <-time.After(10 * time.Second):
		t.Fatal("deadlock")
	}
}

// TestCloseInterrupts tests that Close ends a Read that waits for the client.
func TestCloseInterrupts(t *testing.T) {
	for name, read := range map[string]func(*http.Request) error{
		"Read":  func(r *http.Request) error { _, err := r.Body.Read(make([]byte, 1)); return err },
		"Bytes": func(r *http.Request) error { _, err := bodyjson.Bytes(r); return err },
		"Get":   func(r *http.Request) error { _, err := bodyjson.Get[named](r); return err },
	} {
		t.Run(name, func(t *testing.T) {
			pr, pw := io.Pipe()
			r := post("")
			r.Body, r.ContentLength = pr, -1
			within(t, bodyjson.Lazy(bodyjson.Config{}), r, func(r *http.Request) {
				result := make(chan error)
				go func() { result <- read(r) }()
				_, err := io.WriteString(pw, "{") // which the reader has got when this returns
				require.NoError(t, err)
				require.NoError(t, r.Body.Close())
				select {
				case err := <-result:
					require.Error(t, err)
				case <-time.After(10 * time.Second):
					t.Fatal("Close does not end the Read")
				}
			})
		})
	}
}

// TestUnsupportedTypeIsAlwaysReported tests that no option hides an error of the program.
func TestUnsupportedTypeIsAlwaysReported(t *testing.T) {
	type bad struct{ C chan int }
	for _, cfg := range []bodyjson.Config{{}, {Silent: true}, {Optional: true}, {Silent: true, Optional: true}} {
		for _, body := range []string{``, `{`, `{}`, `null`} {
			within(t, bodyjson.Lazy(cfg), post(body), func(r *http.Request) {
				_, err := bodyjson.Get[bad](r)
				require.EqualError(t, err, "bodyjson: bad.C: chan int cannot be decoded from JSON")
				_, err = bodyjson.Merge(r, bad{})
				require.EqualError(t, err, "bodyjson: bad.C: chan int cannot be decoded from JSON")
			})
			_, err := bodyjson.Decode[bad]([]byte(body), cfg)
			require.EqualError(t, err, "bodyjson: bad.C: chan int cannot be decoded from JSON")
		}
	}
}

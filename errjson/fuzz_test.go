package errjson_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/errjson/shapes"
)

// step is what a handler can do with its writer, by the byte of a program.
func step(w http.ResponseWriter, op byte, arg string) {
	switch op % 12 {
	case 0:
		w.Header().Set("Content-Length", strconv.Itoa(len(arg)))
	case 1:
		w.Header().Set("Content-Type", arg)
	case 2:
		name, value, _ := strings.Cut(arg, ":")
		w.Header().Add(name, value)
	case 3:
		_, _ = io.WriteString(w, arg)
	case 4:
		_, _ = w.Write([]byte(arg))
	case 5:
		_, _ = io.Copy(w, strings.NewReader(arg))
	case 6:
		w.(http.Flusher).Flush()
	case 7:
		if len(arg) > 0 {
			w.WriteHeader(200 + int(arg[0])*2) // 200–710
		}
	case 8:
		http.Error(w, arg, http.StatusNotFound)
	case 9:
		http.Error(w, arg, http.StatusBadGateway)
	case 10:
		w.WriteHeader(http.StatusEarlyHints)
	case 11:
		clear(w.Header())
	}
}

// isWhole reports whether an answer was complete before the handler failed: it had
// all the bytes that it had said, or none to come, or was an error text that a
// Flush had turned into JSON.
func isWhole(ops []byte, resp *http.Response, body []byte) bool {
	switch {
	case resp.StatusCode == http.StatusNoContent || resp.StatusCode == http.StatusNotModified:
		return true
	case bytes.HasPrefix(body, []byte(`{"error":`)) && resp.StatusCode >= 400:
		var e struct{ Status int }
		return json.Unmarshal(body, &e) == nil && e.Status == resp.StatusCode
	}
	return slices.ContainsFunc(ops, func(op byte) bool { return op%12 == 0 || op%12 == 2 }) && resp.ContentLength == int64(len(body)) &&
		resp.StatusCode != http.StatusInternalServerError
}

// FuzzPanic runs programs that write something, and then panic. What the client
// gets is the package's own 500, or nothing that can be taken for whole.
func FuzzPanic(f *testing.F) {
	for _, seed := range []struct{ program, arg string }{
		{"\x00", "12345"}, {"\x01\x08", "image/png"}, {"\x02", "Content-Encoding:gzip"}, {"\x03", "part"}, {"\x04\x06", "part"},
		{"\x05", strings.Repeat("x", 5000)}, {"\x06", ""}, {"\x07\x03", "\x00"}, {"\x07", "\x66"}, {"\x08\x06", "text"}, {"\x09", `{"a":1}`},
		{"\x0a\x08", "x"}, {"\x00\x03\x06", "x"}, {"\x02\x06\x03", "Trailer:X"}, {"\x02\x08\x03", "Transfer-Encoding:chunked"},
		{"\x08\x0b\x06", "x"}, {"\x02\x03\x06", "Connection:close"}, {"\x07\x06", "\x02"}, {"\x07\x03", "\x66"},
	} {
		f.Add([]byte(seed.program), seed.arg)
	}
	type program struct {
		ops  []byte
		arg  string
		kind bool
	}
	var current atomic.Pointer[program] // of the request that is being sent
	s := httptest.NewServer(quiet.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := current.Load()
		for _, op := range p.ops {
			step(w, op, p.arg)
		}
		if p.kind {
			errjson.Write(w, r, errors.New("boom"))
			return
		}
		panic("boom")
	})))
	s.Config.ErrorLog = silentLog
	f.Cleanup(s.Close)
	client := s.Client()
	client.Transport.(*http.Transport).DisableCompression = true
	f.Fuzz(func(t *testing.T, ops []byte, arg string) {
		if len(ops) > 20 {
			return
		}
		for _, op := range ops {
			name, _, _ := strings.Cut(arg, ":")
			if op%12 == 2 && strings.EqualFold(name, "Connection") {
				return // that is the connection's, not the answer's
			}
		}
		for _, kind := range []bool{false, true} {
			current.Store(&program{ops, arg, kind})
			resp, err := client.Get(s.URL)
			if err != nil {
				continue
			}
			body, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if err != nil {
				continue
			}
			if isWhole(ops, resp, body) {
				continue
			}
			require.Equal(t, 500, resp.StatusCode)
			require.Equal(t, body500, string(body))
			require.Equal(t, []string{"application/json"}, resp.Header["Content-Type"])
			require.Equal(t, []string{strconv.Itoa(len(body500))}, resp.Header["Content-Length"])
			require.NotContains(t, resp.Header, "Content-Encoding")
			require.NotContains(t, resp.Header, "Etag")
		}
	})
}

// FuzzHeld runs programs that end well. What the client gets is what it would get
// without the package, or an error as JSON with the same status.
func FuzzHeld(f *testing.F) {
	for _, seed := range []struct{ program, arg string }{
		{"\x08", "no such user"}, {"\x08", `{"a":1}`}, {"\x09", "secret"}, {"\x07\x03", "\x66<html>"}, {"\x07\x03\x03", "\x66x"},
		{"\x01\x07\x03", "text/plain"}, {"\x07", "\x66"}, {"\x08\x06\x03", "x"}, {"\x03", "fine"}, {"\x00\x07\x05", "\x64"},
		{"\x07\x06\x03", "\x96{"}, {"\x08\x08", strings.Repeat("[", 700)}, {"\x07\x04", "\x66\xff\xfe\x00\x01"},
	} {
		f.Add([]byte(seed.program), seed.arg)
	}
	f.Fuzz(func(t *testing.T, ops []byte, arg string) {
		if len(ops) > 20 {
			return
		}
		handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			defer func() { _ = recover() }() // WriteHeader panics if the status is none
			for _, op := range ops {
				step(w, op, arg)
			}
		})
		bare, wrapped := httptest.NewRecorder(), httptest.NewRecorder()
		handler.ServeHTTP(bare, get("/"))
		quiet.Wrap(handler).ServeHTTP(wrapped, get("/"))
		if bare.Code < 200 {
			return // a recorder takes it for the final one
		}
		require.Equal(t, bare.Code, wrapped.Code)
		if wrapped.Body.String() == bare.Body.String() {
			return
		}
		require.GreaterOrEqual(t, wrapped.Code, 400)
		var got struct {
			Error   string
			Message string
			Status  int
		}
		dec := json.NewDecoder(wrapped.Body)
		require.NoError(t, dec.Decode(&got))
		require.Equal(t, wrapped.Code, got.Status)
		require.NotEmpty(t, got.Message)
		if got.Status >= 500 {
			require.Contains(t, body500+unavailableSentences, got.Message)
		}
	})
}

// unavailableSentences are the messages of 5xx answers.
const unavailableSentences = "The server cannot do this. An upstream server gave an invalid answer. " +
	"The service is unavailable; try again later. The answer took too long. This HTTP version is not supported. " +
	"There is not enough storage. The server met an endless loop. Log in to the network first."

// FuzzAccept looks for Accept fields that make the choice panic, or come out
// otherwise a second time.
func FuzzAccept(f *testing.F) {
	for _, c := range acceptCases {
		f.Add(c.accept)
	}
	format := errjson.Negotiate(errjson.Problem, errjson.Simple, shapes.Restful)
	f.Fuzz(func(t *testing.T, accept string) {
		r := get("/")
		r.Header["Accept"] = []string{accept}
		e := errjson.NotFound("x")
		first := format(r, e)
		require.Contains(t, []string{"application/json", "application/problem+json", ""}, first.ContentType)
		require.NotNil(t, first.Body)
		require.Equal(t, http.Header{"Vary": {"Accept"}}, first.Header)
		for range 3 {
			require.Equal(t, first, format(r, e))
		}
		// Splitting the header does not change its meaning (RFC 9110, Section 5.3).
		r.Header["Accept"] = strings.Split(accept, ",")
		require.Equal(t, first, format(r, e))
	})
}

// FuzzMessage looks for messages that do not come out as JSON, or come out as
// another text than encoding/json makes of them.
func FuzzMessage(f *testing.F) {
	for _, seed := range []string{"", "No item 7.", "<b>&</b>", "\"\\\b\f\n\r\t\x00\x1f\x7f", "é€😀", "\xff\xed\xa0\x80", "\u2028\u2029\ufffd"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, message string) {
		if message == "" {
			return // it has a sentence in place of it
		}
		var want bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetEscapeHTML(false)
		require.NoError(t, enc.Encode(message))
		text := strings.TrimSuffix(want.String(), "\n")
		a := record(quiet.Wrap(writing(errjson.NotFound(message))), get("/"))
		// What is not UTF-8 is an escaped U+FFFD in encoding/json up to Go 1.26 only.
		plain := strings.NewReplacer(`\ufffd`, "\ufffd")
		require.Equal(t, plain.Replace(`{"error":"Not Found","message":`+text+`,"status":404}`+"\n"), plain.Replace(a.body))
	})
}

// The answer of a keep-alive connection must end where the next one begins.
func TestKeepAlive(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("/panic", panicking("boom"))
	mux.HandleFunc("/text", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, strings.Repeat("x", 5000), http.StatusTeapot)
	})
	s := serveHTTP1(t, quiet.Wrap(mux))
	const one = "GET /panic HTTP/1.1\nHost: x\n\nHEAD /text HTTP/1.1\nHost: x\n\nGET /text HTTP/1.1\nHost: x\n\n"
	raw := s.raw(t, strings.Repeat(one, 3)+"GET /nope HTTP/1.1\nHost: x\nConnection: close\n\n")
	reader := bufio.NewReader(strings.NewReader(raw))
	for range 3 {
		for _, want := range []struct {
			method string
			status int
		}{{"GET", 500}, {"HEAD", 418}, {"GET", 418}} {
			resp, err := http.ReadResponse(reader, &http.Request{Method: want.method})
			require.NoError(t, err)
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			assert.Equal(t, want.status, resp.StatusCode)
			if want.method == "HEAD" {
				assert.Empty(t, body)
			} else {
				assert.True(t, json.Valid(body))
			}
		}
	}
	resp, err := http.ReadResponse(reader, nil)
	require.NoError(t, err)
	assert.Equal(t, 404, resp.StatusCode)
}

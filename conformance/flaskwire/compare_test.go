package flaskwire

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The replay is worth what its comparison is worth. These are answers that it must
// tell apart, and such that it must not.

func TestEqual(t *testing.T) {
	for _, tt := range []struct {
		want any
		got  string
		ok   bool
	}{
		{parse([]byte(`{"a":1,"b":[1.0,"x",null]}`)), `{"b":[1,"x",null],"a":1}`, true},
		{parse([]byte(`{"a":1}`)), `{"a":1,"b":2}`, false},
		{parse([]byte(`{"a":1,"b":2}`)), `{"a":1}`, false},
		{parse([]byte(`{"a":null}`)), `{}`, false},
		{parse([]byte(`[1,2]`)), `[2,1]`, false},
		{parse([]byte(`"1"`)), `1`, false},
		{parse([]byte(`9007199254740993`)), `9007199254740992`, false},
		{parse([]byte(`1e2`)), `100`, true},
		{parse([]byte(`-0.0`)), `0`, true},
		{parse([]byte(`1e400`)), `1e401`, false},
		{parse([]byte(`NaN`)), `null`, false},
		{parse([]byte(`{} x`)), `{}`, false},
		{object{"m": sentence{}}, `{"m":"anything"}`, true},
		{object{"m": sentence{}}, `{"m":""}`, false},
		{object{"m": sentence{}}, `{"m":5}`, false},
		{object{"m": sentence{}}, `{}`, false},
		{sentence{"b: "}, `"b: no"`, true},
		{sentence{"b: "}, `"b: "`, false},
		{[]any{fault{"/a", "type"}}, `[{"pointer":"/a","code":"type","message":"x","line":1}]`, true},
		{[]any{fault{"/a", "type"}}, `[{"pointer":"/b","code":"type","message":"x"}]`, false},
		{[]any{fault{}}, `[{"pointer":"/b","code":"type","message":"x"}]`, true},
		{[]any{fault{}}, `[{"pointer":"/b","code":"type"}]`, false},
		{[]any{fault{}}, `[]`, false},
		{nothing{}, `{}`, false},
	} {
		assert.Equal(t, tt.ok, equal(tt.want, parse([]byte(tt.got))), "%s, %s", show(tt.want), tt.got)
	}
}

func TestCompare(t *testing.T) {
	base := func() *answer {
		return &answer{status: 200, ctype: "application/json", body: object{"a": "b"}, fields: map[string]string{"allow": "GET, HEAD"}}
	}
	x := &exchange{wireCase: &wireCase{Request: wireRequest{Method: http.MethodGet}}}
	assert.Empty(t, x.compare(base(), base()))
	for name, change := range map[string]func(*answer){
		"status":       func(a *answer) { a.status = 201 },
		"Content-Type": func(a *answer) { a.ctype = "text/plain" },
		"body":         func(a *answer) { a.body = nothing{} },
		"allow":        func(a *answer) { a.fields["allow"] = "GET" },
		"location":     func(a *answer) { a.fields["location"] = "/x" },
		"browser":      func(a *answer) { a.verdict.readable[1] = true },
		"Vary":         func(a *answer) { a.vary = []string{"origin"} },
	} {
		a := base()
		change(a)
		for _, differences := range [][]string{x.compare(base(), a), x.compare(a, base())} {
			if assert.Len(t, differences, 1, name) {
				assert.Contains(t, differences[0], name+": ")
			}
		}
	}
}

func TestExpect(t *testing.T) {
	x := &exchange{wireCase: &wireCase{}, app: apps["restful-more"]}
	got := x.expect(parse([]byte(`{"error":"Conflict","message":{"price":"price is required","page":"bad page: invalid","q":"Missing"}}`)), false)
	assert.Equal(t, object{"error": "Conflict", "message": object{
		"price": "price is required", "page": sentence{"bad page: "}, "q": sentence{},
	}}, got)
}

func TestJudge(t *testing.T) {
	preflight := map[string][]string{
		"origin": {"https://a.example"}, "access-control-request-method": {"PUT"}, "access-control-request-headers": {"X-A, content-type"},
	}
	allow := func(more ...string) http.Header {
		h := http.Header{
			"Access-Control-Allow-Origin": {"https://a.example"}, "Access-Control-Allow-Methods": {"PUT"},
			"Access-Control-Allow-Headers": {"x-a", "Content-Type"},
		}
		for i := 0; i < len(more); i += 2 {
			h[more[i]] = []string{more[i+1]}
		}
		return h
	}
	for _, tt := range []struct {
		name          string
		status        int
		header        http.Header
		without, with bool // credentials
	}{
		{"plain", 200, allow(), true, false},
		{"credentials", 204, allow("Access-Control-Allow-Credentials", "true"), true, true},
		{"status", 403, allow(), false, false},
		{"origin", 200, allow("Access-Control-Allow-Origin", "https://b.example"), false, false},
		{"two origins", 200, http.Header{"Access-Control-Allow-Origin": {"https://a.example", "https://a.example"}}, false, false},
		{"any", 200, allow("Access-Control-Allow-Origin", "*", "Access-Control-Allow-Credentials", "true"), true, false},
		{"method", 200, allow("Access-Control-Allow-Methods", "put"), false, false},
		{"any method", 200, allow("Access-Control-Allow-Methods", "*", "Access-Control-Allow-Credentials", "true"), true, false},
		{"header", 200, allow("Access-Control-Allow-Headers", "x-a"), false, false},
	} {
		v := judge(&wireRequest{Method: http.MethodOptions, Headers: preflight}, tt.status, tt.header)
		assert.Equal(t, [2]bool{tt.without, tt.with}, v.granted, tt.name)
		assert.Equal(t, [2]bool{}, v.readable, tt.name)
	}
	assert.Equal(t, verdict{}, judge(&wireRequest{Method: http.MethodGet}, 200, allow()))
}

func TestRawRequest(t *testing.T) {
	assert.Equal(t, "POST /a?b=c HTTP/1.1\r\nhost: api.example.test\r\nconnection: close\r\nx-a: 1\r\ncontent-length: 2\r\n\r\n{}",
		string(rawRequest(&wireRequest{Method: "POST", Path: "/a?b=c", Framing: "length", Headers: map[string][]string{"x-a": {"1"}}, wireBody: wireBody{Text: "{}"}})))
	assert.Equal(t, "POST / HTTP/1.1\r\nhost: api.example.test\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n1\r\n[\r\n2\r\n1]\r\n0\r\n\r\n",
		string(rawRequest(&wireRequest{Method: "POST", Path: "/", Framing: "chunked", wireBody: wireBody{Base64: []byte("[1]")}})))
}

func TestDuplicate(t *testing.T) {
	for body, want := range map[string]string{
		`{"a":1,"a":2}`: "a", `[{"x":{"y":1,"y":2}}]`: "y", `{"a":{"a":1},"b":["a","a"]}`: "", `{"a":"b","b":"a"}`: "", `[1,`: "", `{"a":[],"a":1`: "a",
	} {
		assert.Equal(t, want, duplicate([]byte(body)), body)
	}
}

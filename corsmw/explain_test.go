package corsmw_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/hipflask/hipflask/corsmw"
)

func TestExplain(t *testing.T) {
	list := corsmw.Config{
		AllowOrigins: []string{"https://example.com", "http://localhost:3000", "https://*.example.org"},
		AllowMethods: []string{"PUT", "PATCH"}, AllowHeaders: []string{"X-A"},
	}
	everybody := corsmw.Config{AllowOrigins: []string{"*"}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}}
	function := corsmw.Config{
		AllowOrigins:    []string{"https://example.com"},
		AllowOriginFunc: func(_ *http.Request, origin string) bool { return origin == "https://known.example" },
		VaryOn:          []string{"Origin"},
	}
	const example = "https://example.com"
	const mib = 1 << 20

	tests := []struct {
		name    string
		config  corsmw.Config
		request *http.Request
		want    string
	}{
		{"no origin", list, request("GET"), `request allowed: no Origin header, so CORS does not apply`},
		{"listed", list, request("GET", "Origin: "+example), `request allowed: AllowOrigins has "https://example.com"`},
		{"pattern", list, request("GET", "Origin: https://a.example.org"), `request allowed: AllowOrigins has "https://*.example.org"`},
		{"everybody", everybody, request("GET", "Origin: null"), `request allowed: AllowOrigins has "*"`},
		{"function", function, request("GET", "Origin: https://known.example"), `request allowed: AllowOriginFunc allows "https://known.example"`},
		{"function refuses", function, request("GET", "Origin: https://evil.example"),
			`request refused: origin "https://evil.example" is neither in AllowOrigins nor allowed by AllowOriginFunc`},
		{"cookies", list, request("GET", "Origin: "+example, "Cookie: a=b"), `request allowed: AllowOrigins has "https://example.com"; ` +
			`it has cookies, and browsers show the answer to a request with credentials only with AllowCredentials`},
		{"evil", list, request("GET", "Origin: https://evil.example"), `request refused: origin "https://evil.example" is not in AllowOrigins`},
		{"null", list, request("GET", "Origin: null"),
			`request refused: origin "null" is not in AllowOrigins; it comes from a sandboxed frame, a local file or a redirect`},
		{"slash", list, request("GET", "Origin: https://example.com/"),
			`request refused: origin "https://example.com/" is not in AllowOrigins; no browser sends it: an origin has no path`},
		{"asterisk", list, request("GET", "Origin: https://*.example.com"),
			`request refused: origin "https://*.example.com" is not in AllowOrigins; no browser sends it: "*" is for policies`},
		{"scheme", list, request("GET", "Origin: http://example.com"),
			`request refused: origin "http://example.com" is not in AllowOrigins; "https://example.com" has another scheme`},
		{"port", list, request("GET", "Origin: http://localhost:5173"),
			`request refused: origin "http://localhost:5173" is not in AllowOrigins; "http://localhost:3000" has another port`},
		{"below", list, request("GET", "Origin: https://www.example.com"),
			`request refused: origin "https://www.example.com" is not in AllowOrigins; "https://example.com" does not stand for the hosts below it`},
		{"above", list, request("GET", "Origin: https://example.org"),
			`request refused: origin "https://example.org" is not in AllowOrigins; "https://*.example.org" stands for the hosts below that one`},
		{"below, scheme", list, request("GET", "Origin: http://a.example.org"),
			`request refused: origin "http://a.example.org" is not in AllowOrigins; "https://*.example.org" has another scheme`},
		{"below, port", list, request("GET", "Origin: https://a.example.org:8080"),
			`request refused: origin "https://a.example.org:8080" is not in AllowOrigins; "https://*.example.org" has another port`},
		{"own origin", list, request("POST", "Origin: https://api.example.net"), `request refused: origin "https://api.example.net" is not in AllowOrigins; ` +
			`it has the host of the request, and for the same origin browsers do not need CORS`},
		{"two origins", list, request("GET", "Origin: "+example, "Origin: "+example), `request refused: 2 Origin headers, and browsers send one`},
		{"OPTIONS alone", list, request("OPTIONS", "Origin: "+example), `request allowed: AllowOrigins has "https://example.com"`},

		{"preflight", list, preflightRequest(example, "PUT", "x-a"), `preflight allowed: AllowOrigins has "https://example.com"`},
		{"preflight, origin", list, preflightRequest("https://evil.example", "PUT"), `preflight refused: origin "https://evil.example" is not in AllowOrigins`},
		{"preflight, method", list, preflightRequest(example, "DELETE"), `preflight refused: method "DELETE" is not in AllowMethods`},
		{"preflight, case", list, preflightRequest(example, "patch"), `preflight refused: method "patch" is not in AllowMethods; "PATCH" is, and methods are case-sensitive`},
		{"preflight, case of the first", list, preflightRequest(example, "put"), `preflight refused: method "put" is not in AllowMethods; "PUT" is, and methods are case-sensitive`},
		{"preflight, two methods", list, request("OPTIONS", "Origin: "+example, "Access-Control-Request-Method: PUT", "Access-Control-Request-Method: PUT"),
			`preflight refused: 2 Access-Control-Request-Method headers, and browsers send one`},
		{"preflight, header", list, preflightRequest(example, "PUT", "x-a, x-evil"), `preflight refused: header "x-evil" is not in AllowHeaders`},
		{"preflight, authorization", everybody, preflightRequest(example, "POST", "authorization"),
			`preflight refused: header "authorization" is not included in "*": AllowHeaders must list it beside that`},

		{"preflight, no header name", everybody, preflightRequest(example, "POST", "a b"), `preflight refused: "a b" is not the name of a header`},
		{"preflight, no method", everybody, preflightRequest(example, "PUT, PATCH"), `preflight refused: "PUT, PATCH" is not a method`},

		{"L01 origin", list, request("GET", "Origin: https://a\x1b[31m\u2028\"\nx"), `request refused: origin "https://a\x1b[31m\u2028\"\nx" is not in AllowOrigins; no browser sends it: ` +
			`an entry is one origin, without white space`},
		{"L01 long origin", list, request("GET", "Origin: https://"+strings.Repeat("a", mib)), `request refused: origin "https://` + strings.Repeat("a", 92) +
			`"… (1048584 bytes) is not in AllowOrigins; no browser sends it: the host is too long`},
		{"L01 longest method", list, preflightRequest(example, strings.Repeat("P", 100)), `preflight refused: method "` + strings.Repeat("P", 100) + `" is not in AllowMethods`},
		{"L01 long method", list, preflightRequest(example, strings.Repeat("P", mib)), `preflight refused: method "` + strings.Repeat("P", 100) + `"… (1048576 bytes) is not in AllowMethods`},
		{"L01 long list", list, preflightRequest(example, "PUT", strings.Repeat("x", mib)), `preflight refused: Access-Control-Request-Headers is longer than AllowHeaders can make it`},
		{"L01 header", list, preflightRequest(example, "PUT", "x\x00\xff"), `preflight refused: header "x\x00\xff" is not in AllowHeaders`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := corsmw.Must(corsmw.New(test.config))
			before := test.request.Header.Clone()
			decision := m.Explain(test.request)
			assert.Equal(t, test.want, decision.String())
			assert.Equal(t, before, test.request.Header)

			// What is said is what is done.
			w := httptest.NewRecorder()
			assert.Equal(t, decision.Preflight, m.Apply(w, test.request))
			if test.request.Header["Origin"] != nil {
				assert.Equal(t, decision.Allowed, w.Header()["Access-Control-Allow-Origin"] != nil)
			}
		})
	}
}

// The function is asked once.
func TestExplainAsksOnce(t *testing.T) {
	asked := 0
	m := corsmw.Must(corsmw.New(corsmw.Config{
		AllowOriginFunc: func(*http.Request, string) bool { asked++; return true }, VaryOn: []string{"Origin"},
	}))
	assert.True(t, m.Explain(preflightRequest("https://example.com", "GET")).Allowed)
	assert.Equal(t, 1, asked)
}

func TestExplainRoutes(t *testing.T) {
	routes := corsmw.Must(corsmw.NewRoutes(map[string]corsmw.Config{"PUT /items/{id}": {AllowOrigins: []string{"https://example.com"}}}))
	assert.Equal(t, `preflight to "PUT /items/{id}" refused: method "PUT" is not in AllowMethods`,
		routes.Explain(at(preflightRequest("https://example.com", "PUT"), "/items/1")).String())
	assert.Equal(t, `request refused: there is no policy, so no CORS header is added`,
		routes.Explain(at(request("GET", "Origin: https://example.com"), "/items/1")).String())
}

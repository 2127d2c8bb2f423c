package corsmw_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/corsmw"
)

// The model is the Fetch standard and the documentation of Config once more, slowly and with other means: regular expressions for origins,
// sets of strings for lists, no work done in advance, and no thought of cost.

// modelAllows reports whether an entry of AllowOrigins allows an origin.
func modelAllows(entry, origin string) bool {
	if entry == "*" {
		return true
	}
	scheme, rest, _ := strings.Cut(entry, "://")
	expression := "^" + regexp.QuoteMeta(scheme) + "://("
	if below, ok := strings.CutPrefix(rest, "*."); ok {
		expression += `(?:[a-z0-9_-]+\.)+`
		rest = below
	}
	if host, ok := strings.CutSuffix(rest, ":*"); ok {
		expression += regexp.QuoteMeta(host) + `)(?::([1-9][0-9]*))?`
	} else if i := strings.LastIndex(rest, ":"); i >= 0 && !strings.HasSuffix(rest, "]") {
		expression += regexp.QuoteMeta(rest[:i]) + ")" + regexp.QuoteMeta(rest[i:]) + "()"
	} else {
		expression += regexp.QuoteMeta(rest) + ")()"
	}
	match := regexp.MustCompile(expression + "$").FindStringSubmatch(origin)
	if match == nil || len(match[1]) > 253 {
		return false
	}
	if match[2] != "" {
		port, err := strconv.Atoi(match[2])
		standard := scheme == "http" && port == 80 || scheme == "https" && port == 443
		return err == nil && port <= 65535 && !standard
	}
	return true
}

// modelNames returns the names that a list of field lines has, in lower case.
func modelNames(lines []string) map[string]bool {
	names := make(map[string]bool)
	for _, name := range strings.Split(strings.Join(lines, ","), ",") {
		if name = strings.ToLower(strings.Trim(name, " \t")); name != "" {
			names[name] = true
		}
	}
	return names
}

var modelToken = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

// modelAnswer returns what a middleware with a valid config must do: whether the handler runs, and if not, the status; and all headers.
func modelAnswer(c corsmw.Config, r *http.Request, outer http.Header) (handler bool, status int, h http.Header) {
	h = outer.Clone()
	origins, methods, asked := r.Header["Origin"], r.Header["Access-Control-Request-Method"], r.Header["Access-Control-Request-Headers"]
	everybody := slices.Contains(c.AllowOrigins, "*")

	originAllowed := everybody
	if len(origins) == 1 {
		for _, entry := range c.AllowOrigins {
			originAllowed = originAllowed || modelAllows(entry, origins[0])
		}
		if c.AllowOriginFunc != nil && modelSerialized(origins[0]) {
			originAllowed = originAllowed || c.AllowOriginFunc(r, origins[0])
		}
	}
	addVary := func(names ...string) {
		missing := false
		for _, name := range names {
			missing = missing || !modelNames(h["Vary"])[strings.ToLower(name)]
		}
		if missing && !modelNames(h["Vary"])["*"] {
			h.Add("Vary", strings.Join(names, ", "))
		}
	}
	setOrigin := func() {
		h.Set("Access-Control-Allow-Origin", "*")
		if !everybody {
			h.Set("Access-Control-Allow-Origin", origins[0])
		}
		if c.AllowCredentials {
			h.Set("Access-Control-Allow-Credentials", "true")
		}
	}

	vary := []string{"Origin"}
	for _, name := range modelUnique(c.VaryOn) {
		if !strings.EqualFold(name, "Origin") {
			vary = append(vary, name)
		}
	}

	if r.Method != "OPTIONS" || len(origins) == 0 || len(methods) == 0 {
		if !everybody {
			addVary(vary...)
		}
		if originAllowed {
			setOrigin()
			if exposed := modelUnique(c.ExposeHeaders); slices.Contains(exposed, "*") {
				h.Set("Access-Control-Expose-Headers", "*")
			} else if len(exposed) > 0 {
				h.Set("Access-Control-Expose-Headers", strings.Join(exposed, ","))
			}
		}
		return true, 200, h
	}

	vary = append(vary, "Access-Control-Request-Method", "Access-Control-Request-Headers")
	if c.AllowPrivateNetwork {
		vary = append(vary, "Access-Control-Request-Private-Network")
	}
	addVary(vary...)
	anyMethod, anyHeader := slices.Contains(c.AllowMethods, "*"), slices.Contains(c.AllowHeaders, "*")
	listed := modelNames(c.AllowHeaders)

	methodAllowed := len(methods) == 1 && (slices.Contains([]string{"GET", "HEAD", "POST"}, methods[0]) || slices.Contains(c.AllowMethods, methods[0]) ||
		anyMethod && modelToken.MatchString(methods[0]) && len(methods[0]) <= 64)
	if methods[0] == "*" && !anyMethod {
		methodAllowed = false
	}
	headersAllowed := true
	for name := range modelNames(asked) {
		switch {
		case anyHeader:
			headersAllowed = headersAllowed && modelToken.MatchString(name) && (name != "authorization" || c.AllowCredentials || listed["authorization"])
		default:
			headersAllowed = headersAllowed && listed[name]
		}
	}
	maxLines, maxBytes := 64, 4096
	if !anyHeader {
		maxLines, maxBytes = 16+len(listed), 256
		for name := range listed {
			maxBytes += len(name) + 2
		}
	}
	headersAllowed = headersAllowed && len(asked) <= maxLines && len(strings.Join(asked, "")) <= maxBytes

	if !originAllowed || !methodAllowed || !headersAllowed {
		return false, 403, h
	}
	setOrigin()
	switch {
	case anyMethod && c.AllowCredentials:
		h.Set("Access-Control-Allow-Methods", methods[0])
	case anyMethod:
		h.Set("Access-Control-Allow-Methods", "*")
	case len(c.AllowMethods) > 0:
		var list []string
		for _, method := range c.AllowMethods {
			if !slices.Contains(list, method) {
				list = append(list, method)
			}
		}
		h.Set("Access-Control-Allow-Methods", strings.Join(list, ","))
	}
	if len(asked) > 0 {
		var list []string
		for name := range listed {
			list = append(list, name)
		}
		slices.Sort(list)
		switch {
		case anyHeader && c.AllowCredentials:
			h["Access-Control-Allow-Headers"] = asked
		case anyHeader && listed["authorization"]:
			h.Set("Access-Control-Allow-Headers", "*,authorization")
		case anyHeader:
			h.Set("Access-Control-Allow-Headers", "*")
		case len(list) > 0:
			h.Set("Access-Control-Allow-Headers", strings.Join(list, ","))
		}
	}
	if c.MaxAge > 0 {
		h.Set("Access-Control-Max-Age", strconv.Itoa(c.MaxAge))
	} else if c.MaxAge < 0 {
		h.Set("Access-Control-Max-Age", "0")
	}
	if c.AllowPrivateNetwork && r.Header.Get("Access-Control-Request-Private-Network") == "true" {
		h.Set("Access-Control-Allow-Private-Network", "true")
	}
	if c.PreflightStatus != 0 {
		return false, c.PreflightStatus, h
	}
	return false, 204, h
}

// modelSerialized reports whether an origin has the form that browsers send. Of IPv6 addresses it knows one.
func modelSerialized(origin string) bool {
	match := regexp.MustCompile(`^([a-z][a-z0-9+.-]{0,63})://((?:[a-z0-9_-]+\.)*[a-z0-9_-]+\.?|\[::1\])(?::([1-9][0-9]{0,4}))?$`).FindStringSubmatch(origin)
	if match == nil || len(match[2]) > 253 {
		return false
	}
	if regexp.MustCompile(`(^|\.)[0-9]+\.?$`).MatchString(match[2]) && net.ParseIP(match[2]) == nil {
		return false
	}
	port, _ := strconv.Atoi(match[3])
	return port <= 65535 && !(match[1] == "http" && port == 80) && !(match[1] == "https" && port == 443)
}

func modelUnique(names []string) (list []string) {
	for _, name := range names {
		if !slices.ContainsFunc(list, func(other string) bool { return strings.EqualFold(name, other) }) {
			list = append(list, name)
		}
	}
	return list
}

// compare checks one request against the model, against the browser's algorithms, and against Explain.
func compare(t *testing.T, config corsmw.Config, m *corsmw.Middleware, r *http.Request, outer http.Header) {
	t.Helper()
	handler, status, want := modelAnswer(config, r, outer)

	w := httptest.NewRecorder()
	for name, values := range outer {
		w.Header()[name] = slices.Clone(values)
	}
	ran := false
	m.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { ran = true })).ServeHTTP(w, r)
	what := fmt.Sprintf("config %+v\n%s %.3000q", config, r.Method, r.Header)
	if handler != ran || status != w.Code || !assert.ObjectsAreEqual(want, w.Header()) {
		t.Fatalf("%s\nhandler: want %t, got %t\nstatus: want %d, got %d\nheader: want %q\n        got  %q", what, handler, ran, status, w.Code, want, w.Header())
	}

	// What Explain says is what has been done.
	decision := m.Explain(r)
	require.Equal(t, decision.Preflight, !ran, what)
	require.Equal(t, decision.Allowed, len(r.Header["Origin"]) == 0 || w.Header()["Access-Control-Allow-Origin"] != nil, what)
	// The browser comes to the same conclusion, if the request is one that a browser can send.
	if len(r.Header["Origin"]) == 1 {
		a := answer{w.Code, w.Header(), ran}
		check := passesCORSCheck
		if decision.Preflight {
			check = passesPreflightCheck
		}
		require.Equal(t, decision.Allowed, check(a, r, config.AllowCredentials), what)
		if config.AllowCredentials && decision.Allowed {
			require.NotContains(t, config.AllowOrigins, "*", what)
		}
	}
}

// TestModel compares random policies and requests with the model. Words are few, so that policies and requests meet.
func TestModel(t *testing.T) {
	n := 8000
	if raceEnabled || testing.Short() {
		n = 2000
	}
	random := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	several := func(most int, word func() string) (list []string) {
		for range random.IntN(most + 1) {
			list = append(list, word())
		}
		return list
	}
	host := func() string {
		return pick("", "a.", "b.", "a.b.", "c-1.") + pick("example.com", "example.org", "localhost", "example.com.", "example.co.uk", "xn--bcher-kva.example", "127.0.0.1", "[::1]")
	}
	entry := func() string {
		return pick("https", "http", "https", "tauri") + "://" + pick("", "", "*.") + host() + pick("", "", ":*", ":8080", ":3000")
	}
	origin := func() string {
		o := pick("https", "http", "https", "tauri") + "://" + pick("", "", "x.", "x.y.", ".", "_.", "x/", "x@") + host() +
			pick("", "", ":8080", ":3000", ":0", ":80", ":443", ":65535", ":65536", ":08080", ":", ":1x", ".", "/")
		return pick(o, o, o, o, strings.ToUpper(o), "null", "", "*", " "+o, strings.Repeat("a", 300)+o)
	}
	method := func() string { return pick("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "Purge", "*") }
	name := func() string {
		return pick("X-A", "x-b", "Authorization", "Content-Type", "X-Long-Name-Of-A-Header", "*")
	}
	line := func() string {
		var names []string
		for range random.IntN(5) {
			names = append(names, pick("", " ", "\t", "")+pick(strings.ToLower(name()), strings.ToLower(name()), name(), "", "x-evil")+pick("", "", " "))
		}
		return strings.Join(names, ",") + pick("", "", "", "", strings.Repeat(pick(",", " ", "x-b,"), random.IntN(300)))
	}

	valid := 0
	for range n {
		config := corsmw.Config{
			AllowOrigins: several(4, entry), AllowMethods: several(3, method), AllowHeaders: several(4, name), ExposeHeaders: several(2, name),
			AllowCredentials: random.IntN(2) == 0, MaxAge: random.IntN(4) - 1,
			DangerouslyAllowInsecureOrigins: true, DangerouslyAllowPublicSuffixes: true,
		}
		if random.IntN(8) == 0 {
			config.AllowOrigins = append(config.AllowOrigins, "*")
		}
		if random.IntN(4) == 0 {
			config.AllowOriginFunc = func(r *http.Request, origin string) bool {
				return r.Header.Get("X-Tenant") == "1" || strings.Contains(origin, "org")
			}
			config.VaryOn = append(several(2, func() string { return pick("origin", "x-tenant", "Accept") }), "X-Tenant")
		}
		if random.IntN(4) == 0 {
			config.AllowPrivateNetwork, config.PreflightStatus = true, 200+random.IntN(100)
		}
		m, err := corsmw.New(config)
		if err != nil {
			continue
		}
		valid++
		for range 5 {
			r := request(pick("OPTIONS", "OPTIONS", "OPTIONS", "GET", "PUT", "options"))
			allowed := func() string {
				// Often an origin that is close to one of the policy.
				if len(config.AllowOrigins) == 0 || random.IntN(3) == 0 {
					return origin()
				}
				o := pick(config.AllowOrigins...)
				o = strings.Replace(o, "*.", pick("x.", "x.y.", "", "X."), 1)
				return strings.Replace(o, ":*", pick("", ":1", ":65535", ":080", ":80", ":443"), 1)
			}
			for range min(1, random.IntN(10)) + random.IntN(10)/9 {
				r.Header.Add("Origin", allowed())
			}
			for range min(1, random.IntN(10)) + random.IntN(10)/9 {
				r.Header.Add("Access-Control-Request-Method", method())
			}
			for range random.IntN(3) + random.IntN(20)/19*70 {
				r.Header.Add("Access-Control-Request-Headers", line())
			}
			r.Header.Set("X-Tenant", pick("1", "2"))
			if random.IntN(2) == 0 {
				r.Header.Set("Access-Control-Request-Private-Network", pick("true", "true", "false", "TRUE"))
			}
			outer := http.Header{}
			for range random.IntN(3) {
				outer.Add("Vary", pick("Accept, X-Tenant", "Accept", "origin, Accept", "*", "Access-Control-Request-Method, Access-Control-Request-Headers"))
			}
			compare(t, config, m, r, outer)
		}
	}
	assert.Greater(t, valid, n/10, "too few of the policies are valid")
	t.Logf("%d policies, %d valid", n, valid)
}

// FuzzModel compares whatever the fuzzer comes up with with the model. Lists are given with a line for each entry.
func FuzzModel(f *testing.F) {
	split := func(s string) []string {
		if s == "" {
			return nil
		}
		return strings.Split(s, "\n")
	}
	f.Add("https://example.com\nhttps://*.example.org:*", "PUT\nPATCH", "X-A\nAuthorization", "X-T", true, 600, "OPTIONS", "https://a.example.org:8080", "PUT", "x-a, authorization", "Accept")
	f.Add("http://localhost:*\nhttp://[::1]:3000", "*", "*", "*", false, -1, "OPTIONS", "http://localhost:5173", "PURGE", "x-z\nx-y", "")
	f.Add("*", "*", "*\nauthorization", "*", false, 0, "GET", "null", "", "", "Origin")
	f.Add("https://*.example.com.", "", "", "", true, 0, "OPTIONS", "https://x.example.com.", "GET", ",,", "*")
	f.Add("https://*.a.example\nhttps://*.example", "GET", "x-b\nX-B", "x\nX", false, 1, "OPTIONS", "https://b.a.example\nhttps://b", "GET\nPUT", "x-b", "Vary")
	f.Fuzz(func(t *testing.T, origins, methods, headers, expose string, credentials bool, maxAge int, method, origin, requestMethod, requestHeaders, vary string) {
		config := corsmw.Config{
			AllowOrigins: split(origins), AllowMethods: split(methods), AllowHeaders: split(headers), ExposeHeaders: split(expose), AllowCredentials: credentials, MaxAge: maxAge,
			DangerouslyAllowInsecureOrigins: true, DangerouslyAllowPublicSuffixes: true,
		}
		m, err := corsmw.New(config)
		if err != nil {
			require.Nil(t, m)
			for _, fault := range faults(t, err) {
				require.NotEmpty(t, fault.Field)
				require.NotEmpty(t, fault.Reason)
				require.NotEmpty(t, fault.Mend)
			}
			return
		}
		again, err := corsmw.New(m.Config())
		require.NoError(t, err)
		require.Equal(t, m.Config(), again.Config())

		r := request(method)
		for name, values := range map[string]string{"Origin": origin, "Access-Control-Request-Method": requestMethod, "Access-Control-Request-Headers": requestHeaders} {
			if values != "" {
				r.Header[name] = split(values)
			}
		}
		outer := http.Header{}
		if lines := split(vary); lines != nil && len(lines) <= 8 && len(vary) <= 256 {
			outer["Vary"] = lines
		}
		compare(t, config, m, r, outer)
		compare(t, config, again, r, outer)
	})
}

// FuzzOrigin looks at origins with the eyes of net/url: an entry that New takes is the scheme and the host of a URL, and an origin that a pattern lets through has
// a host that ends as the pattern does.
func FuzzOrigin(f *testing.F) {
	for _, origin := range []string{
		"https://example.com", "https://a.example.com", "https://a.example.com:8080", "https://evil.org/.example.com", "https://evil.org@a.example.com", "https://evil.org#.example.com",
		"https://evil.org\\.example.com", "http://[::1]:80", "null", "https://a..example.com", "https://.example.com", "https://a.example.com.", "https://a.example.com:",
	} {
		f.Add(origin)
	}
	pattern := corsmw.Must(corsmw.New(corsmw.Config{AllowOrigins: []string{"https://*.example.com:*"}}))
	f.Fuzz(func(t *testing.T, origin string) {
		if pattern.Explain(&http.Request{Header: http.Header{"Origin": {origin}}}).Allowed {
			u, err := url.Parse(origin)
			require.NoError(t, err)
			require.Equal(t, "https://"+u.Host, origin)
			require.True(t, strings.HasSuffix(u.Hostname(), ".example.com"), origin)
			require.False(t, strings.HasPrefix(u.Hostname(), "."), origin)
		}
		m, err := corsmw.New(corsmw.Config{AllowOrigins: []string{origin}})
		if err != nil || strings.Contains(origin, "*") {
			return
		}
		u, err := url.Parse(origin)
		require.NoError(t, err)
		require.Equal(t, u.Scheme+"://"+u.Host, origin)
		require.NotEmpty(t, u.Hostname())
		require.True(t, m.Explain(&http.Request{Header: http.Header{"Origin": {origin}}}).Allowed)
	})
}

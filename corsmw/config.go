package corsmw

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Config is a CORS policy. The zero Config is refused by [New]: it allows no origin, and "everybody" must be written down.
//
// Its JSON form has the names of the fields in snake case, max_age_seconds for MaxAge, and no AllowOriginFunc; a policy can be kept
// in a file.
type Config struct {
	// AllowOrigins lists who may read the answers. An entry is one of
	//
	//	https://example.com            this origin, byte for byte as browsers send it
	//	https://example.com:8443       with a port; the default port of http and https must be left out, as browsers do
	//	https://*.example.com          any host below example.com, one label or more; not example.com itself
	//	http://localhost:*             any port, or none
	//	https://*.example.com:*        both
	//	http://127.0.0.1, http://[::1] IP addresses, in the one form that browsers send
	//	tauri://localhost              any scheme
	//	*                              everybody; then no other entry is needed
	//
	// Nothing else is a pattern: no path, no regular expression, no "*" elsewhere. The number of entries does not change the cost of
	// a request. "null", the origin of sandboxed frames and local files alike, is refused: anybody can obtain it.
	AllowOrigins []string `json:"allow_origins,omitempty"`

	// AllowOriginFunc, if not nil, is asked about origins that AllowOrigins does not list, for origins that a database knows. It must
	// be safe for concurrent use. It is called with the Origin of the request, and only if that has the form that browsers
	// send: lower case, no path, not "null". It must not write to r. A panic passes through before anything is written.
	//
	// A function that returns true for origins it does not know opens the service to all sites; with AllowCredentials, to all sites in
	// the name of the user.
	AllowOriginFunc func(r *http.Request, origin string) bool `json:"-"`

	// VaryOn names the request headers that AllowOriginFunc looks at, for caches. It must be set together with it: to "Origin" if the
	// function looks at its second argument only.
	VaryOn []string `json:"vary_on,omitempty"`

	// AllowMethods lists the methods allowed beside GET, HEAD and POST, which the Fetch standard allows always; naming them does no
	// harm. Methods are case-sensitive. "*" is any method.
	//
	// QUERY (RFC 10008) is not a safelisted method and must be allowed here. fetch sends "query" in
	// lower case as it is, and the preflight fails. A QUERY with JSON also needs Content-Type in
	// AllowHeaders.
	AllowMethods []string `json:"allow_methods,omitempty"`

	// AllowHeaders lists the request headers allowed beside those that need no permission. Case does not matter. "*" is any header;
	// without AllowCredentials, it does not include Authorization, which must then be listed beside it
	// (https://fetch.spec.whatwg.org/#cors-non-wildcard-request-header-name).
	//
	// A preflight may ask for headers in any order and case, with repetitions, white space and empty elements, and on several
	// lines, as proxies do; but not with more than 256 bytes and 16 lines beyond the list, or 4096 bytes and 64 lines in all with
	// "*".
	AllowHeaders []string `json:"allow_headers,omitempty"`

	// ExposeHeaders lists the response headers that scripts can read, beside the seven that they always can
	// (https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name). "*" is any header, and needs AllowCredentials off.
	ExposeHeaders []string `json:"expose_headers,omitempty"`

	// AllowCredentials allows requests with cookies, TLS client certificates or HTTP authentication. It needs AllowOrigins without
	// "*".
	AllowCredentials bool `json:"allow_credentials,omitempty"`

	// MaxAge is for how many seconds a browser may remember the answer to a preflight: up to 86400. Zero sends nothing, and
	// browsers then take 5 seconds; -1 sends 0, which turns remembering off. Browsers have limits of their own, 7200 seconds for
	// Chromium.
	MaxAge int `json:"max_age_seconds,omitempty"`

	// PreflightStatus is the status of accepted preflights, 200 to 299. Zero is 204. Refused ones get 403.
	PreflightStatus int `json:"preflight_status,omitempty"`

	// AllowPrivateNetwork answers preflights that ask for Private Network Access. It is a legacy: Chromium, the only browser that ever
	// asked, has replaced it by a prompt to the user.
	AllowPrivateNetwork bool `json:"allow_private_network,omitempty"`

	// DangerouslyAllowInsecureOrigins allows origins of the scheme http together with AllowCredentials. Whoever controls the network
	// between the user and such an origin can then read answers in the user's name. The hosts localhost and *.localhost and
	// loopback addresses do not need it.
	DangerouslyAllowInsecureOrigins bool `json:"dangerously_allow_insecure_origins,omitempty"`

	// DangerouslyAllowPublicSuffixes allows, together with AllowCredentials, patterns like https://*.co.uk or https://*.github.io,
	// under which anybody can register a host. What counts is the list at https://publicsuffix.org, as of the version of
	// golang.org/x/net that the program is built with. Public suffixes deeper below a host are not noticed: https://*.amazonaws.com
	// is accepted, and includes those under s3.amazonaws.com.
	DangerouslyAllowPublicSuffixes bool `json:"dangerously_allow_public_suffixes,omitempty"`
}

// clone returns a deep copy.
func (c Config) clone() Config {
	c.AllowOrigins = slices.Clone(c.AllowOrigins)
	c.VaryOn = slices.Clone(c.VaryOn)
	c.AllowMethods = slices.Clone(c.AllowMethods)
	c.AllowHeaders = slices.Clone(c.AllowHeaders)
	c.ExposeHeaders = slices.Clone(c.ExposeHeaders)
	return c
}

// A ConfigError is one fault of a [Config]. All its fields are for people; only Field and Value are made to be compared.
type ConfigError struct {
	Pattern string // the pattern of the policy for [NewRoutes]; empty for [New]
	Field   string // the field of Config at fault: "AllowOrigins"
	Value   string // the value at fault as written in the policy, such as one entry of the list; empty if there is none
	Reason  string // what is wrong with it: "an origin has no path"
	Mend    string // what to write instead: `write "https://example.com"`
}

// Error returns all of it on one line, with the value quoted.
func (e *ConfigError) Error() string {
	var b strings.Builder
	b.WriteString("corsmw: ")
	if e.Pattern != "" {
		fmt.Fprintf(&b, "pattern %s: ", quote(e.Pattern))
	}
	b.WriteString(e.Field)
	if e.Value != "" {
		b.WriteString(" " + quote(e.Value))
	}
	b.WriteString(": " + e.Reason + "; " + e.Mend)
	return b.String()
}

// A policy is a Config made ready for requests. It never changes.
type policy struct {
	config Config // as [Middleware.Config] returns it

	origins        origins
	originFunc     func(*http.Request, string) bool
	methods        methods
	headers        headers
	credentials    bool
	privateNetwork bool

	// What goes into answers, and how many values at most, beside lines of Vary and requested headers.
	expose, maxAge            string
	vary, preflightVary       vary
	actualSize, preflightSize int
	preflightStatus           int
}

// newPolicy checks cfg and makes it ready. It collects faults in the order of Config's fields.
func newPolicy(cfg Config) (*policy, error) {
	cfg = cfg.clone()
	var f faults
	p := &policy{originFunc: cfg.AllowOriginFunc, credentials: cfg.AllowCredentials, privateNetwork: cfg.AllowPrivateNetwork}

	cfg.AllowOrigins, p.origins = f.origins(&cfg)
	cfg.VaryOn = f.varyOn(&cfg)
	cfg.AllowMethods, p.methods = f.methods(&cfg)
	cfg.AllowHeaders, p.headers = f.headers(&cfg)
	cfg.ExposeHeaders, p.expose = f.expose(&cfg)
	p.maxAge = f.maxAge(&cfg)
	p.preflightStatus = f.preflightStatus(&cfg)
	if len(f) > 0 {
		return nil, errors.Join(f...)
	}
	p.config = cfg

	names := []string{headerOrigin}
	for _, name := range cfg.VaryOn {
		if !strings.EqualFold(name, headerOrigin) {
			names = append(names, name)
		}
	}
	p.vary = newVary(names)
	names = append(slices.Clone(names), headerReqMethod, headerReqHeaders)
	if p.privateNetwork {
		names = append(names, headerReqPrivate)
	}
	p.preflightVary = newVary(names)

	p.actualSize = 1 + count(!p.origins.any, p.credentials, p.expose != "")
	p.preflightSize = 2 + count(p.credentials, p.methods.echo || p.methods.value != "", p.maxAge != "", p.privateNetwork)
	return p, nil
}

func newVary(names []string) vary {
	return vary{names, strings.Join(names, ", ")}
}

func count(conditions ...bool) (n int) {
	for _, c := range conditions {
		if c {
			n++
		}
	}
	return n
}

// faults collects what is wrong with a Config. Each method checks a field and returns it without redundant entries, and what
// requests need of it.
type faults []error

func (f *faults) add(field, value, reason, mend string) {
	*f = append(*f, &ConfigError{Field: field, Value: value, Reason: reason, Mend: mend})
}

const (
	fieldOrigins = "AllowOrigins"
	fieldVaryOn  = "VaryOn"
	fieldMethods = "AllowMethods"
	fieldHeaders = "AllowHeaders"
	fieldExpose  = "ExposeHeaders"
	fieldMaxAge  = "MaxAge"

	fieldPreflightStatus = "PreflightStatus"
)

func (f *faults) origins(cfg *Config) ([]string, origins) {
	everybody := slices.Contains(cfg.AllowOrigins, "*")
	switch {
	case everybody && cfg.AllowCredentials:
		// https://fetch.spec.whatwg.org/#cors-protocol-and-credentials. Echoing every origin instead would let any site act in
		// the name of the user.
		f.add(fieldOrigins, "*", "with AllowCredentials, browsers refuse the answer to everybody", "list the origins that you trust")
	case everybody && cfg.AllowOriginFunc != nil:
		f.add(fieldOrigins, "*", "everybody is allowed, so AllowOriginFunc is never asked", "drop one of the two")
	case len(cfg.AllowOrigins) == 0 && cfg.AllowOriginFunc == nil:
		f.add(fieldOrigins, "", "the policy allows no origin",
			`list the origins that you trust, such as "https://example.com", or write "*" for everybody`)
	}

	var patterns []pattern
	for _, entry := range cfg.AllowOrigins {
		if entry == "*" {
			continue
		}
		p, err := parsePattern(entry)
		if err != nil {
			f.add(fieldOrigins, entry, err.reason, err.mend)
			continue
		}
		if cfg.AllowCredentials && !cfg.DangerouslyAllowInsecureOrigins && p.insecure() {
			f.add(fieldOrigins, entry, "with AllowCredentials, the network between the user and an http origin can read answers in the user's name",
				"write "+quote(suggestion("https"+strings.TrimPrefix(entry, "http")))+", or set DangerouslyAllowInsecureOrigins")
		}
		if cfg.AllowCredentials && !cfg.DangerouslyAllowPublicSuffixes && p.publicSuffix() {
			f.add(fieldOrigins, entry, "anybody can register a host under "+quote(p.host)+" and, with AllowCredentials, read answers in the user's name",
				"write a host of yours after the \"*.\", or set DangerouslyAllowPublicSuffixes")
		}
		patterns = append(patterns, p)
	}
	if everybody {
		return []string{"*"}, origins{any: true}
	}
	patterns = withoutRedundant(patterns)
	var kept []string
	for _, p := range patterns {
		kept = append(kept, p.text)
	}
	return kept, newOrigins(patterns)
}

func (f *faults) varyOn(cfg *Config) []string {
	switch {
	case cfg.AllowOriginFunc == nil && len(cfg.VaryOn) > 0:
		f.add(fieldVaryOn, strings.Join(cfg.VaryOn, ", "), "without AllowOriginFunc, answers depend on no such header", "leave VaryOn out")
		return nil
	case cfg.AllowOriginFunc != nil && len(cfg.VaryOn) == 0:
		f.add(fieldVaryOn, "", "caches must know the request headers that AllowOriginFunc looks at",
			`list them, or write "Origin" if it looks at its second argument only`)
		return nil
	}
	for _, name := range cfg.VaryOn {
		switch {
		case name == "*":
			f.add(fieldVaryOn, name, `"*" would turn caches off`, "list the request headers that AllowOriginFunc looks at")
		case !isToken(name):
			f.add(fieldVaryOn, name, "not the name of a header", "write one name per entry, such as \"Origin\"")
		}
	}
	return withoutDuplicates(cfg.VaryOn, strings.ToLower)
}

func (f *faults) methods(cfg *Config) ([]string, methods) {
	for _, name := range cfg.AllowMethods {
		upper := strings.ToUpper(name)
		switch {
		case !isToken(name):
			f.add(fieldMethods, name, "not a method", "write one method per entry, such as \"PUT\"")
		case slices.Contains(forbiddenMethods, upper):
			f.add(fieldMethods, name, "browsers never send it (https://fetch.spec.whatwg.org/#forbidden-method)", "leave it out")
		case name != upper && slices.Contains(knownMethods, upper):
			f.add(fieldMethods, name, "methods are case-sensitive", "write "+quote(upper))
		}
	}
	if slices.Contains(cfg.AllowMethods, "*") {
		if cfg.AllowCredentials {
			return []string{"*"}, methods{any: true, echo: true}
		}
		return []string{"*"}, methods{any: true, value: "*"}
	}
	list := withoutDuplicates(cfg.AllowMethods, func(s string) string { return s })
	return list, methods{list: list, value: strings.Join(list, ",")}
}

func (f *faults) headers(cfg *Config) ([]string, headers) {
	for _, name := range cfg.AllowHeaders {
		switch {
		case !isToken(name):
			f.add(fieldHeaders, name, "not the name of a header", "write one name per entry, such as \"X-Request-Id\"")
		case forbiddenRequestHeader(name):
			f.add(fieldHeaders, name, "scripts cannot set it, so browsers never ask for it (https://fetch.spec.whatwg.org/#forbidden-request-header)", "leave it out")
		case hasPrefixFold(name, "access-control-"):
			f.add(fieldHeaders, name, "a header of the CORS protocol, not one that scripts send", "leave it out here and in the script")
		}
	}
	list := withoutDuplicates(cfg.AllowHeaders, strings.ToLower)
	if !slices.Contains(list, "*") {
		return list, newHeaders(list)
	}
	h := headers{any: true, maxLines: anyLines, maxBytes: anyBytes}
	auth := slices.IndexFunc(list, func(name string) bool { return strings.EqualFold(name, "Authorization") })
	switch {
	case cfg.AllowCredentials:
		h.echo, h.auth = true, true
		return []string{"*"}, h
	case auth >= 0:
		h.auth, h.value = true, "*,authorization"
		return []string{"*", list[auth]}, h
	default:
		h.value = "*"
		return []string{"*"}, h
	}
}

func (f *faults) expose(cfg *Config) ([]string, string) {
	for _, name := range cfg.ExposeHeaders {
		switch {
		case name == "*" && cfg.AllowCredentials:
			f.add(fieldExpose, name, `with AllowCredentials, browsers take "*" for a header of that name`, "list the headers")
		case !isToken(name):
			f.add(fieldExpose, name, "not the name of a header", "write one name per entry, such as \"X-Request-Id\"")
		case strings.EqualFold(name, "Set-Cookie"), strings.EqualFold(name, "Set-Cookie2"):
			f.add(fieldExpose, name, "browsers never show it to scripts (https://fetch.spec.whatwg.org/#forbidden-response-header-name)", "leave it out")
		}
	}
	list := withoutDuplicates(cfg.ExposeHeaders, strings.ToLower)
	if slices.Contains(list, "*") {
		list = []string{"*"}
	}
	return list, strings.Join(list, ",")
}

func (f *faults) maxAge(cfg *Config) string {
	const limit = 86400
	switch age := cfg.MaxAge; {
	case age == 0:
		return ""
	case age == -1:
		return "0"
	case age < -1 || age > limit:
		f.add(fieldMaxAge, strconv.Itoa(age), "not a number of seconds that a browser accepts", "write 1 to 86400, -1 for \"do not remember\", or leave it out")
		return ""
	default:
		return strconv.Itoa(age)
	}
}

func (f *faults) preflightStatus(cfg *Config) int {
	switch status := cfg.PreflightStatus; {
	case status == 0:
		return http.StatusNoContent
	case status < 200 || status > 299:
		f.add(fieldPreflightStatus, strconv.Itoa(status), "browsers take any status outside 200 to 299 for a refusal", "write 200, or leave it out for 204")
		return 0
	default:
		return status
	}
}

// withoutDuplicates returns list without the entries whose key has been there before. An empty result is nil.
func withoutDuplicates(list []string, key func(string) string) []string {
	var kept []string
	seen := make(map[string]bool, len(list))
	for _, entry := range list {
		if k := key(entry); !seen[k] {
			seen[k] = true
			kept = append(kept, entry)
		}
	}
	return kept
}

// quote returns s in quotes with everything that is not printable ASCII escaped, and cut if it is long, so that it is safe in a log
// whoever sent it.
func quote(s string) string {
	const limit = 100
	if len(s) > limit {
		return strconv.QuoteToASCII(s[:limit]) + fmt.Sprintf("… (%d bytes)", len(s))
	}
	return strconv.QuoteToASCII(s)
}

package corsmw_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/corsmw"
)

// faults returns the faults that err joins.
func faults(t *testing.T, err error) (list []corsmw.ConfigError) {
	t.Helper()
	joined, ok := err.(interface{ Unwrap() []error })
	require.True(t, ok, "%v joins nothing", err)
	for _, err := range joined.Unwrap() {
		fault, ok := errors.AsType[*corsmw.ConfigError](err)
		require.True(t, ok, "%v is no ConfigError", err)
		list = append(list, *fault)
	}
	return list
}

// TestOriginFaults has an entry of AllowOrigins, what is wrong with it, and what to write instead.
func TestOriginFaults(t *testing.T) {
	const generic = `write "scheme://host" or "scheme://host:port"`
	const asterisk = `"*" stands only for hosts, as in "https://*.example.com", and for ports, as in "http://localhost:*"`
	tests := []struct{ entry, reason, mend string }{
		{"", "an empty entry", "leave the entry out"},
		{"null", "anybody can send it, from a sandboxed frame", `write "*" if the answers are for everybody`},
		{"example.com", "the scheme is missing", `write "https://example.com"`},
		{"//example.com", "the scheme is missing", `write "https://example.com"`},
		{"*.example.com", "the scheme is missing", `write "https://*.example.com"`},
		{"https:example.com", "the scheme is missing", generic},
		{"://example.com", "the scheme is missing", generic},
		{"https://example.com/", "an origin has no path", `write "https://example.com"`},
		{"https://example.com/*", "an origin has no path", `write "https://example.com"`},
		{"https:///path", "an origin has no path", generic},
		{"https://example.com?q", "an origin has no path", `write "https://example.com"`},
		{"https://example.com#f", "an origin has no path", `write "https://example.com"`},
		{"https://user@example.com", "an origin has no user", generic},
		{" https://example.com", "an entry is one origin, without white space", `write "https://example.com"`},
		{"https://example.com\n", "an entry is one origin, without white space", `write "https://example.com"`},
		{"https://a.example, https://b.example", "an entry is one origin, without white space", generic},
		{"https://a.example,https://b.example", "an entry is one origin, without white space", generic},
		{"HTTPS://example.com", "browsers send the scheme in lower case", `write "https://example.com"`},
		{"AZ://example.com", "browsers send the scheme in lower case", `write "az://example.com"`},
		{"https://A.example", "browsers send the host in lower case", `write "https://a.example"`},
		{"https://Z.example", "browsers send the host in lower case", `write "https://z.example"`},
		{"https://Example.com", "browsers send the host in lower case", `write "https://example.com"`},
		{"https://bücher.example", `browsers send hosts in ASCII, in the form "xn--..."`, generic},
		{"https://example.com:443", "browsers leave the default port out", `write "https://example.com"`},
		{"http://example.com:80", "browsers leave the default port out", `write "http://example.com"`},
		{"https://example.com:", "a port is a number from 1 to 65535", generic},
		{"https://example.com:0", "a port is a number from 1 to 65535", generic},
		{"https://example.com:99999", "a port is a number from 1 to 65535", generic},
		{"https://example.com:+80", "a port is a number from 1 to 65535", generic},
		{"https://example.com:8o80", "a port is a number from 1 to 65535", generic},
		{"https://example.com:080", "a port has no leading zero", generic},
		{"https://example.com:80:80", `not a host: it has ':'`, generic},
		{"https://example.com:80*", "a port is a number from 1 to 65535", generic},
		{"1http://example.com", `not a scheme: it has '1'`, generic},
		{"ht_tp://example.com", `not a scheme: it has '_'`, generic},
		{strings.Repeat("a", 65) + "://example.com", "the scheme is too long", generic},
		{"h*://example.com", asterisk, generic},
		{"*://example.com", asterisk, generic},
		{"file://example.com", `pages of this scheme have the origin "null"`, generic},
		{"data://x", `pages of this scheme have the origin "null"`, generic},
		{"ws://example.com", "WebSockets are opened by pages, whose scheme is http or https", `write "http://example.com"`},
		{"wss://example.com", "WebSockets are opened by pages, whose scheme is http or https", `write "https://example.com"`},
		{"https://", "the host is missing", generic},
		{"https://*.", "the host is missing", generic},
		{"https://:8080", "the host is missing", generic},
		{"https://*", `"*" needs a host behind it, as in "https://*.example.com"`, generic},
		{"https://example.*", asterisk, generic},
		{"https://*example.com", asterisk, generic},
		{"https://a.*.example.com", asterisk, generic},
		{"https://*.*.example.com", asterisk, generic},
		{"https://.*\\.example\\.com", asterisk, generic},
		{"https://exam\\ple.com", `not a host: it has '\\'`, generic},
		{"https://exam%20ple.com", `not a host: it has '%'`, generic},
		{"https://example..com", "the host has an empty label", generic},
		{"https://.example.com", "the host has an empty label", generic},
		{"https://*..example.com", "the host has an empty label", generic},
		{"https://example.com..", "the host has an empty label", generic},
		{"https://.", "the host has an empty label", generic},
		{"https://" + strings.Repeat("a.", 127) + "a", "the host is too long", generic},
		{"http://256.0.0.1", "an IPv4 address has four numbers from 0 to 255", generic},
		{"http://127.1", "an IPv4 address has four numbers from 0 to 255", generic},
		{"http://127.0.0.01", "an IPv4 address has four numbers from 0 to 255", generic},
		{"http://0x7f.0.0.0x1", "an IPv4 address has four numbers from 0 to 255", generic},
		{"http://127.0.0.1.", "an IPv4 address has four numbers from 0 to 255", generic},
		{"https://*.127.0.0.1", "no host is below an IP address", generic},
		{"https://*.[::1]", "no host is below an IP address", generic},
		{"http://[::1", `not an IPv6 address`, generic},
		{"http://[::1]x", `not an IPv6 address`, generic},
		{"http://[]", "not an IPv6 address", generic},
		{"http://[127.0.0.1]", "not an IPv6 address", generic},
		{"http://[fe80::1%25eth0]", "not an IPv6 address", generic},
		{"http://[0:0:0:0:0:0:0:1]:3000", "browsers send the compressed form of an IPv6 address", `write "http://[::1]:3000"`},
		{"http://[::FFFF:1.2.3.4]", "browsers send the compressed form of an IPv6 address", `write "http://[::ffff:102:304]"`},
	}
	for _, test := range tests {
		t.Run(test.entry, func(t *testing.T) {
			m, err := corsmw.New(corsmw.Config{AllowOrigins: []string{"https://good.example", test.entry}})
			assert.Nil(t, m)
			assert.Equal(t, []corsmw.ConfigError{{Field: "AllowOrigins", Value: test.entry, Reason: test.reason, Mend: test.mend}}, faults(t, err))
		})
	}
}

// TestFaults has the faults of all other fields, and of fields together.
func TestFaults(t *testing.T) {
	always := func(*http.Request, string) bool { return true }
	some := []string{"https://example.com"}
	type fault struct{ field, value, reason, mend string }
	const token = "write one name per entry, such as \"X-Request-Id\""
	suffix := func(entry, host string) fault {
		return fault{"AllowOrigins", entry, `anybody can register a host under "` + host + `" and, with AllowCredentials, read answers in the user's name`,
			`write a host of yours after the "*.", or set DangerouslyAllowPublicSuffixes`}
	}
	insecure := func(entry, better string) fault {
		return fault{"AllowOrigins", entry, "with AllowCredentials, the network between the user and an http origin can read answers in the user's name",
			`write "` + better + `", or set DangerouslyAllowInsecureOrigins`}
	}
	tests := []struct {
		name   string
		config corsmw.Config
		want   []fault
	}{
		{"zero", corsmw.Config{}, []fault{{"AllowOrigins", "", "the policy allows no origin",
			`list the origins that you trust, such as "https://example.com", or write "*" for everybody`}}},
		{"K01 everybody with credentials", corsmw.Config{AllowOrigins: []string{"*"}, AllowCredentials: true},
			[]fault{{"AllowOrigins", "*", "with AllowCredentials, browsers refuse the answer to everybody", "list the origins that you trust"}}},
		{"everybody and a function", corsmw.Config{AllowOrigins: []string{"*"}, AllowOriginFunc: always, VaryOn: []string{"Origin"}},
			[]fault{{"AllowOrigins", "*", "everybody is allowed, so AllowOriginFunc is never asked", "drop one of the two"}}},
		{"K11 public suffixes", corsmw.Config{AllowOrigins: []string{"https://*.co.uk", "https://*.github.io:*", "https://*.com.", "https://*.internal"}, AllowCredentials: true},
			[]fault{suffix("https://*.co.uk", "co.uk"), suffix("https://*.github.io:*", "github.io"), suffix("https://*.com.", "com."), suffix("https://*.internal", "internal")}},
		{"K11 public suffixes, one label below", corsmw.Config{AllowOrigins: []string{"https://*.kawasaki.jp", "https://*.ck", "https://*.compute.amazonaws.com."}, AllowCredentials: true},
			[]fault{suffix("https://*.kawasaki.jp", "kawasaki.jp"), suffix("https://*.ck", "ck"), suffix("https://*.compute.amazonaws.com.", "compute.amazonaws.com.")}},
		{"insecure", corsmw.Config{AllowOrigins: []string{"http://example.com", "http://*.example.com:8080", "http://192.0.2.1", "http://[2001:db8::1]:443"}, AllowCredentials: true},
			[]fault{insecure("http://example.com", "https://example.com"), insecure("http://*.example.com:8080", "https://*.example.com:8080"),
				insecure("http://192.0.2.1", "https://192.0.2.1"), insecure("http://[2001:db8::1]:443", "https://[2001:db8::1]")}},
		{"V05 function without VaryOn", corsmw.Config{AllowOriginFunc: always},
			[]fault{{"VaryOn", "", "caches must know the request headers that AllowOriginFunc looks at", `list them, or write "Origin" if it looks at its second argument only`}}},
		{"VaryOn without a function", corsmw.Config{AllowOrigins: some, VaryOn: []string{"X-A", "X-B"}},
			[]fault{{"VaryOn", "X-A, X-B", "without AllowOriginFunc, answers depend on no such header", "leave VaryOn out"}}},
		{"VaryOn", corsmw.Config{AllowOriginFunc: always, VaryOn: []string{"*", "X A"}},
			[]fault{{"VaryOn", "*", `"*" would turn caches off`, "list the request headers that AllowOriginFunc looks at"},
				{"VaryOn", "X A", "not the name of a header", `write one name per entry, such as "Origin"`}}},
		{"methods", corsmw.Config{AllowOrigins: some, AllowMethods: []string{"PU T", "", "PUT,PATCH", "CONNECT", "trace", "put", "Patch"}},
			[]fault{{"AllowMethods", "PU T", "not a method", `write one method per entry, such as "PUT"`},
				{"AllowMethods", "", "not a method", `write one method per entry, such as "PUT"`},
				{"AllowMethods", "PUT,PATCH", "not a method", `write one method per entry, such as "PUT"`},
				{"AllowMethods", "CONNECT", "browsers never send it (https://fetch.spec.whatwg.org/#forbidden-method)", "leave it out"},
				{"AllowMethods", "trace", "browsers never send it (https://fetch.spec.whatwg.org/#forbidden-method)", "leave it out"},
				{"AllowMethods", "put", "methods are case-sensitive", `write "PUT"`},
				{"AllowMethods", "Patch", "methods are case-sensitive", `write "PATCH"`}}},
		{"headers", corsmw.Config{AllowOrigins: some, AllowHeaders: []string{"X A", "", "X-Ä", "Cookie", "SEC-X", "Sec-", "proxy-authorization", "Access-Control-Allow-Origin"}},
			[]fault{{"AllowHeaders", "X A", "not the name of a header", token}, {"AllowHeaders", "", "not the name of a header", token}, {"AllowHeaders", "X-Ä", "not the name of a header", token},
				{"AllowHeaders", "Cookie", "scripts cannot set it, so browsers never ask for it (https://fetch.spec.whatwg.org/#forbidden-request-header)", "leave it out"},
				{"AllowHeaders", "SEC-X", "scripts cannot set it, so browsers never ask for it (https://fetch.spec.whatwg.org/#forbidden-request-header)", "leave it out"},
				{"AllowHeaders", "Sec-", "scripts cannot set it, so browsers never ask for it (https://fetch.spec.whatwg.org/#forbidden-request-header)", "leave it out"},
				{"AllowHeaders", "proxy-authorization", "scripts cannot set it, so browsers never ask for it (https://fetch.spec.whatwg.org/#forbidden-request-header)", "leave it out"},
				{"AllowHeaders", "Access-Control-Allow-Origin", "a header of the CORS protocol, not one that scripts send", "leave it out here and in the script"}}},
		{"K15 exposed headers", corsmw.Config{AllowOrigins: some, ExposeHeaders: []string{"*", "X T", "set-cookie", "Set-Cookie2"}, AllowCredentials: true},
			[]fault{{"ExposeHeaders", "*", `with AllowCredentials, browsers take "*" for a header of that name`, "list the headers"},
				{"ExposeHeaders", "X T", "not the name of a header", token},
				{"ExposeHeaders", "set-cookie", "browsers never show it to scripts (https://fetch.spec.whatwg.org/#forbidden-response-header-name)", "leave it out"},
				{"ExposeHeaders", "Set-Cookie2", "browsers never show it to scripts (https://fetch.spec.whatwg.org/#forbidden-response-header-name)", "leave it out"}}},
		{"K14 ages", corsmw.Config{AllowOrigins: some, MaxAge: 86401}, []fault{{"MaxAge", "86401", "not a number of seconds that a browser accepts",
			`write 1 to 86400, -1 for "do not remember", or leave it out`}}},
		{"negative age", corsmw.Config{AllowOrigins: some, MaxAge: -2}, []fault{{"MaxAge", "-2", "not a number of seconds that a browser accepts",
			`write 1 to 86400, -1 for "do not remember", or leave it out`}}},
		{"status", corsmw.Config{AllowOrigins: some, PreflightStatus: 302}, []fault{{"PreflightStatus", "302",
			"browsers take any status outside 200 to 299 for a refusal", "write 200, or leave it out for 204"}}},
		{"low status", corsmw.Config{AllowOrigins: some, PreflightStatus: 199}, []fault{{"PreflightStatus", "199",
			"browsers take any status outside 200 to 299 for a refusal", "write 200, or leave it out for 204"}}},
		{"all at once, in order", corsmw.Config{AllowOrigins: []string{"*", "null"}, AllowMethods: []string{"put"}, ExposeHeaders: []string{"*"}, AllowCredentials: true, MaxAge: -5},
			[]fault{{"AllowOrigins", "*", "with AllowCredentials, browsers refuse the answer to everybody", "list the origins that you trust"},
				{"AllowOrigins", "null", "anybody can send it, from a sandboxed frame", `write "*" if the answers are for everybody`},
				{"AllowMethods", "put", "methods are case-sensitive", `write "PUT"`},
				{"ExposeHeaders", "*", `with AllowCredentials, browsers take "*" for a header of that name`, "list the headers"},
				{"MaxAge", "-5", "not a number of seconds that a browser accepts", `write 1 to 86400, -1 for "do not remember", or leave it out`}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m, err := corsmw.New(test.config)
			assert.Nil(t, m)
			var got []fault
			for _, f := range faults(t, err) {
				got = append(got, fault{f.Field, f.Value, f.Reason, f.Mend})
			}
			assert.Equal(t, test.want, got)
		})
	}
}

// What looks like a fault and is none: the config comes back from Config, without what is redundant.
func TestAccepted(t *testing.T) {
	always := func(*http.Request, string) bool { return true }
	tests := []struct {
		name         string
		config, want corsmw.Config
	}{
		{"origins of all kinds", corsmw.Config{AllowOrigins: []string{
			"https://example.com", "https://example.com.", "https://_foo.example.com", "https://-a.example.com", "http://localhost:*", "https://*.example.org:*", "https://*.example.net:8443",
			"http://127.0.0.1:3000", "http://[::1]:3000", "http://[2001:db8::1]", "http://[::ffff:102:304]", "tauri://localhost", "chrome-extension://abcdefghijklmnop", "https://xn--bcher-kva.example",
			"https://1.example", "https://example.0xg", "https://*.dev", "app+x.y-z09://h:443",
		}}, corsmw.Config{}},
		{"local origins with credentials", corsmw.Config{AllowOrigins: []string{
			"http://localhost:*", "http://*.localhost", "http://127.1.2.3", "http://[::1]:8080", "https://*.app.localhost", "https://*.example.co.uk", "https://*.me.github.io", "https://*.city.kawasaki.jp", "https://*.example.foo.ck", "tauri://localhost",
		}, AllowCredentials: true}, corsmw.Config{}},
		{"danger", corsmw.Config{AllowOrigins: []string{"http://example.org", "http://*.com"}, AllowCredentials: true,
			DangerouslyAllowInsecureOrigins: true, DangerouslyAllowPublicSuffixes: true}, corsmw.Config{}},
		{"everybody", corsmw.Config{AllowOrigins: []string{"https://example.com", "*", "*"}}, corsmw.Config{AllowOrigins: []string{"*"}}},
		{"A30 overlaps", corsmw.Config{AllowOrigins: []string{"https://*.example.com", "https://a.example.com", "https://*.a.example.com", "https://example.com", "https://*.example.com"}},
			corsmw.Config{AllowOrigins: []string{"https://*.example.com", "https://example.com"}}},
		{"overlaps of ports", corsmw.Config{AllowOrigins: []string{
			"http://h.example:1", "http://h.example:*", "http://h.example", "https://h.example", "https://*.h.example:8080", "https://*.h.example:*", "https://a.h.example:8080",
			"https://b.h.example:*", "https://*.h.example", "http://*.h.example:*", "http://*.c.h.example:8080",
		}}, corsmw.Config{AllowOrigins: []string{"http://h.example:*", "https://h.example", "https://*.h.example:*", "http://*.h.example:*"}}},
		{"no overlap", corsmw.Config{AllowOrigins: []string{
			"https://*.example.com:8080", "https://a.example.com", "https://*.a.example.com:*", "http://b.example.com:8080", "https://aexample.com", "https://x.example.com.", "https://c.example.com:*",
		}}, corsmw.Config{}},
		{"duplicates", corsmw.Config{AllowOrigins: []string{"https://a.example", "https://a.example"}, AllowMethods: []string{"GET", "PUT", "GET"},
			AllowHeaders: []string{"X-A", "x-a"}, ExposeHeaders: []string{"X-T", "x-t"}},
			corsmw.Config{AllowOrigins: []string{"https://a.example"}, AllowMethods: []string{"GET", "PUT"}, AllowHeaders: []string{"X-A"}, ExposeHeaders: []string{"X-T"}}},
		{"wildcards", corsmw.Config{AllowOrigins: []string{"*"}, AllowMethods: []string{"PUT", "*"}, AllowHeaders: []string{"X-A", "*", "AUTHORIZATION"}, ExposeHeaders: []string{"X", "*"}},
			corsmw.Config{AllowOrigins: []string{"*"}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*", "AUTHORIZATION"}, ExposeHeaders: []string{"*"}}},
		{"wildcards with credentials", corsmw.Config{AllowOrigins: []string{"https://a.example"}, AllowMethods: []string{"*"}, AllowHeaders: []string{"Authorization", "*"}, AllowCredentials: true},
			corsmw.Config{AllowOrigins: []string{"https://a.example"}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}, AllowCredentials: true}},
		{"function", corsmw.Config{AllowOriginFunc: always, VaryOn: []string{"Origin", "X-Tenant"}, AllowCredentials: true}, corsmw.Config{}},
		{"custom methods", corsmw.Config{AllowOrigins: []string{"*"}, AllowMethods: []string{"Purge", "purge", "OPTIONS"}}, corsmw.Config{}},
		{"numbers", corsmw.Config{AllowOrigins: []string{"*"}, MaxAge: 86400, PreflightStatus: 299, AllowPrivateNetwork: true}, corsmw.Config{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m, err := corsmw.New(test.config)
			require.NoError(t, err)
			want := test.want
			if want.AllowOrigins == nil && want.AllowOriginFunc == nil {
				want = test.config
			}
			// Functions are not comparable.
			got := m.Config()
			assert.Equal(t, test.config.AllowOriginFunc == nil, got.AllowOriginFunc == nil)
			require.NoError(t, m.Reconfigure(got))
			again := m.Config()
			got.AllowOriginFunc, again.AllowOriginFunc, want.AllowOriginFunc = nil, nil, nil
			assert.Equal(t, want, got)
			assert.Equal(t, got, again)
		})
	}
}

// Config in JSON has the names of the vectors, and comes back as it was.
func TestConfigJSON(t *testing.T) {
	config := corsmw.Config{
		AllowOrigins: []string{"https://example.com"}, AllowMethods: []string{"PUT"}, AllowHeaders: []string{"X-A"}, ExposeHeaders: []string{"X-T"}, AllowCredentials: true, MaxAge: 600,
		PreflightStatus: 200, AllowPrivateNetwork: true, DangerouslyAllowInsecureOrigins: true, DangerouslyAllowPublicSuffixes: true, VaryOn: []string{"Origin"},
		AllowOriginFunc: func(*http.Request, string) bool { return true },
	}
	data, err := json.Marshal(config)
	require.NoError(t, err)
	assert.Equal(t, `{"allow_origins":["https://example.com"],"vary_on":["Origin"],"allow_methods":["PUT"],"allow_headers":["X-A"],"expose_headers":["X-T"],`+
		`"allow_credentials":true,"max_age_seconds":600,"preflight_status":200,"allow_private_network":true,`+
		`"dangerously_allow_insecure_origins":true,"dangerously_allow_public_suffixes":true}`, string(data))
	var back corsmw.Config
	require.NoError(t, json.Unmarshal(data, &back))
	config.AllowOriginFunc = nil
	assert.Equal(t, config, back)
}

func TestConfigErrorText(t *testing.T) {
	long := "https://" + strings.Repeat("a", 300) + "/\x1b[31m"
	_, err := corsmw.New(corsmw.Config{AllowOrigins: []string{long, "https://a.example/"}, MaxAge: -5})
	assert.EqualError(t, err, `corsmw: AllowOrigins "https://`+strings.Repeat("a", 92)+`"… (314 bytes): an origin has no path; write "scheme://host" or "scheme://host:port"
corsmw: AllowOrigins "https://a.example/": an origin has no path; write "https://a.example"
corsmw: MaxAge "-5": not a number of seconds that a browser accepts; write 1 to 86400, -1 for "do not remember", or leave it out`)
	assert.EqualError(t, &corsmw.ConfigError{Pattern: "/api/\n", Field: "AllowOrigins", Reason: "r", Mend: "m"}, `corsmw: pattern "/api/\n": AllowOrigins: r; m`)
}

package corsmw

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// Origins: what a policy may list, and which Origin headers match it.
//
// A browser serializes an origin in one way only (https://html.spec.whatwg.org/#ascii-serialisation-of-an-origin): scheme, "://",
// host, and the port unless it is the scheme's default; in lower case, hosts in punycode, IPv6 compressed. So a request is compared
// byte for byte, and a policy that says it in another way would never match: it is refused, with the right way in the error.

const (
	maxScheme = 64
	maxHost   = 253 // RFC 1035, section 2.3.4, without the length bytes
	maxOrigin = maxScheme + len("://") + maxHost + len(":65535")
)

// A pattern is an entry of Config.AllowOrigins.
type pattern struct {
	text    string
	scheme  string
	host    string // without the "*." of a pattern for the hosts below
	port    string // with its colon; empty for the default port
	below   bool   // "*." before the host
	anyPort bool   // ":*" after it
}

// exact reports whether only one origin matches.
func (p *pattern) exact() bool { return !p.below && !p.anyPort }

// insecure reports whether the network can pose as an origin that matches. Loopback does not leave the machine
// (https://w3c.github.io/webappsec-secure-contexts/#is-origin-trustworthy).
func (p *pattern) insecure() bool {
	if p.scheme != "http" || isLocalhost(p.host) {
		return false
	}
	ip, err := netip.ParseAddr(strings.Trim(p.host, "[]"))
	return err != nil || !ip.IsLoopback()
}

// publicSuffix reports whether anybody can register hosts that match.
func (p *pattern) publicSuffix() bool {
	if !p.below || isLocalhost(p.host) {
		return false
	}
	host := strings.TrimSuffix(p.host, ".")
	isSuffix := func(host string) bool {
		suffix, _ := publicsuffix.PublicSuffix(host)
		return suffix == host
	}
	// Of some hosts it is the hosts below that are public suffixes: the list has "*.kawasaki.jp", and nothing for kawasaki.jp.
	return isSuffix(host) || isSuffix("any."+host)
}

func isLocalhost(host string) bool {
	host = strings.TrimSuffix(host, ".")
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// A patternError says what is wrong with an entry of Config.AllowOrigins, and what to write instead.
type patternError struct{ reason, mend string }

// parsePattern reads an entry other than "*".
func parsePattern(text string) (pattern, *patternError) {
	p, reason := readPattern(text)
	if reason == "" {
		return p, nil
	}
	mend := `write "scheme://host" or "scheme://host:port"`
	if better := suggestion(text); better != "" {
		mend = "write " + quote(better)
	}
	switch text {
	case "null":
		mend = `write "*" if the answers are for everybody`
	case "":
		mend = "leave the entry out"
	}
	return pattern{}, &patternError{reason, mend}
}

func readPattern(text string) (p pattern, reason string) {
	p.text = text
	switch {
	case text == "":
		return p, "an empty entry"
	case text == "null":
		return p, "anybody can send it, from a sandboxed frame"
	case strings.ContainsAny(text, ", \t\r\n"):
		return p, "an entry is one origin, without white space"
	}
	for i := range len(text) {
		if text[i] >= 0x80 {
			return p, `browsers send hosts in ASCII, in the form "xn--..."`
		}
	}
	scheme, rest, found := strings.Cut(text, "://")
	if !found {
		return p, "the scheme is missing"
	}
	if reason := checkScheme(scheme); reason != "" {
		return p, reason
	}
	p.scheme = scheme
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		return p, "an origin has no path"
	}
	if strings.Contains(rest, "@") {
		return p, "an origin has no user"
	}

	host := rest
	if i := strings.LastIndexByte(rest, ':'); i > strings.LastIndexByte(rest, ']') {
		host, p.port = rest[:i], rest[i:]
		if p.port == ":*" {
			p.anyPort, p.port = true, ""
		} else if reason := checkPort(scheme, p.port[1:]); reason != "" {
			return p, reason
		}
	}
	p.host, p.below = strings.CutPrefix(host, "*.")
	if reason := checkHost(p.host); reason != "" {
		return p, reason
	}
	if p.below && isAddress(p.host) {
		return p, "no host is below an IP address"
	}
	return p, ""
}

// checkScheme returns what is wrong with a scheme (RFC 3986, section 3.1).
func checkScheme(scheme string) (reason string) {
	switch scheme {
	case "":
		return "the scheme is missing"
	case "about", "blob", "data", "file", "javascript":
		return `pages of this scheme have the origin "null"`
	case "ws", "wss":
		return "WebSockets are opened by pages, whose scheme is http or https"
	}
	if len(scheme) > maxScheme {
		return "the scheme is too long"
	}
	for i, c := range []byte(scheme) {
		switch {
		case 'a' <= c && c <= 'z':
		case i > 0 && ('0' <= c && c <= '9' || c == '+' || c == '-' || c == '.'):
		case 'A' <= c && c <= 'Z':
			return "browsers send the scheme in lower case"
		case c == '*':
			return `"*" stands only for hosts, as in "https://*.example.com", and for ports, as in "http://localhost:*"`
		default:
			return "not a scheme: it has " + strconv.QuoteRuneToASCII(rune(c))
		}
	}
	return ""
}

// checkPort returns what is wrong with a port, given without its colon.
func checkPort(scheme, port string) (reason string) {
	n, err := strconv.ParseUint(port, 10, 16)
	switch {
	case err != nil || n == 0 || port[0] == '+':
		return "a port is a number from 1 to 65535"
	case port[0] == '0':
		return "a port has no leading zero"
	case isDefaultPort(scheme, ":"+port):
		return "browsers leave the default port out"
	}
	return ""
}

func isDefaultPort(scheme, port string) bool {
	return scheme == "https" && port == ":443" || scheme == "http" && port == ":80"
}

// checkHost returns what is wrong with a host. Hosts are as browsers produce them (https://url.spec.whatwg.org/#host-parsing),
// narrowed to the bytes that names in the DNS have, with the underscore.
func checkHost(host string) (reason string) {
	switch {
	case host == "":
		return "the host is missing"
	case host == "*":
		return `"*" needs a host behind it, as in "https://*.example.com"`
	case len(host) > maxHost:
		return "the host is too long"
	case host[0] == '[':
		ip, err := netip.ParseAddr(strings.TrimSuffix(host[1:], "]"))
		if err != nil || !ip.Is6() || ip.Zone() != "" || !strings.HasSuffix(host, "]") {
			return "not an IPv6 address"
		}
		var buffer [64]byte
		if host != string(appendIPv6(buffer[:0], ip)) {
			return "browsers send the compressed form of an IPv6 address"
		}
		return ""
	}
	for _, c := range []byte(host) {
		switch {
		case hostByte[c]:
		case c == '*':
			return `"*" stands only for hosts, as in "https://*.example.com", and for ports, as in "http://localhost:*"`
		case 'A' <= c && c <= 'Z':
			return "browsers send the host in lower case"
		default:
			return "not a host: it has " + strconv.QuoteRuneToASCII(rune(c))
		}
	}
	if !isHost(strings.TrimSuffix(host, ".")) {
		return "the host has an empty label"
	}
	if isAddress(host) {
		// https://url.spec.whatwg.org/#concept-ipv4-parser takes 1.2.3 and 0x7f.1 as addresses, too, and writes all with four numbers.
		if ip, err := netip.ParseAddr(host); err != nil || !ip.Is4() {
			return "an IPv4 address has four numbers from 0 to 255"
		}
	}
	return ""
}

// isAddress reports whether host is, or would be, an IP address: in brackets, or with a number as its last label
// (https://url.spec.whatwg.org/#ends-in-a-number-checker).
func isAddress(host string) bool {
	if host[0] == '[' {
		return true
	}
	host = strings.TrimSuffix(host, ".")
	last := host[strings.LastIndexByte(host, '.')+1:]
	if strings.Trim(last, "0123456789") == "" {
		return true
	}
	hex, found := strings.CutPrefix(last, "0x")
	return found && strings.Trim(hex, "0123456789abcdef") == ""
}

// appendIPv6 follows https://url.spec.whatwg.org/#concept-ipv6-serializer, which has no dotted form for IPv4-mapped addresses.
func appendIPv6(b []byte, ip netip.Addr) []byte {
	if ip.Is4In6() {
		a := ip.As16()
		return fmt.Appendf(b, "[::ffff:%x:%x]", uint16(a[12])<<8|uint16(a[13]), uint16(a[14])<<8|uint16(a[15]))
	}
	return append(ip.AppendTo(append(b, '[')), ']')
}

// suggestion returns the pattern that text was probably meant to be, or an empty string.
func suggestion(text string) string {
	s := strings.ToLower(strings.TrimSpace(text))
	scheme, rest, found := strings.Cut(s, "://")
	if !found {
		scheme, rest = "https", strings.TrimLeft(s, ":/")
	}
	switch scheme {
	case "ws":
		scheme = "http"
	case "wss":
		scheme = "https"
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	if i := strings.LastIndexByte(rest, ':'); i >= 0 && isDefaultPort(scheme, rest[i:]) {
		rest = rest[:i]
	}
	if i := strings.IndexByte(rest, ']'); i > 0 && rest[0] == '[' {
		if ip, err := netip.ParseAddr(rest[1:i]); err == nil && ip.Is6() {
			rest = string(appendIPv6(nil, ip)) + rest[i+1:]
		}
	}
	s = scheme + "://" + rest
	if _, reason := readPattern(s); reason != "" {
		return ""
	}
	return s
}

// hostByte has the bytes of host names, the dot included.
var hostByte = func() (table [256]bool) {
	for c := byte('0'); c <= 'z'; c++ {
		table[c] = '0' <= c && c <= '9' || 'a' <= c && c <= 'z'
	}
	table['-'], table['_'], table['.'] = true, true, true
	return table
}()

// isHost reports whether s consists of labels that are not empty. No "/", "@", ":" or "%" comes through:
// "https://evil.org/.example.com" does not end in a host below example.com.
func isHost(s string) bool {
	label := false
	for i := range len(s) {
		switch c := s[i]; {
		case !hostByte[c]:
			return false
		case c != '.':
			label = true
		case !label:
			return false
		default:
			label = false
		}
	}
	return label
}

// cutPort splits host and port, which keeps its colon. It reports false for a port that no browser sends.
func cutPort(scheme, hostport string) (host, port string, ok bool) {
	for i := len(hostport) - 1; i >= 0 && i >= len(hostport)-len(":65535"); i-- {
		switch c := hostport[i]; {
		case '0' <= c && c <= '9':
		case c != ':':
			return hostport, "", true
		default:
			port := hostport[i:]
			// Ports of five digits are in order, as strings, like their numbers.
			ok := len(port) > 1 && port[1] != '0' && (len(port) < len(":65535") || port <= ":65535") && !isDefaultPort(scheme, port)
			return hostport[:i], port, ok
		}
	}
	return hostport, "", true
}

// serializedOrigin reports whether s is an origin as browsers send it, other than "null".
func serializedOrigin(s string) bool {
	if len(s) > maxOrigin {
		return false
	}
	p, reason := readPattern(s)
	return reason == "" && p.exact()
}

// origins decides about the Origin header.
type origins struct {
	any bool

	// Whole origins: a plain comparison for one, a hash (seeded per process) for more, so that neither their number nor their choice
	// changes the cost. Nothing longer than the longest is hashed.
	one     string
	many    map[string]struct{}
	longest int

	// Patterns: whole origins without their port, and the ends of origins, from a dot on, with the schemes that go with them. Ends of
	// belowAnyPort have no port. Only ends whose host has a number of dots that some pattern has are looked up.
	anyPort             map[string]struct{}
	below, belowAnyPort map[string][]string
	minDots, maxDots    int
}

func newOrigins(patterns []pattern) origins {
	var o origins
	for _, p := range patterns {
		switch {
		case p.below:
			end := "." + p.host
			dots := strings.Count(end, ".")
			if o.below == nil {
				o.below, o.belowAnyPort = make(map[string][]string), make(map[string][]string)
				o.minDots = dots
			}
			o.minDots, o.maxDots = min(o.minDots, dots), max(o.maxDots, dots)
			if p.anyPort {
				o.belowAnyPort[end] = append(o.belowAnyPort[end], p.scheme)
			} else {
				o.below[end+p.port] = append(o.below[end+p.port], p.scheme)
			}
		case p.anyPort:
			if o.anyPort == nil {
				o.anyPort = make(map[string]struct{})
			}
			o.anyPort[p.scheme+"://"+p.host] = struct{}{}
		default:
			if o.many == nil {
				o.many = make(map[string]struct{})
			}
			o.many[p.text] = struct{}{}
			o.one = p.text
			o.longest = max(o.longest, len(p.text))
		}
	}
	if len(o.many) == 1 {
		o.many = nil
	}
	return o
}

// allow reports whether a policy that does not allow everybody lists origin. It allocates nothing, and its cost is bounded whatever
// the length of origin.
func (o *origins) allow(origin string) bool {
	if o.many != nil {
		if len(origin) <= o.longest {
			if _, found := o.many[origin]; found {
				return true
			}
		}
	} else if origin == o.one && origin != "" {
		return true
	}
	return (o.below != nil || o.anyPort != nil) && o.match(origin)
}

// match reports whether origin matches a pattern.
func (o *origins) match(origin string) bool {
	if len(origin) > maxOrigin {
		return false
	}
	i := strings.Index(origin, "://")
	if i < 0 {
		return false
	}
	scheme, hostport := origin[:i], origin[i+len("://"):]
	host, port, ok := cutPort(scheme, hostport)
	if !ok || len(host) > maxHost {
		return false
	}
	if o.anyPort != nil {
		if _, found := o.anyPort[origin[:len(origin)-len(port)]]; found {
			return true
		}
	}
	if o.below == nil {
		return false
	}
	dots := 0
	for i := len(host) - 1; i > 0; i-- {
		if host[i] != '.' {
			continue
		}
		if dots++; dots < o.minDots {
			continue
		}
		if slices.Contains(o.below[hostport[i:]], scheme) || slices.Contains(o.belowAnyPort[host[i:]], scheme) {
			// The end comes from the policy; what is before it must be labels, too.
			return isHost(host[:i])
		}
		if dots == o.maxDots {
			return false
		}
	}
	return false
}

// withoutRedundant returns the patterns that no other one includes, in their order.
func withoutRedundant(patterns []pattern) []pattern {
	all := newOrigins(patterns)
	seen := make(map[string]bool, len(patterns))
	var kept []pattern
	for _, p := range patterns {
		if !seen[p.text] && !all.include(&p) {
			seen[p.text] = true
			kept = append(kept, p)
		}
	}
	return kept
}

// include reports whether another pattern than p matches whatever p matches.
func (o *origins) include(p *pattern) bool {
	if p.exact() {
		if _, found := o.anyPort[p.scheme+"://"+p.host]; found {
			return true
		}
	}
	host := p.host
	if p.below {
		host = "." + host
	}
	for i := range len(host) {
		if host[i] != '.' {
			continue
		}
		itself := p.below && i == 0
		if !(itself && p.anyPort) && slices.Contains(o.belowAnyPort[host[i:]], p.scheme) {
			return true
		}
		if !itself && !p.anyPort && slices.Contains(o.below[host[i:]+p.port], p.scheme) {
			return true
		}
	}
	return false
}

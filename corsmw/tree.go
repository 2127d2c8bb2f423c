package corsmw

import (
	"cmp"
	"net"
	"net/url"
	"path"
	"slices"
	"strings"
)

// The patterns of Routes, made ready for requests. They are those of a ServeMux, and mean the same, but to find one costs no memory:
// a ServeMux collects what wildcards stand for, and the methods that a path has, which is of no use here.

// A route is a pattern and its policy.
type route struct {
	pattern string
	policy  *Middleware
}

// A tree holds the patterns that have the same host and method. Either may be empty, and is then any.
type tree struct {
	host, method string
	branch
}

// A branch holds the patterns that begin with the same elements.
type branch struct {
	names map[string]*branch // those that go on with this element; "/" is the "{$}" at the end of a pattern
	any   *branch            // those that go on with a wildcard for one element
	here  route              // the one that ends here
	rest  route              // the one that ends with a slash or with a wildcard for all that is left
}

// splitPattern takes a pattern apart that a ServeMux has accepted.
func splitPattern(pattern string) (method, host, path string) {
	if i := strings.IndexAny(pattern, " \t"); i >= 0 {
		method, pattern = pattern[:i], strings.TrimLeft(pattern[i:], " \t")
	}
	i := strings.IndexByte(pattern, '/')
	return method, pattern[:i], pattern[i:]
}

// add adds a route whose pattern a ServeMux has accepted.
func (routes *Routes) add(r route) {
	method, host, path := splitPattern(r.pattern)
	// In descending order: no host and no method come last, and HEAD is asked before GET, which has it, too.
	i, found := slices.BinarySearchFunc(routes.trees, tree{host: host, method: method}, func(a, b tree) int {
		return cmp.Or(strings.Compare(b.host, a.host), strings.Compare(b.method, a.method))
	})
	if !found {
		routes.trees = slices.Insert(routes.trees, i, tree{host: host, method: method})
	}
	routes.trees[i].add(path, r)
}

// add adds a route under what is left of its path.
func (b *branch) add(path string, r route) {
	if path == "" {
		b.here = r
		return
	}
	element, path := firstElement(path)
	wild := strings.HasPrefix(element, "{")
	switch {
	case element == "/" || wild && strings.HasSuffix(element, "...}"):
		b.rest = r
		return
	case element == "{$}":
		element = "/"
	case wild:
		b.any = cmp.Or(b.any, new(branch))
		b.any.add(path, r)
		return
	default:
		element = unescape(element)
	}
	if b.names == nil {
		b.names = make(map[string]*branch)
	}
	b.names[element] = cmp.Or(b.names[element], new(branch))
	b.names[element].add(path, r)
}

// find returns the route that a ServeMux would choose, or none. The path has been cleaned, and is escaped or not.
func (routes *Routes) find(host, method, path string, escaped bool) route {
	w := walk{escaped: escaped}
	r, whole := routes.search(host, method, path, &w)
	if !whole && w.ended && !strings.HasSuffix(path, "/") {
		// A ServeMux redirects "/api" to "/api/" unless there is a pattern for the former.
		w.slash = true
		if longer, whole := routes.search(host, method, path, &w); whole {
			return longer
		}
	}
	return r
}

// A walk is a search in trees.
type walk struct {
	escaped bool // the path has escapes
	slash   bool // the path is taken for one with a slash at its end
	ended   bool // set if the path has ended at some branch, where a slash might find more
}

// search returns the most specific route, and whether it has the whole path, with nothing left for a wildcard at its end.
func (routes *Routes) search(host, method, path string, w *walk) (r route, whole bool) {
	for i := range routes.trees {
		t := &routes.trees[i]
		if t.host != "" && t.host != host {
			continue
		}
		if t.method != "" && t.method != method && !(t.method == "GET" && method == "HEAD") {
			continue
		}
		if r, whole := t.find(path, w); r.pattern != "" {
			return r, whole
		}
	}
	return route{}, false
}

// find goes to the branch of the next element, or else to that of a wildcard for one element, or else to the wildcard for the rest.
// This is the order from the specific to the general, for no two patterns conflict.
func (b *branch) find(path string, w *walk) (r route, whole bool) {
	if path == "" {
		w.ended = true
		if !w.slash {
			return b.here, true
		}
		if end := b.names["/"]; end != nil && end.here.pattern != "" {
			return end.here, true
		}
		return b.rest, true
	}
	element, rest := firstElement(path)
	if w.escaped {
		element = unescape(element)
	}
	if next := b.names[element]; next != nil {
		if r, whole := next.find(rest, w); r.pattern != "" {
			return r, whole
		}
	}
	if b.any != nil && element != "/" {
		if r, whole := b.any.find(rest, w); r.pattern != "" {
			return r, whole
		}
	}
	return b.rest, path == "/"
}

// firstElement cuts the first element off a path that begins with a slash. A slash at the end is an element, too.
func firstElement(path string) (element, rest string) {
	if path == "/" {
		return "/", ""
	}
	path = strings.TrimPrefix(path, "/")
	if i := strings.IndexByte(path, '/'); i >= 0 {
		return path[:i], path[i:]
	}
	return path, ""
}

func unescape(element string) string {
	if decoded, err := url.PathUnescape(element); err == nil {
		return decoded
	}
	return element
}

// clean returns what a ServeMux makes of a path before it looks for a pattern: without ".", "..", and empty elements.
func clean(p string) string {
	if strings.HasPrefix(p, "/") && !strings.Contains(p, "//") && !strings.Contains(p, "/.") {
		return p
	}
	cleaned := path.Clean("/" + p)
	if strings.HasSuffix(p, "/") && cleaned != "/" {
		cleaned += "/"
	}
	return cleaned
}

// stripPort returns a host without its port.
func stripPort(hostport string) string {
	if strings.Contains(hostport, ":") {
		if host, _, err := net.SplitHostPort(hostport); err == nil {
			return host
		}
	}
	return hostport
}

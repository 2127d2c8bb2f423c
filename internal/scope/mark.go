package scope

import (
	"io"
	"iter"
	"net/http"
	"sync/atomic"
)

// A Mark leads from a request to who answers its failures, where the writer does
// not: behind http.TimeoutHandler, for example, whose writer does not unwrap.
//
// It stands in Request.Response, a field for clients that servers leave unused,
// and that copies of a request have, too. A context would do as well, but costs a
// copy of each request. The request's body is no place for it: net/http asks the
// body of its own request for its type, to see whether it still has to send a 100
// Continue, and whether the connection can be used again.
type Mark struct {
	value any
	alone *http.Response
	// inside is the mark inside the one that it was last found in. Renderers
	// are made once, so that there is hardly ever another.
	inside atomic.Pointer[http.Response]
}

// NewMark returns a Mark that leads to value: an *errjson.Renderer, or what has a
// method Renderer that returns one.
func NewMark(value any) *Mark {
	return &Mark{value: value, alone: &http.Response{Body: link{value: value}}}
}

// Enter puts the mark into a request, inside of those that are there. It returns
// what is to be given to [Leave].
func (m *Mark) Enter(r *http.Request) (before *http.Response) {
	before = r.Response
	if before == nil {
		r.Response = m.alone
		return before
	}
	if innermost, ok := before.Body.(link); ok && innermost.value == m.value {
		return before
	}
	inside := m.inside.Load()
	if inside == nil || inside.Body.(link).outer != before {
		inside = &http.Response{Body: link{m.value, before}}
		m.inside.Store(inside)
	}
	r.Response = inside
	return before
}

// Leave takes the mark out. The outermost stays: nobody is left whom it could
// mislead, and a goroutine that outlives the handler may be looking for it.
func Leave(r *http.Request, before *http.Response) {
	if before != nil && r.Response != before {
		r.Response = before
	}
}

// Marks returns the values of the marks in a request, the innermost first.
func Marks(r *http.Request) iter.Seq[any] {
	return func(yield func(any) bool) {
		for res := r.Response; res != nil; {
			l, ok := res.Body.(link)
			if !ok || !yield(l.value) {
				return
			}
			res = l.outer
		}
	}
}

// A link is the body of a response that is none.
type link struct {
	value any
	outer *http.Response
}

func (link) Read([]byte) (int, error) { return 0, io.EOF }
func (link) Close() error             { return nil }

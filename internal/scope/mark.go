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
//
// The field is written on the way in only, before anybody inside can have the
// request: a goroutine that outlives its handler may copy it at any time.
type Mark struct {
	alone *Link // for all requests in which it is the outermost
}

// NewMark returns a Mark that leads to value: an *errjson.Renderer, or what has a
// method Renderer that returns one.
func NewMark(value any) *Mark {
	alone := new(Link)
	alone.init(value, nil)
	return &Mark{alone}
}

// Enter puts the mark into a request, inside of those that are there. It returns
// what is to be left when the handler has returned, or nil where there is nothing
// to be left: the outermost mark stays, for nobody is left whom it could mislead.
func (m *Mark) Enter(r *http.Request) *Link {
	outer := entered(r.Response)
	if outer == nil {
		r.Response = &m.alone.response
		return nil
	}
	if innermost, ok := outer.Body.(*Link); ok && innermost.value == m.alone.value {
		return nil
	}
	l := new(Link)
	l.Enter(r, m.alone.value)
	return l
}

// Marks returns the values of the marks in a request, the innermost first.
func Marks(r *http.Request) iter.Seq[any] {
	return func(yield func(any) bool) {
		for res := entered(r.Response); res != nil; {
			l, ok := res.Body.(*Link)
			if !ok || !yield(l.value) {
				return
			}
			res = entered(l.outer)
		}
	}
}

// A Link is a mark in a request, as the body of a response that is none. It must not
// be copied once it is in there.
type Link struct {
	value    any
	outer    *http.Response
	left     atomic.Bool
	response http.Response
}

func (l *Link) init(value any, outer *http.Response) {
	l.value, l.outer = value, outer
	l.response.Body = l
}

// Enter puts a new Link that leads to value into a request, inside of the marks that
// are there. Unlike a Mark, it is also to be left if it is the outermost.
func (l *Link) Enter(r *http.Request, value any) {
	l.init(value, entered(r.Response))
	r.Response = &l.response
}

// Leave says that the handler has returned. A nil Link stays as it is.
func (l *Link) Leave() {
	if l != nil {
		l.left.Store(true)
	}
}

// entered returns the innermost response that is not a link that was left.
func entered(res *http.Response) *http.Response {
	for res != nil {
		l, ok := res.Body.(*Link)
		if !ok || !l.left.Load() {
			break
		}
		res = l.outer
	}
	return res
}

func (*Link) Read([]byte) (int, error) { return 0, io.EOF }

// Close does nothing.
func (*Link) Close() error { return nil }

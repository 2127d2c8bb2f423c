package echoadapter

import (
	"bufio"
	"net"
	"net/http"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/adapter"
	"github.com/hipflask/hipflask/internal/statustext"
	"github.com/hipflask/hipflask/internal/writer"
	"github.com/labstack/echo/v5"
)

// A netWriter is a writer of a Wrap. It names the renderer for errjson.Write. After the Wrap has
// returned, it rejects writes: Echo may have given its response to another request.
type netWriter struct {
	exchange    *exchange
	interfaces  interfaces
	forHandlers bool // it is the writer of the handlers, and not of the middlewares
}

// These are netWriters with optional interfaces. A struct of one pointer needs no allocation as an
// http.ResponseWriter. HTTP/1 and HTTP/2 are those of net/http.
type (
	flushWriter  struct{ *netWriter }  // Flusher
	hijackWriter struct{ *netWriter }  // Hijacker
	http1Writer  struct{ flushWriter } // Flusher, Hijacker
	http2Writer  struct{ flushWriter } // Flusher, Pusher
)

// interfaces is a set of optional interfaces.
type interfaces uint8

const (
	canFlush interfaces = 1 << iota
	canHijack
	canPush
)

// withInterfaces returns w with its optional interfaces.
func (w *netWriter) withInterfaces() http.ResponseWriter {
	switch has := w.interfaces; {
	case has&canFlush != 0 && has&canHijack != 0:
		return http1Writer{flushWriter{w}}
	case has&canFlush != 0 && has&canPush != 0:
		return http2Writer{flushWriter{w}}
	case has&canFlush != 0:
		return flushWriter{w}
	case has&canHijack != 0:
		return hijackWriter{w}
	}
	return w
}

// interfacesOf returns the optional interfaces of w and of the writers that it unwraps to. Echo's
// responses do not count: they have Flush and Hijack even if the writers below them have not.
func interfacesOf(w http.ResponseWriter) (has interfaces) {
	for ; w != nil && has&(canFlush|canHijack) != canFlush|canHijack; w = writer.Unwrap(w) {
		if _, isResponse := w.(*echo.Response); isResponse {
			continue
		}
		switch w.(type) {
		case http.Flusher, interface{ FlushError() error }:
			has |= canFlush
		}
		if _, ok := w.(http.Hijacker); ok {
			has |= canHijack
		} else if _, ok := w.(http.Pusher); ok {
			has |= canPush
		}
	}
	return has
}

// below returns the writer that a response of Echo writes to. If an application is inside another one,
// that may be a response of Echo again, which is skipped.
func below(w http.ResponseWriter) http.ResponseWriter {
	for {
		response, ok := w.(*echo.Response)
		if !ok {
			return w
		}
		w = response.Unwrap()
	}
}

// An ownWriter is a netWriter with or without optional interfaces.
type ownWriter interface{ self() *netWriter }

func (w *netWriter) self() *netWriter { return w }

// leadsToWrap reports whether w is, or unwraps to, a writer of a Wrap whose renderer is rd.
func leadsToWrap(w http.ResponseWriter, rd *errjson.Renderer) bool {
	_, ok := adapter.FindWriter(w, func(own ownWriter) bool {
		return own.self().exchange.chain.errs == rd
	})
	return ok
}

// Renderer is called by errjson.Write. Only the outermost Wrap of an application names the
// renderer. The rules of an errjson.Render between two Wraps thus come before those of the
// application.
func (w *netWriter) Renderer() *errjson.Renderer {
	rd := w.exchange.chain.errs
	if leadsToWrap(w.Unwrap(), rd) {
		return nil
	}
	return rd
}

// Unwrap is called by http.ResponseController. It returns nil after the Wrap has returned.
func (w *netWriter) Unwrap() http.ResponseWriter {
	if w.hasEnded() {
		return nil
	}
	if w.forHandlers {
		return w.exchange.handlersUnwrap()
	}
	return w.exchange.below()
}

// next returns the writer that w writes to.
func (w *netWriter) next() http.ResponseWriter {
	if w.forHandlers {
		return w.exchange.handlersNext()
	}
	return w.exchange.response
}

func (w *netWriter) hasEnded() bool { return w.exchange.gate.Closed() }

// Header returns the headers of the response, or a new map after the Wrap has returned.
func (w *netWriter) Header() http.Header {
	if w.hasEnded() {
		return make(http.Header)
	}
	return w.next().Header()
}

// WriteHeader does not pass an informational status to Echo's response, which would treat it as the
// status of the response.
func (w *netWriter) WriteHeader(status int) {
	switch {
	case w.hasEnded():
	case statustext.IsInformational(status):
		w.exchange.below().WriteHeader(status)
	default:
		w.next().WriteHeader(status)
	}
}

func (w *netWriter) Write(p []byte) (int, error) {
	if w.hasEnded() {
		return 0, adapter.ErrRequestEnded
	}
	return w.next().Write(p)
}

func (w flushWriter) Flush() { _ = w.FlushError() }

// FlushError is called by http.ResponseController. It commits Echo's response, whose own Flush does
// not record that the headers are sent.
func (w flushWriter) FlushError() error {
	if w.hasEnded() {
		return adapter.ErrRequestEnded
	}
	if response := w.exchange.response; !isCommitted(response) {
		response.WriteHeader(http.StatusOK)
	}
	return http.NewResponseController(w.next()).Flush()
}

func (w hijackWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) { return w.hijack() }
func (w http1Writer) Hijack() (net.Conn, *bufio.ReadWriter, error)  { return w.hijack() }

// hijack commits Echo's response, so that an error is not written to the connection. The status is
// the usual one of a hijacked connection.
func (w *netWriter) hijack() (net.Conn, *bufio.ReadWriter, error) {
	if w.hasEnded() {
		return nil, nil, adapter.ErrRequestEnded
	}
	conn, rw, err := http.NewResponseController(w.next()).Hijack()
	response := echoResponse(w.exchange.response)
	if err == nil && response != nil && !response.Committed {
		response.Status, response.Committed = http.StatusSwitchingProtocols, true
	}
	return conn, rw, err
}

// Push is HTTP/2's server push.
func (w http2Writer) Push(target string, opts *http.PushOptions) error {
	if w.hasEnded() {
		return adapter.ErrRequestEnded
	}
	pusher, _ := adapter.FindWriter(w.exchange.below(), func(http.Pusher) bool { return true })
	return pusher.Push(target, opts)
}

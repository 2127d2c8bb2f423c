package bodyjson

import (
	"mime"
	"net/http"
	"strings"

	"github.com/hipflask/hipflask/errjson"
)

// checkHeader returns a 415 if the body is not JSON by its header.
func (b *body) checkHeader(r *http.Request) *errjson.Error {
	if !b.config.Force {
		if e := checkType(r.Header); e != nil {
			return e
		}
	}
	return checkEncoding(r.Header, b.config.Gunzip)
}

// IsJSON reports whether the content type of a request is that of JSON, by the rule
// that this package applies: application/json or application/*+json, in any case,
// and in no charset but UTF-8. The body is not looked at. It is for handlers that
// give another content type an answer of their own.
func IsJSON(r *http.Request) bool { return checkType(r.Header) == nil }

// checkType returns a 415 if the content type is not application/json or
// application/*+json (RFC 6839, Section 3.1), or if a charset is not UTF-8: JSON
// has no other (RFC 8259, Section 8.1), and no charset parameter either, but many
// clients send one.
func checkType(h http.Header) *errjson.Error {
	values := h["Content-Type"]
	if len(values) == 1 {
		switch values[0] {
		case "application/json", "application/json; charset=utf-8", "application/json;charset=utf-8",
			"application/json; charset=UTF-8", "application/json;charset=UTF-8":
			return nil // the rest is for those who write it in another way
		}
		mediaType, params, err := mime.ParseMediaType(values[0])
		if err == nil && isJSON(mediaType) {
			charset, ok := params["charset"]
			if !ok || strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "utf8") {
				return nil
			}
			return unsupported(codeCharset, "JSON must be in UTF-8, and have no other charset.",
				"Accept", "application/json")
		}
	}
	return unsupported(codeMediaType, "The request body must be JSON, with the content type application/json.",
		"Accept", "application/json, application/*+json")
}

func isJSON(mediaType string) bool {
	subtype, ok := strings.CutPrefix(mediaType, "application/")
	return ok && (subtype == "json" || len(subtype) > len("+json") && strings.HasSuffix(subtype, "+json"))
}

// checkEncoding returns a 415 if the content coding is not one that is undone.
func checkEncoding(h http.Header, gunzip bool) *errjson.Error {
	values := h["Content-Encoding"]
	if len(values) == 0 || len(values) == 1 && strings.EqualFold(values[0], "identity") || gunzip && isGzip(h) {
		return nil
	}
	// RFC 9110, Section 12.5.3, has the answer tell what is supported.
	supported := "identity"
	if gunzip {
		supported = "gzip"
	}
	return unsupported(codeCoding, "The content coding of the request body is not supported.",
		"Accept-Encoding", supported)
}

func unsupported(code, message, header, value string) *errjson.Error {
	e := failure(http.StatusUnsupportedMediaType, code, message, nil)
	e.Header = http.Header{header: {value}}
	return e
}

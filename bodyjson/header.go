package bodyjson

import (
	"mime"
	"net/http"
	"strings"

	"github.com/hipflask/hipflask/errjson"
)

// IsJSON reports whether r has a JSON content type: application/json or application/*+json, in any
// case. A charset parameter must be UTF-8. IsJSON does not read the body. Use IsJSON in handlers
// that accept other content types.
func IsJSON(r *http.Request) bool { return checkType(r.Header) == nil }

// checkType returns a 415 if the content type is not application/json or application/*+json (RFC
// 6839, Section 3.1). A charset must be UTF-8 (RFC 8259, Section 8.1). The media type does not
// define a charset parameter, but many clients send one.
func checkType(h http.Header) *errjson.Error {
	values := h["Content-Type"]
	if len(values) == 1 {
		switch values[0] { // the common ones, without parsing
		case "application/json", "application/json; charset=utf-8", "application/json;charset=utf-8",
			"application/json; charset=UTF-8", "application/json;charset=UTF-8":
			return nil
		}
	}
	return checkMediaType(values, isJSON, "The request body must be JSON, with the content type application/json.",
		"Accept", "application/json, application/*+json")
}

// patchTypes are the content types of a JSON Merge Patch (RFC 7396, Section 4).
const patchTypes = "application/merge-patch+json, application/json"

// checkPatchType returns a 415 if the content type is not one of patchTypes. Other types with the
// suffix +json are different formats, such as JSON Patch.
func checkPatchType(h http.Header) *errjson.Error {
	return checkMediaType(h["Content-Type"], func(mediaType string) bool {
		return mediaType == "application/merge-patch+json" || mediaType == "application/json"
	}, "The request body must be a JSON Merge Patch, with the content type application/merge-patch+json.",
		"Accept-Patch", patchTypes)
}

// checkMediaType returns a 415 with the header unless values is one content type that accepts
// accepts.
func checkMediaType(values []string, accepts func(mediaType string) bool, message, header, accepted string) *errjson.Error {
	if len(values) == 1 {
		mediaType, params, err := mime.ParseMediaType(values[0])
		if err == nil && accepts(mediaType) {
			charset, ok := params["charset"]
			if !ok || strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "utf8") {
				return nil
			}
			first, _, _ := strings.Cut(accepted, ",")
			return unsupported(codeCharset, "JSON must be in UTF-8, and have no other charset.", header, first)
		}
	}
	return unsupported(codeMediaType, message, header, accepted)
}

func isJSON(mediaType string) bool {
	subtype, ok := strings.CutPrefix(mediaType, "application/")
	return ok && (subtype == "json" || len(subtype) > len("+json") && strings.HasSuffix(subtype, "+json"))
}

// checkEncoding returns a 415 for an unsupported Content-Encoding.
func checkEncoding(h http.Header, gunzip bool) *errjson.Error {
	values := h["Content-Encoding"]
	if len(values) == 0 || len(values) == 1 && strings.EqualFold(values[0], "identity") || gunzip && isGzip(h) {
		return nil
	}
	// RFC 9110, Section 12.5.3: the response lists the supported codings.
	supported := "identity"
	if gunzip {
		supported = "gzip"
	}
	return unsupported(codeCoding, "The content coding of the request body is not supported.",
		"Accept-Encoding", supported)
}

func unsupported(code, message, header, value string) *errjson.Error {
	e := newError(http.StatusUnsupportedMediaType, code, message, nil)
	e.Header = http.Header{header: {value}}
	return e
}

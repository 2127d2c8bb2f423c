// Package flaskwire replays what real Flask applications were asked, and compares
// what services built with hipflask answer with what Flask answered.
//
// The recordings are in testdata, a line of JSON for each case. The applications
// behind them are rebuilt in the files app_*.go with the public API alone, each
// once, and mounted on every router. An answer that is not Flask's must be the one
// that a rule in deviations.go demands, which says why.
package flaskwire

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// topics are the files of recordings, in the order of the guide.
var topics = []string{
	"returning", "routing", "parsing", "status", "errors", "apierror", "restful", "shorthand", "encode", "validation", "cors", "cors-manual",
}

// A wireCase is one recorded exchange.
type wireCase struct {
	ID      string      `json:"id"`
	Topic   string      `json:"topic"`
	App     string      `json:"app"`
	Note    string      `json:"note"`
	Setup   []wireSetup `json:"setup"`
	Request wireRequest `json:"request"`
	Flask   wireAnswer  `json:"response"` // of Flask 2.2
	Newer   *wireAnswer `json:"newer"`    // of Flask 3.1, where it differs
}

// A wireSetup is a request that went before.
type wireSetup struct {
	Request wireRequest `json:"request"`
	Status  int         `json:"status"`
}

type wireRequest struct {
	Method  string              `json:"method"`
	Path    string              `json:"path"`
	Headers map[string][]string `json:"headers"`
	Framing string              `json:"framing"`
	wireBody
}

type wireAnswer struct {
	Status  int                 `json:"status"`
	Reason  string              `json:"reason"`
	Headers map[string][]string `json:"headers"`
	JSON    json.RawMessage     `json:"json"`
	wireBody
}

// A wireBody is a body as text, or in base 64 where it is not UTF-8.
type wireBody struct {
	Text   string `json:"body"`
	Base64 []byte `json:"body_base64"`
}

func (b wireBody) bytes() []byte {
	if b.Base64 != nil {
		return b.Base64
	}
	return []byte(b.Text)
}

// header returns the first value of a request header.
func (r *wireRequest) header(name string) string {
	if values := r.Headers[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

func (r *wireRequest) has(name string) bool { return len(r.Headers[name]) > 0 }

// path returns the path without the query, unescaped.
func (r *wireRequest) path() string {
	path, _, _ := strings.Cut(r.Path, "?")
	if plain, err := url.PathUnescape(path); err == nil {
		return plain
	}
	return path
}

// isPreflight reports whether a browser sent it, or would have, before another.
func (r *wireRequest) isPreflight() bool {
	return r.Method == http.MethodOptions && r.has("origin") && r.has("access-control-request-method")
}

// readCases returns the recordings of a topic.
func readCases(dir, topic string) ([]*wireCase, error) {
	data, err := os.ReadFile(filepath.Join(dir, topic+".jsonl"))
	if err != nil {
		return nil, err
	}
	var cases []*wireCase
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 16<<20)
	for n := 1; lines.Scan(); n++ {
		dec := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		dec.DisallowUnknownFields()
		c := new(wireCase)
		if err := dec.Decode(c); err != nil {
			return nil, fmt.Errorf("%s.jsonl, line %d: %w", topic, n, err)
		}
		cases = append(cases, c)
	}
	return cases, lines.Err()
}

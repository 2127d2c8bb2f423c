package corsmw_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/corsmw"
)

// R01: behind a reverse proxy, an upstream with a policy of its own does not double the headers.
func TestStripUpstream(t *testing.T) {
	upstream := corsmw.Must(corsmw.New(corsmw.Config{
		AllowOrigins: []string{"https://example.com"}, ExposeHeaders: []string{"X-Upstream"}, AllowCredentials: true,
	}))
	server := httptest.NewServer(upstream.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"Allow-Methods", "Allow-Headers", "Max-Age", "Allow-Private-Network"} {
			w.Header().Set("Access-Control-"+name, "x")
		}
		w.Header().Set("X-Upstream", "yes")
	})))
	defer server.Close()
	target, err := url.Parse(server.URL)
	require.NoError(t, err)

	serve := func(modify func(*http.Response) error) http.Header {
		front := corsmw.Must(corsmw.New(corsmw.Config{AllowOrigins: []string{"https://example.com"}}))
		w := httptest.NewRecorder()
		front.Wrap(&httputil.ReverseProxy{
			Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target) },
			ModifyResponse: modify,
		}).ServeHTTP(w, request("GET", "Origin: https://example.com"))
		w.Header().Del("Date")
		return w.Header()
	}

	assert.Len(t, serve(nil)["Access-Control-Allow-Origin"], 2, "the fault that StripUpstream mends")
	assert.Equal(t, header("Access-Control-Allow-Origin: https://example.com", "Vary: Origin", "Vary: Origin", "X-Upstream: yes", "Content-Length: 0"),
		serve(corsmw.StripUpstream))
}

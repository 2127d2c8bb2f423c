package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func readme(t *testing.T, block string) string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	match := regexp.MustCompile("(?s)```" + block + "\n(.*?)```").FindSubmatch(text)
	require.NotNil(t, match, "README.md has no block of %s", block)
	return string(match[1])
}

func TestProgram(t *testing.T) {
	source, err := os.ReadFile("main.go")
	require.NoError(t, err)
	assert.Equal(t, string(source), readme(t, "go"))
	assert.LessOrEqual(t, strings.Count(string(source), "\n"), 40)
}

// TestAnswers sends what the README's curl lines send.
func TestAnswers(t *testing.T) {
	server := httptest.NewServer(newHandler())
	defer server.Close()
	option := regexp.MustCompile(` (-X|-H|-d) ('[^']*'|\S+)`)

	lines := strings.Split(strings.TrimSpace(readme(t, "console")), "\n")
	require.Zero(t, len(lines)%2)
	for i := 0; i < len(lines); i += 2 {
		command, want := lines[i], lines[i+1]
		require.True(t, strings.HasPrefix(command, "$ curl 127.0.0.1:8080/"), command)
		method, header, body := http.MethodGet, make(http.Header), ""
		for _, match := range option.FindAllStringSubmatch(command, -1) {
			switch value := strings.Trim(match[2], "'"); match[1] {
			case "-X":
				method = value
			case "-H":
				name, value, _ := strings.Cut(value, ": ")
				header.Set(name, value)
			case "-d":
				method, body = http.MethodPost, value
			}
		}
		path := strings.Fields(strings.TrimPrefix(command, "$ curl 127.0.0.1:8080"))[0]
		req, err := http.NewRequest(method, server.URL+path, strings.NewReader(body))
		require.NoError(t, err)
		req.Header = header
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer res.Body.Close()
		answer, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		assert.Equal(t, want, strings.TrimSpace(string(answer)), command)
	}
}

// TestPage sends what a browser asks before a page sends JSON.
func TestPage(t *testing.T) {
	r := httptest.NewRequest(http.MethodOptions, "/api/items", nil)
	r.Header.Set("Origin", "https://app.example.com")
	r.Header.Set("Access-Control-Request-Method", http.MethodPost)
	r.Header.Set("Access-Control-Request-Headers", "content-type")
	w := httptest.NewRecorder()
	newHandler().ServeHTTP(w, r)
	assert.Equal(t, http.StatusNoContent, w.Code)
	assert.Equal(t, "https://app.example.com", w.Header().Get("Access-Control-Allow-Origin"))
	assert.Equal(t, "content-type", w.Header().Get("Access-Control-Allow-Headers"))
}

package jsonenc_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/internal/jsonenc"
)

// sameString asserts that s is written as encoding/json writes it, but for the
// U+FFFD in place of a byte that is not UTF-8, which is escaped up to Go 1.26 only.
func sameString(t require.TestingT, s string) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	require.NoError(t, enc.Encode(s))
	plain := strings.NewReplacer(`\ufffd`, "\ufffd")
	require.Equal(t, plain.Replace(b.String()), plain.Replace(string(jsonenc.AppendString(nil, s)))+"\n")
}

func TestAppendString(t *testing.T) {
	for c := range 0x300 {
		s := "a" + string(rune(c)) + "b"
		sameString(t, s)
	}
	for c := range 0x100 {
		s := "a" + string([]byte{byte(c)}) + "b"
		sameString(t, s)
	}
	assert.Equal(t, `x"y"`, string(jsonenc.AppendString([]byte("x"), "y")))
}

func FuzzAppendString(f *testing.F) {
	for _, seed := range []string{"", "a", "\"\\/\b\f\n\r\t\x00\x7f", "<&>", "é€😀", "\xff\xc0\x80\xed\xa0\x80", "\u2028\u2029\ufffd", "\xe2\x80"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		sameString(t, s)
	})
}

type panicking struct{}

func (panicking) MarshalJSON() ([]byte, error) { panic("in MarshalJSON") }

type failing struct{}

var errFailing = errors.New("in MarshalJSON")

func (failing) MarshalJSON() ([]byte, error) { return nil, errFailing }

func TestEncode(t *testing.T) {
	b := jsonenc.Get()
	defer b.Free()
	require.NoError(t, b.Encode(map[string]string{"a": "<&>"}))
	require.NoError(t, b.Encode([]int{1}))
	const want = "{\"a\":\"<&>\"}\n[1]\n"
	assert.Equal(t, want, string(b.B))

	// What fails leaves no trace, neither in the buffer nor in what comes next.
	long := strings.Repeat("x", 100<<10)
	require.ErrorIs(t, b.Encode([]any{long, failing{}}), errFailing)
	require.ErrorContains(t, b.Encode([]any{long, panicking{}}), "in MarshalJSON")
	require.Error(t, b.Encode([]any{long, make(chan int)}))
	assert.Equal(t, want, string(b.B))
	require.NoError(t, b.Encode(1))
	assert.Equal(t, want+"1\n", string(b.B))
}

func TestPool(t *testing.T) {
	for range 100 {
		b := jsonenc.Get()
		assert.Empty(t, b.B)
		_, err := b.Write(make([]byte, 65<<10)) // too large to be kept
		require.NoError(t, err)
		b.Free()
		b = jsonenc.Get()
		assert.Empty(t, b.B)
		assert.LessOrEqual(t, cap(b.B), 64<<10)
		_, err = b.Write([]byte("left"))
		require.NoError(t, err)
		b.Free()
	}
}

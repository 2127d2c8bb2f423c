package gunzip_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/internal/gunzip"
)

func zip(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	zw := gzip.NewWriter(&b)
	_, err := io.WriteString(zw, text)
	require.NoError(t, err)
	require.NoError(t, zw.Close())
	return b.Bytes()
}

func read(src io.Reader, limit int64) (string, error) {
	r := gunzip.NewReader(src, limit)
	defer r.Release()
	data, err := io.ReadAll(r)
	return string(data), err
}

func random(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rand.IntN(256))
	}
	return string(b)
}

func TestReader(t *testing.T) {
	errSrc := errors.New("of src")
	hello, noise := zip(t, "hello"), random(100_000)
	zeros := strings.Repeat("0", 2<<20)
	for _, test := range []struct {
		name  string
		src   io.Reader
		limit int64
		want  string
		err   error
	}{
		{"a stream", bytes.NewReader(hello), 100, "hello", nil},
		{"byte by byte", iotest.OneByteReader(bytes.NewReader(hello)), 100, "hello", nil},
		{"several members", io.MultiReader(bytes.NewReader(hello), bytes.NewReader(hello)), 100, "hellohello", nil},
		{"an empty stream", strings.NewReader(""), 100, "", nil},
		{"empty data", bytes.NewReader(zip(t, "")), 100, "", nil},
		{"not gzip", strings.NewReader("hello"), 100, "", gunzip.ErrDamaged},
		{"cut off", bytes.NewReader(hello[:len(hello)-3]), 100, "hello", gunzip.ErrDamaged},
		{"over the limit", bytes.NewReader(zip(t, noise)), 1000, "", gunzip.ErrLimit},
		{"endless", endless{zip(t, "")}, 1000, "", gunzip.ErrLimit},
		{"small and over the ratio", bytes.NewReader(zip(t, zeros[:100_000])), 1 << 20, "", gunzip.ErrRatio},
		{"large and over the ratio", bytes.NewReader(zip(t, zeros)), 1 << 20, "", gunzip.ErrRatio},
		{"over the ratio at the beginning", bytes.NewReader(zip(t, zeros[:600_000]+noise)), 1 << 20, zeros[:600_000] + noise, nil},
		{"an error of src", io.MultiReader(bytes.NewReader(hello[:12]), iotest.ErrReader(errSrc)), 100, "", errSrc},
		{"an error of src after damaged data", io.MultiReader(strings.NewReader("not gzip, at all"), iotest.ErrReader(errSrc)), 100, "", errSrc},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := read(test.src, test.limit)
			if test.err == nil {
				require.NoError(t, err)
				assert.True(t, got == test.want)
				return
			}
			require.ErrorIs(t, err, test.err)
		})
	}
}

// An endless repeats data without end.
type endless struct{ data []byte }

func (e endless) Read(p []byte) (int, error) { return copy(p, e.data), nil }

func FuzzReader(f *testing.F) {
	var b bytes.Buffer
	zw := gzip.NewWriter(&b)
	_, _ = io.WriteString(zw, strings.Repeat("hello ", 20))
	_ = zw.Close()
	f.Add(b.Bytes())
	f.Add([]byte{})
	f.Add([]byte("not gzip"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := read(bytes.NewReader(data), 1<<20)
		if err == nil && len(got) > gunzip.MaxRatio*len(data) {
			t.Fatalf("%d bytes of %d", len(got), len(data))
		}
		if err != nil && !errors.Is(err, gunzip.ErrDamaged) && !errors.Is(err, gunzip.ErrRatio) {
			t.Fatal(err)
		}
	})
}

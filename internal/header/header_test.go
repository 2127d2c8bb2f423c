package header_test

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/hipflask/hipflask/internal/header"
)

func TestMerge(t *testing.T) {
	dst := http.Header{"Vary": {"Origin"}, "Set-Cookie": {"a=1"}, "Allow": {"GET"}, "X-Kept": {"1"}}
	fields := http.Header{"vary": {"Accept"}, "Set-Cookie": {"b=2"}, "allow": {"GET, HEAD"}, "X-New": {"2", "3"}}
	header.Merge(dst, fields)
	assert.Equal(t, http.Header{
		"Vary": {"Origin", "Accept"}, "Set-Cookie": {"a=1", "b=2"}, "Allow": {"GET, HEAD"}, "X-Kept": {"1"}, "X-New": {"2", "3"},
	}, dst)

	dst["X-New"][0] = "changed"
	assert.Equal(t, []string{"2", "3"}, fields["X-New"], "the fields are copied")

	header.Merge(dst, nil)
	assert.Len(t, dst, 5)
}

func TestLength(t *testing.T) {
	for n := -1; n < 2000; n++ {
		assert.Equal(t, strconv.Itoa(n), header.Length(n))
	}
}

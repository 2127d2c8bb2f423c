package scope_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/hipflask/hipflask/internal/scope"
)

func marks(r *http.Request) []any { return slices.Collect(scope.Marks(r)) }

func TestMarks(t *testing.T) {
	outer, inner := scope.NewMark("outer"), scope.NewMark("inner")
	r := httptest.NewRequest("GET", "/", nil)
	assert.Empty(t, marks(r))

	first := outer.Enter(r)
	assert.Equal(t, []any{"outer"}, marks(r))
	again := outer.Enter(r)
	assert.Equal(t, []any{"outer"}, marks(r), "once is enough")

	second := inner.Enter(r)
	assert.Equal(t, []any{"inner", "outer"}, marks(r))
	assert.Equal(t, []any{"inner", "outer"}, marks(r.WithContext(context.Background())), "a copy has them")

	scope.Leave(r, second)
	assert.Equal(t, []any{"outer"}, marks(r))
	scope.Leave(r, again)
	scope.Leave(r, first)
	assert.Equal(t, []any{"outer"}, marks(r), "the outermost stays")
}

// TestOtherResponse leaves what somebody else has put there alone.
func TestOtherResponse(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	redirect := &http.Response{}
	r.Response = redirect
	before := scope.NewMark("a").Enter(r)
	assert.Equal(t, []any{"a"}, marks(r))
	scope.Leave(r, before)
	assert.Same(t, redirect, r.Response)
}

// TestInside tests that a mark goes with each of several others.
func TestInside(t *testing.T) {
	a, b, inner := scope.NewMark("a"), scope.NewMark("b"), scope.NewMark("inner")
	for range 3 {
		for name, outer := range map[string]*scope.Mark{"a": a, "b": b} {
			r := httptest.NewRequest("GET", "/", nil)
			outer.Enter(r)
			inner.Enter(r)
			assert.Equal(t, []any{"inner", name}, marks(r))
		}
	}
}

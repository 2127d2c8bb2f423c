package scope_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/hipflask/hipflask/internal/scope"
)

func marks(r *http.Request) []any { return slices.Collect(scope.Marks(r)) }

func TestMarks(t *testing.T) {
	outer, inner, other := scope.NewMark("outer"), scope.NewMark("inner"), scope.NewMark("other")
	r := httptest.NewRequest("GET", "/", nil)
	assert.Empty(t, marks(r))

	first := outer.Enter(r)
	assert.Equal(t, []any{"outer"}, marks(r))
	again := outer.Enter(r)
	assert.Equal(t, []any{"outer"}, marks(r), "once is enough")

	second := inner.Enter(r)
	assert.Equal(t, []any{"inner", "outer"}, marks(r))
	assert.Equal(t, []any{"inner", "outer"}, marks(r.WithContext(context.Background())), "a copy has them")
	third := outer.Enter(r)
	assert.Equal(t, []any{"outer", "inner", "outer"}, marks(r))

	third.Leave()
	assert.Equal(t, []any{"inner", "outer"}, marks(r))
	second.Leave()
	assert.Equal(t, []any{"outer"}, marks(r))
	beside := other.Enter(r)
	assert.Equal(t, []any{"other", "outer"}, marks(r))
	beside.Leave()
	again.Leave()
	first.Leave()
	assert.Equal(t, []any{"outer"}, marks(r), "the outermost stays")
	outer.Enter(r)
	assert.Equal(t, []any{"outer"}, marks(r))
}

// TestLeaveInAnyOrder tests that what is left in the middle is passed over.
func TestLeaveInAnyOrder(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	scope.NewMark("a").Enter(r)
	b := scope.NewMark("b").Enter(r)
	c := scope.NewMark("c").Enter(r)
	b.Leave()
	assert.Equal(t, []any{"c", "a"}, marks(r))
	c.Leave()
	assert.Equal(t, []any{"a"}, marks(r))
}

// TestLink tests a mark for one request.
func TestLink(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	var first, second scope.Link
	first.Enter(r, "first")
	copied := r.WithContext(context.Background())
	scope.NewMark("inner").Enter(r)
	second.Enter(r, "first")
	assert.Equal(t, []any{"first", "inner", "first"}, marks(r))
	second.Leave()
	assert.Equal(t, []any{"inner", "first"}, marks(r))
	first.Leave()
	assert.Empty(t, marks(copied), "the outermost is left, too")
}

// TestOtherResponse tests that what somebody else has put there is no mark.
func TestOtherResponse(t *testing.T) {
	for _, other := range []*http.Response{{}, {Body: http.NoBody}} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Response = other
		assert.Empty(t, marks(r))
		link := scope.NewMark("a").Enter(r)
		assert.Equal(t, []any{"a"}, marks(r))
		link.Leave()
		assert.Empty(t, marks(r))
	}
}

// TestShared tests that one mark serves several requests at once.
func TestShared(t *testing.T) {
	outers, inner := []string{"a", "b"}, scope.NewMark("inner")
	var wg sync.WaitGroup
	for _, name := range outers {
		wg.Go(func() {
			outer := scope.NewMark(name)
			for range 100 {
				r := httptest.NewRequest("GET", "/", nil)
				outer.Enter(r)
				link := inner.Enter(r)
				assert.Equal(t, []any{"inner", name}, marks(r))
				link.Leave()
				assert.Equal(t, []any{name}, marks(r))
			}
		})
	}
	wg.Wait()
}

// TestStaleGoroutine lets a goroutine copy the request while the mark is left: the
// race detector sees whether somebody writes into it.
func TestStaleGoroutine(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	scope.NewMark("outer").Enter(r)
	link := scope.NewMark("inner").Enter(r)
	done := make(chan []any)
	go func() { done <- marks(r.Clone(context.Background())) }()
	link.Leave()
	<-done
	assert.Equal(t, []any{"outer"}, marks(r))
}

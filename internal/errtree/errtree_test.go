package errtree_test

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/hipflask/hipflask/internal/errtree"
)

type leaf struct{ name string }

func (l leaf) Error() string { return l.name }

func tree() error {
	return fmt.Errorf("root: %w", errors.Join(leaf{"a"}, fmt.Errorf("b: %w", &leaf{"c"}), (*leaf)(nil), leaf{"d"}))
}

func TestWalk(t *testing.T) {
	for name, c := range map[string]struct {
		visit   func(leaf) errtree.Next
		visited []string
		stopped bool
	}{
		"all":  {func(leaf) errtree.Next { return errtree.Descend }, []string{"a", "d"}, false},
		"skip": {func(leaf) errtree.Next { return errtree.Skip }, []string{"a", "d"}, false},
		"stop": {func(leaf) errtree.Next { return errtree.Stop }, []string{"a"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			var visited []string
			stopped := errtree.Walk(tree(), func(err error) errtree.Next {
				l, ok := err.(leaf)
				if !ok {
					return errtree.Descend
				}
				visited = append(visited, l.name)
				return c.visit(l)
			})
			assert.Equal(t, c.visited, visited)
			assert.Equal(t, c.stopped, stopped)
		})
	}
	t.Run("an error that is skipped hides what it wraps", func(t *testing.T) {
		errtree.Walk(fmt.Errorf("x: %w", io.EOF), func(err error) errtree.Next {
			assert.NotEqual(t, io.EOF, err)
			return errtree.Skip
		})
	})
	assert.False(t, errtree.Walk(nil, func(error) errtree.Next { panic("not called") }))
}

func TestCollect(t *testing.T) {
	assert.Equal(t, []leaf{{"a"}, {"c"}, {"d"}}, errtree.Collect[leaf](tree()))
	assert.Nil(t, errtree.Collect[leaf](io.EOF))
	assert.Nil(t, errtree.Collect[leaf](nil))
}

// firstFunction returns the name of the function at the top of the stack.
func firstFunction(p *errtree.Panic) string {
	frame, _ := runtime.CallersFrames(p.StackTrace()).Next()
	return frame.Function
}

func panicking(value any) { panic(value) }

// caught returns the panic of fn as an error.
func caught(fn func()) (p *errtree.Panic) {
	defer func() { p = errtree.NewPanic(recover(), true) }()
	fn()
	return nil
}

// catcher has a deferred method with arguments.
type catcher struct{ p *errtree.Panic }

func (c *catcher) catch(string) { c.p = errtree.NewPanic(recover(), true) }

var nilMap map[int]int

func TestPanic(t *testing.T) {
	p := caught(func() { panicking(io.EOF) })
	assert.Contains(t, firstFunction(p), "errtree_test.panicking")
	assert.Equal(t, "panic: EOF", p.Error())
	assert.ErrorIs(t, p, io.EOF)

	var c catcher
	func() {
		defer c.catch("by a method")
		panicking("text")
	}()
	assert.Contains(t, firstFunction(c.p), "errtree_test.panicking")

	p = caught(func() {
		defer func() { panic(fmt.Sprint("again: ", recover())) }()
		panicking("first")
	})
	assert.Equal(t, "panic: again: first", p.Error())
	assert.Contains(t, firstFunction(p), "TestPanic", "the last panic of several counts")

	assert.Contains(t, caught(func() { nilMap[1] = 1 }).Error(), "nil map")
	assert.NoError(t, caught(func() { panicking("text") }).Unwrap())
	assert.Empty(t, errtree.NewPanic("text", false).StackTrace())
}

func TestStack(t *testing.T) {
	p := caught(func() { panicking("text") })
	assert.Equal(t, p.Stack(), errtree.StackOf(fmt.Errorf("wrapped: %w", p)))
	assert.Nil(t, errtree.StackOf(io.EOF))

	text := p.Stack().Text(1 << 20)
	first, rest, _ := strings.Cut(text, "\n\t")
	assert.Contains(t, first, "errtree_test.panicking")
	assert.Regexp(t, `^\S+/errtree_test\.go:\d+\n`, rest)
	for _, size := range []int{0, 1, 100, 200, 300, len(text) - 1, len(text)} {
		part := p.Stack().Text(size)
		assert.LessOrEqual(t, len(part), size)
		assert.True(t, strings.HasPrefix(text, part), "whole frames")
	}
	assert.Equal(t, text, p.Stack().Text(len(text)))
}

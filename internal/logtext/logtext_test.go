package logtext_test

import (
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/hipflask/hipflask/internal/logtext"
)

func TestClip(t *testing.T) {
	for _, c := range []struct {
		text string
		n    int
		want string
	}{
		{"abc", 3, "abc"}, {"abcd", 3, "…"}, {"abcde", 4, "a…"}, {"éé", 4, "éé"},
		{"ééé", 5, "é…"}, {"ééé", 4, "…"}, {"abc", 0, ""}, {"abc", 2, ""}, {"", 0, ""},
	} {
		assert.Equal(t, c.want, logtext.Clip(c.text, c.n), "%q %d", c.text, c.n)
	}
}

type valuer struct{ value slog.Value }

func (valuer) Error() string          { return "valuer" }
func (v valuer) LogValue() slog.Value { return v.value }

func TestValue(t *testing.T) {
	group := slog.GroupValue(slog.String("a", "text"), slog.Int("b", 1), slog.Group("c", slog.Any("d", []int{1})))
	for _, c := range []struct {
		err  error
		max  int
		want string
	}{
		{valuer{group}, 100, "[a=text b=1 c=[d=[1]]]"},
		{fmt.Errorf("x: %w", valuer{group}), 100, "[a=text b=1 c=[d=[1]]]"},
		{valuer{group}, 6, "[a=text]"},
		{valuer{slog.StringValue("a long text")}, 7, "a lo…"},
	} {
		value, ok := logtext.Value(c.err, c.max)
		assert.True(t, ok)
		assert.Equal(t, c.want, value.String())
	}
	_, ok := logtext.Value(errors.New("x"), 100)
	assert.False(t, ok)
}

// TestManyValues tests that values without a text also count.
func TestManyValues(t *testing.T) {
	attrs := make([]slog.Attr, 3000)
	for i := range attrs {
		attrs[i] = slog.Int("n", i)
	}
	value, ok := logtext.Value(valuer{slog.GroupValue(attrs...)}, 1000)
	assert.True(t, ok)
	assert.Less(t, len(value.Group()), 50)
}

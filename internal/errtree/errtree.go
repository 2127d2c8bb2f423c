// Package errtree walks trees of errors and turns panic values into errors.
package errtree

// Next is the result of a visit function of [Walk].
type Next int

const (
	// Descend continues with the errors that the visited error wraps.
	Descend Next = iota
	// Skip continues after the errors that the visited error wraps.
	Skip
	// Stop ends the walk.
	Stop
)

// Walk calls visit for err and for the errors that it wraps, depth first, in the order of
// [errors.As]. It does nothing if err is nil. Walk reports whether a visit returned Stop.
func Walk(err error, visit func(error) Next) (stopped bool) {
	for err != nil {
		switch visit(err) {
		case Skip:
			return false
		case Stop:
			return true
		}
		switch u := err.(type) {
		case interface{ Unwrap() error }:
			err = u.Unwrap()
		case interface{ Unwrap() []error }:
			for _, wrapped := range u.Unwrap() {
				if Walk(wrapped, visit) {
					return true
				}
			}
			return false
		default:
			return false
		}
	}
	return false
}

// Collect returns every T and every non-nil *T in the tree of err, in the order of [Walk].
func Collect[T any](err error) []T {
	var found []T
	Walk(err, func(node error) Next {
		switch n := any(node).(type) {
		case T:
			found = append(found, n)
		case *T:
			if n != nil {
				found = append(found, *n)
			}
		}
		return Descend
	})
	return found
}

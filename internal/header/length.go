package header

import "strconv"

// Length returns the Content-Length for n bytes. It allocates nothing for small responses.
func Length(n int) string {
	if n >= 0 && n < len(lengths) {
		return lengths[n]
	}
	return strconv.Itoa(n)
}

var lengths = func() (lengths [1000]string) {
	var digits []byte
	var ends [len(lengths)]int
	for i := range lengths {
		digits = strconv.AppendInt(digits, int64(i), 10)
		ends[i] = len(digits)
	}
	all, start := string(digits), 0
	for i, end := range ends {
		lengths[i] = all[start:end]
		start = end
	}
	return lengths
}()

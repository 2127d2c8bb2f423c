// Package accept reads the Accept header (RFC 9110, Section 12.5.1).
package accept

import "strings"

// Quality returns the weight, in thousandths, that an Accept header gives to a content type: that
// of the most specific range that contains it. An absent header accepts every type. Invalid ranges
// are ignored.
func Quality(header, contentType string) int {
	if strings.TrimSpace(header) == "" {
		return 1000
	}
	mediaType, _, _ := strings.Cut(contentType, ";")
	mediaType = strings.TrimSpace(mediaType)
	mainType, _, _ := strings.Cut(mediaType, "/")
	q, specificity := 0, 0
	for item := range strings.SplitSeq(header, ",") {
		mediaRange, params, _ := strings.Cut(item, ";")
		mediaRange = strings.TrimSpace(mediaRange)
		level := 0
		switch {
		case strings.EqualFold(mediaRange, mediaType):
			level = 3
		case len(mediaRange) == len(mainType)+2 && strings.HasSuffix(mediaRange, "/*") &&
			strings.EqualFold(mediaRange[:len(mainType)], mainType):
			level = 2
		case mediaRange == "*/*":
			level = 1
		}
		if weight, ok := weightOf(params); ok && level > specificity {
			q, specificity = weight, level
		}
	}
	return q
}

// weightOf returns the q parameter in thousandths, or 1000 if it is missing (RFC 9110, Section
// 12.4.2).
func weightOf(params string) (weight int, ok bool) {
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(param), "=")
		if strings.EqualFold(name, "q") {
			return parseWeight(value)
		}
	}
	return 1000, true
}

// parseWeight parses a qvalue: 0 or 1, with up to three decimal digits.
func parseWeight(s string) (weight int, ok bool) {
	whole, digits, _ := strings.Cut(s, ".")
	if whole != "0" && whole != "1" || len(digits) > 3 {
		return 0, false
	}
	weight = int(whole[0]-'0') * 1000
	for i, unit := 0, 100; i < len(digits); i, unit = i+1, unit/10 {
		if digits[i] < '0' || digits[i] > '9' {
			return 0, false
		}
		weight += int(digits[i]-'0') * unit
	}
	return weight, weight <= 1000
}

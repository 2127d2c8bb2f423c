package validatoradapter

import (
	"reflect"
	"regexp"
	"strings"

	"github.com/go-playground/validator/v10"
)

// sentence says in English what a rule wants, without the names that things have
// in Go, which the validator's own text has.
func sentence(f validator.FieldError) string {
	switch tag, param := f.Tag(), f.Param(); tag {
	case "required":
		return "This field is required."
	case "min", "gte":
		return "Must " + have(f) + "at least " + amount(f) + "."
	case "max", "lte":
		return "Must " + have(f) + "at most " + amount(f) + "."
	case "gt":
		if param == "" { // of a time
			return "Must be in the future."
		}
		return "Must " + have(f) + "more than " + amount(f) + "."
	case "lt":
		if param == "" {
			return "Must be in the past."
		}
		return "Must " + have(f) + "less than " + amount(f) + "."
	case "len", "eq":
		return "Must " + have(f) + amount(f) + "."
	case "ne":
		return "Must not be " + param + "."
	case "oneof", "oneofci":
		values := strings.Join(quotedOrNot.FindAllString(param, -1), ", ")
		return "Must be one of: " + strings.ReplaceAll(values, "'", "") + "."
	case "unique":
		return "Must not have anything twice."
	case "excluded_if", "excluded_unless", "excluded_with", "excluded_with_all", "excluded_without", "excluded_without_all":
		return "This field must be absent."
	default:
		if strings.HasPrefix(tag, "required_") {
			return "This field is required."
		}
		if what, ok := formats[tag]; ok {
			return "Must be " + what + "."
		}
		if strings.HasSuffix(tag, "field") { // whose name param has, in Go
			return "Does not go with another field."
		}
		return "Does not satisfy the rule " + tag + "."
	}
}

// quotedOrNot is one of the values of oneof.
var quotedOrNot = regexp.MustCompile(`'[^']*'|\S+`)

// formats are the rules that demand a format.
var formats = map[string]string{
	"alpha": "only letters", "alphanum": "only letters and digits", "ascii": "only ASCII characters",
	"base64": "base64", "boolean": "a boolean", "cidr": "an address range in CIDR notation",
	"datetime": "a date and time", "e164": "a phone number in E.164 format", "email": "an email address",
	"fqdn": "a domain name", "hexadecimal": "hexadecimal", "hexcolor": "a hex colour", "hostname": "a host name",
	"http_url": "an HTTP URL", "ip": "an IP address", "ipv4": "an IPv4 address", "ipv6": "an IPv6 address",
	"iso3166_1_alpha2": "a country code", "iso4217": "a currency code", "json": "JSON", "jwt": "a JSON Web Token",
	"latitude": "a latitude", "longitude": "a longitude", "lowercase": "in lower case", "mac": "a MAC address",
	"number": "a number", "numeric": "a number", "semver": "a semantic version", "timezone": "a time zone",
	"uppercase": "in upper case", "uri": "a URI", "url": "a URL", "uuid": "a UUID", "uuid4": "a UUID of version 4",
}

// have returns the verb that goes with what a rule measures, and amount the measure.
func have(f validator.FieldError) string {
	if unit(f) == "" {
		return "be "
	}
	return "have "
}

func amount(f validator.FieldError) string {
	switch {
	case unit(f) == "":
		return f.Param()
	case f.Param() == "1":
		return "1 " + unit(f)
	}
	return f.Param() + " " + unit(f) + "s"
}

// unit returns what is counted in a value of the kind; nothing for numbers.
func unit(f validator.FieldError) string {
	switch f.Kind() {
	case reflect.String:
		if f.Tag() == "eq" {
			return "" // it compares the text
		}
		return "character"
	case reflect.Slice, reflect.Array, reflect.Map:
		return "element"
	}
	return ""
}

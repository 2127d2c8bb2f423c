package validatoradapter

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-playground/validator/v10"
)

// A failure is a failed rule with the types that its message needs.
type failure struct {
	validator.FieldError
	typ    reflect.Type // of the value, without pointers; nil if unknown
	parent reflect.Type // the struct with the field, which also has the other field; or nil
}

// describe returns an English message for f and its parameters. Unlike the text of the validator,
// the message has the JSON names of fields. It never has the value from the client.
func (f failure) describe() (message string, params map[string]any) {
	rule, param := f.ActualTag(), f.Param()
	switch rule {
	case "required":
		return "This field is required.", nil
	case "min", "gte":
		if param == "" { // of a time
			return "Must not be in the past.", f.bound("min")
		}
		return "Must " + f.verb() + "at least " + f.amount() + ".", f.bound("min")
	case "max", "lte":
		if param == "" {
			return "Must not be in the future.", f.bound("max")
		}
		return "Must " + f.verb() + "at most " + f.amount() + ".", f.bound("max")
	case "gt":
		if param == "" {
			return "Must be in the future.", f.bound("min")
		}
		return "Must " + f.verb() + "more than " + f.amount() + ".", f.bound("min")
	case "lt":
		if param == "" {
			return "Must be in the past.", f.bound("max")
		}
		return "Must " + f.verb() + "less than " + f.amount() + ".", f.bound("max")
	case "len", "eq":
		message = "Must " + f.verb() + f.amount() + "."
		if f.unit() != "" {
			return message, f.bound("length")
		}
		return message, map[string]any{"expected": f.literal(param)}
	case "ne":
		message = "Must not " + f.verb() + f.amount() + "."
		return message, map[string]any{"excluded": f.literal(param)}
	case "oneof", "oneofci":
		texts := words(param)
		choices := make([]any, len(texts))
		for i, text := range texts {
			choices[i] = f.literal(text)
		}
		message = "Must be one of: " + strings.Join(texts, ", ") + "."
		return message, map[string]any{"choices": choices}
	case "unique":
		switch {
		case param == "":
			return "Must not contain duplicates.", nil
		case isList(f.typ):
			name := jsonPath(f.typ.Elem(), param)
			message = "Must not contain duplicates of field " + strconv.Quote(name) + "."
			return message, map[string]any{"field": name}
		}
		return f.conflict()
	case "skip_unless":
		condition, params := f.condition("if")
		return "This field is required" + condition + ".", params
	}
	subject, condition, _ := strings.Cut(rule, "_")
	switch {
	case strings.Contains(rule, "|"): // the last rule's parameter alone would be misleading
		return "Does not satisfy the rule " + f.Tag() + ".", nil
	case subject == "required" && condition != "":
		text, params := f.condition(condition)
		return "This field is required" + text + ".", params
	case subject == "excluded" && condition != "":
		text, params := f.condition(condition)
		return "This field must be absent" + text + ".", params
	case param != "" && comparesFields(rule):
		return f.conflict()
	case formats[rule] != "":
		return "Must be " + formats[rule] + ".", f.other()
	}
	return "Does not satisfy the rule " + f.Tag() + ".", f.other()
}

// comparesFields reports whether the parameter of rule is the name of another field.
func comparesFields(rule string) bool {
	return strings.HasSuffix(rule, "field") || rule == "fieldcontains" || rule == "fieldexcludes"
}

// formats has what the rules without a sentence of their own require.
var formats = map[string]string{
	"alpha":            "only letters",
	"alphanum":         "only letters and digits",
	"ascii":            "only ASCII characters",
	"base64":           "base64",
	"boolean":          "a boolean",
	"cidr":             "an address range in CIDR notation",
	"datetime":         "a date and time",
	"e164":             "a phone number in E.164 format",
	"email":            "an email address",
	"fqdn":             "a domain name",
	"hexadecimal":      "hexadecimal",
	"hexcolor":         "a hex colour",
	"hostname":         "a host name",
	"http_url":         "an HTTP URL",
	"ip":               "an IP address",
	"ipv4":             "an IPv4 address",
	"ipv6":             "an IPv6 address",
	"iso3166_1_alpha2": "a country code",
	"iso4217":          "a currency code",
	"json":             "JSON",
	"jwt":              "a JSON Web Token",
	"latitude":         "a latitude",
	"longitude":        "a longitude",
	"lowercase":        "in lower case",
	"mac":              "a MAC address",
	"number":           "a number",
	"numeric":          "a number",
	"semver":           "a semantic version",
	"timezone":         "a time zone",
	"uppercase":        "in upper case",
	"uri":              "a URI",
	"url":              "a URL",
	"uuid":             "a UUID",
	"uuid4":            "a UUID of version 4",
}

// conflict describes a rule about one other field.
func (f failure) conflict() (message string, params map[string]any) {
	name := jsonPath(f.parent, f.Param())
	return "Conflicts with field " + strconv.Quote(name) + ".", map[string]any{"other": name}
}

// condition describes the condition of the rules required_… and excluded_….
func (f failure) condition(name string) (text string, params map[string]any) {
	fields := words(f.Param())
	var values []string
	if name == "if" || name == "unless" { // the parameter is pairs of a field and a value
		pairs := fields
		fields = nil
		for i := 0; i+1 < len(pairs); i += 2 {
			fields, values = append(fields, pairs[i]), append(values, pairs[i+1])
		}
	}
	quoted := make([]string, len(fields))
	for i := range fields {
		fields[i] = jsonPath(f.parent, fields[i])
		quoted[i] = "field " + strconv.Quote(fields[i])
		if values != nil {
			quoted[i] += " is " + values[i]
		}
	}
	verb := " is "
	if len(fields) > 1 {
		verb = " are "
	}
	switch name {
	case "if":
		text = " if " + strings.Join(quoted, " and ")
	case "unless":
		text = " unless " + strings.Join(quoted, " or ")
	case "with":
		text = " if " + strings.Join(quoted, " or ") + " is present"
	case "with_all":
		text = " if " + strings.Join(quoted, " and ") + verb + "present"
	case "without":
		text = " if " + strings.Join(quoted, " or ") + " is absent"
	case "without_all":
		text = " if " + strings.Join(quoted, " and ") + verb + "absent"
	default: // a rule of the program
		return "", f.other()
	}
	params = map[string]any{"others": fields}
	if values != nil {
		params["values"] = values
	}
	return text, params
}

// other returns the parameter of a rule without names for its parameters.
func (f failure) other() map[string]any {
	if f.Param() == "" {
		return nil
	}
	return map[string]any{"param": f.Param()}
}

// bound returns the parameters of a rule that limits a number, a time or a length.
func (f failure) bound(name string) map[string]any {
	params := map[string]any{}
	if f.Param() != "" {
		params[name] = number(f.Param())
	}
	if f.unit() != "" {
		params["count"] = params[name]
	}
	switch f.kind() {
	case reflect.String:
		params["of"] = "string"
	case reflect.Slice, reflect.Array, reflect.Map:
		params["of"] = "items"
	case reflect.Struct:
		params["of"] = "datetime"
	case reflect.Invalid, reflect.Interface: // nil
	default:
		params["of"] = "number"
		if f.typ == reflect.TypeFor[time.Duration]() {
			params["of"] = "duration"
		}
	}
	if rule := f.ActualTag(); rule == "gt" || rule == "lt" {
		params["exclusive"] = true
	}
	return params
}

// literal returns a value in a rule as a value of the kind of the field.
func (f failure) literal(text string) any {
	switch kind := f.kind(); {
	case kind == reflect.Bool:
		return text == "true"
	case kind >= reflect.Int && kind <= reflect.Float64, isList(f.typ):
		return number(text)
	}
	return text
}

// number returns an int64 or a float64, or text if neither is exact in JSON.
func number(text string) any {
	const maxExact = 1 << 53
	if i, err := strconv.ParseInt(text, 0, 64); err == nil {
		if -maxExact <= i && i <= maxExact {
			return i
		}
		return text
	}
	if x, err := strconv.ParseFloat(text, 64); err == nil && math.Abs(x) <= maxExact {
		return x
	}
	return text
}

// words returns the values of a rule such as oneof. Quotes enclose values with spaces.
func words(param string) []string {
	found := wordOrQuoted.FindAllString(param, -1)
	for i := range found {
		found[i] = strings.ReplaceAll(found[i], "'", "")
	}
	return found
}

var wordOrQuoted = regexp.MustCompile(`'[^']*'|\S+`)

// verb returns "have " for values that a rule counts, and "be " for the others.
func (f failure) verb() string {
	if f.unit() == "" {
		return "be "
	}
	return "have "
}

// amount returns the parameter with its unit.
func (f failure) amount() string {
	switch {
	case f.unit() == "":
		return f.Param()
	case f.Param() == "1":
		return "1 " + f.unit()
	}
	return fmt.Sprintf("%s %ss", f.Param(), f.unit())
}

// unit returns the name of what the rule counts in the value. It is empty if the rule compares the
// value itself.
func (f failure) unit() string {
	switch {
	case isList(f.typ):
		return "element"
	case f.kind() == reflect.String && f.ActualTag() != "eq" && f.ActualTag() != "ne":
		return "character"
	}
	return ""
}

// isList reports whether t is a slice, an array or a map. t may be nil.
func isList(t reflect.Type) bool {
	if t == nil {
		return false
	}
	kind := t.Kind()
	return kind == reflect.Slice || kind == reflect.Array || kind == reflect.Map
}

// kind returns the kind of the value, also if it is a nil pointer.
func (f failure) kind() reflect.Kind {
	if f.typ == nil {
		return reflect.Invalid
	}
	return f.typ.Kind()
}

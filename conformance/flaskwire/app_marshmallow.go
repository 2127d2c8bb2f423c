package flaskwire

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/errjson/shapes"
	"github.com/hipflask/hipflask/status"
)

var _ = register(&app{
	name:  "marshmallow",
	build: marshmallow,
	texts: regexp.MustCompile(`^qty 9 needs kind a$|^must be a whole number$`),
})

// marshmallow validates bodies as its schemas do: every fault at once, by field.
func marshmallow() service {
	type schema struct {
		Name  string  `json:"name" required:"true"`
		Price float64 `json:"price" required:"true"`
	}
	load := bodyjson.Lazy(bodyjson.Config{DisallowUnknownFields: true})
	exclude := bodyjson.Lazy(bodyjson.Config{})
	in := func(mw func(http.Handler) http.Handler, path string, fn view) route {
		return route{path, mw(status.Resource{Post: status.Handler(fn)})}
	}
	enrich := func(r *http.Request) (any, error) {
		v, err := bodyjson.Get[rich](r)
		if !v.Default.Set {
			v.Default = bodyjson.Optional[string]{Value: "dflt", Set: true}
		}
		return v, err
	}
	return service{
		errs: errjson.Config{Rules: []errjson.Rule{errjson.OnStatus(http.StatusUnprocessableEntity, errMessages)}},
		routes: []route{
			in(load, "/api/items", func(r *http.Request) (any, error) {
				v, err := bodyjson.Get[schema](r)
				return status.Created(item{1, v.Name, v.Price}, ""), err
			}),
			in(load, "/rich", enrich),
			in(exclude, "/rich-exclude", enrich),
			in(load, "/many", func(r *http.Request) (any, error) { return bodyjson.Get[[]schema](r) }),
			in(load, "/partial", func(r *http.Request) (any, error) { return bodyjson.Get[partial](r) }),
		},
	}
}

// errMessages is the body {"errors": err.messages}.
func errMessages(_ *http.Request, e *errjson.Error) any {
	return object{"errors": shapes.Messages(e)}
}

// partial has fields that may be absent, but not null.
type partial struct {
	Name  bodyjson.Optional[string]  `json:"name,omitzero" notnull:"true"`
	Price bodyjson.Optional[float64] `json:"price,omitzero" notnull:"true"`
}

type address struct {
	City string                    `json:"city" required:"true"`
	Zip  bodyjson.Optional[string] `json:"zip,omitzero"`
}

// rich is the wider schema. Optional tells what is absent from what is null.
type rich struct {
	Name    string                       `json:"name" required:"true"`
	Qty     bodyjson.Optional[int]       `json:"qty,omitzero" notnull:"true"`
	Loose   bodyjson.Optional[int]       `json:"loose,omitzero" notnull:"true"`
	Email   bodyjson.Optional[string]    `json:"email,omitzero" notnull:"true"`
	URL     bodyjson.Optional[string]    `json:"url,omitzero" notnull:"true"`
	When    bodyjson.Optional[time.Time] `json:"when,omitzero" notnull:"true"`
	Day     bodyjson.Optional[date]      `json:"day,omitzero" notnull:"true"`
	Flag    bodyjson.Optional[bool]      `json:"flag,omitzero" notnull:"true"`
	Kind    bodyjson.Optional[string]    `json:"kind,omitzero" notnull:"true"`
	Tags    bodyjson.Optional[[]string]  `json:"tags,omitzero" notnull:"true"`
	Address bodyjson.Optional[address]   `json:"address,omitzero" notnull:"true"`
	UID     bodyjson.Optional[uuidText]  `json:"uid,omitzero" notnull:"true"`
	Amount  bodyjson.Optional[amount]    `json:"amount,omitzero" notnull:"true"`
	Nick    bodyjson.Optional[string]    `json:"nick,omitzero"`
	Default bodyjson.Optional[string]    `json:"deflt,omitzero" notnull:"true"`
	Renamed bodyjson.Optional[string]    `json:"re-named,omitzero" notnull:"true"`
	Msg     bodyjson.Optional[any]       `json:"msg,omitzero" notnull:"true"` // any, to say it in its own words
}

var zipCode = regexp.MustCompile(`^\d{5}$`)

// Validate has what types do not say.
func (v rich) Validate() error {
	var faults []error
	check := func(ok bool, pointer, message string) {
		if !ok {
			faults = append(faults, errjson.FieldError{Pointer: pointer, Message: message})
		}
	}
	if v.Msg.Set {
		n, isNumber := v.Msg.Value.(float64)
		check(isNumber && n == math.Trunc(n), "/msg", "must be a whole number")
	}
	check(len(v.Name) >= 1 && len(v.Name) <= 5, "/name", "Must have 1 to 5 characters.")
	check(v.Qty.Value >= 0 && v.Qty.Value <= 10, "/qty", "Must be 0 to 10.")
	if v.Email.Set {
		_, err := mail.ParseAddress(v.Email.Value)
		check(err == nil, "/email", "Must be an email address.")
	}
	if v.URL.Set {
		u, err := url.Parse(v.URL.Value)
		check(err == nil && u.Host != "", "/url", "Must be a URL.")
	}
	if v.Kind.Set {
		check(slices.Contains([]string{"a", "b"}, v.Kind.Value), "/kind", "Must be a or b.")
	}
	if zip := v.Address.Value.Zip; zip.Set {
		check(zipCode.MatchString(zip.Value), "/address/zip", "Must be five digits.")
	}
	if len(faults) == 0 && v.Qty.Value == 9 && v.Kind.Value == "b" {
		check(false, "", "qty 9 needs kind a")
	}
	return errors.Join(faults...)
}

// A date, a uuidText and an amount are the types of a day, a UUID and money that
// a service has, or takes from a library.
type (
	date     struct{ time.Time }
	uuidText string
	amount   string
)

func (d *date) UnmarshalText(b []byte) (err error) {
	d.Time, err = time.Parse(time.DateOnly, string(b))
	return err
}

func (d date) MarshalText() ([]byte, error) { return []byte(d.Format(time.DateOnly)), nil }

// MarshalJSON hides that of time.Time.
func (d date) MarshalJSON() ([]byte, error) { return json.Marshal(d.Format(time.DateOnly)) }

// UnmarshalJSON hides that of time.Time.
func (d *date) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	return d.UnmarshalText([]byte(text))
}

var uuidPattern = regexp.MustCompile(`^[0-9a-f]{32}$`)

func (u *uuidText) UnmarshalText(b []byte) error {
	hex := strings.ReplaceAll(strings.ToLower(string(b)), "-", "")
	if !uuidPattern.MatchString(hex) {
		return errors.New("not a UUID")
	}
	*u = uuidText(strings.Join([]string{hex[:8], hex[8:12], hex[12:16], hex[16:20], hex[20:]}, "-"))
	return nil
}

func (u uuidText) MarshalText() ([]byte, error) { return []byte(u), nil }

var amountPattern = regexp.MustCompile(`^-?\d+(\.\d+)?$`)

// UnmarshalJSON takes the digits of a number or of a text.
func (a *amount) UnmarshalJSON(b []byte) error {
	*a = amount(strings.Trim(string(b), `"`))
	if !amountPattern.MatchString(string(*a)) {
		return errors.New("not an amount")
	}
	return nil
}

package bodyjson

import (
	"cmp"
	"context"
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A plan is what must be known of a type to check a document against it: the
// fields by their JSON names, and what is required. The decoder has the like,
// but keeps it to itself.
type plan struct {
	typ   reflect.Type
	shape shape
	elem  *plan // of an array, a map, a pointer, an Optional

	fields   []field
	byName   map[string]*field
	required uint64 // a bit for each of the first 64 fields
	folds    bool   // some fields match names of another case
	rest     *plan  // for names without a field; nil if there is none

	refusesNull bool  // null is no value of it, as the whole body or an element
	checks      bool  // something in it is required
	notNull     bool  // some element or field in it refuses null, although it is not required
	numbers     bool  // it is, or something in it is, a json.Number
	byDecoder   bool  // the plainReader leaves it to the decoder
	delegates   bool  // it does so with something in it
	fromText    bool  // the plainReader calls its UnmarshalText
	validates   bool  // it has a Validate method
	fault       error // why no JSON can be decoded as it
}

type shape int

const (
	scalar  shape = iota // decided by the decoder alone
	custom               // has its own unmarshal method
	dynamic              // an empty interface
	object               // a struct
	dictionary
	list
	pointer
	optional
)

// A field is one that has a JSON name of its own.
type field struct {
	name     string
	at       int   // among the fields of the plan
	index    []int // as for reflect.Value.FieldByIndex
	plan     *plan
	required string // what to say if it is absent; empty if it may be
	notNull  string // what to say if it is null; empty if it may be
	tagged   bool   // the name is from the tag
	quoted   bool   // numbers are in strings: json:",string"
	anyCase  bool   // json:",case:ignore"
	oneCase  bool   // json:",case:strict"
	unusual  bool   // it has an option that changes what JSON it takes
}

var plans sync.Map // of *plan, by reflect.Type

// planOf returns the plan of t, which is shared.
func planOf(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	b := planner{}
	root := b.plan(t)
	b.propagate()
	method := t
	if t.Kind() != reflect.Pointer {
		method = reflect.PointerTo(t)
	}
	root.validates = method.Implements(reflect.TypeFor[interface{ Validate() error }]()) ||
		method.Implements(reflect.TypeFor[interface{ Validate(context.Context) error }]())
	p, _ := plans.LoadOrStore(t, root)
	return p.(*plan)
}

// A planner makes the plans of a type and of all within, which may be recursive.
type planner map[reflect.Type]*plan

func (b planner) plan(t reflect.Type) *plan {
	if p, ok := b[t]; ok {
		return p
	}
	p := &plan{typ: t}
	b[t] = p
	switch kind := t.Kind(); {
	case implements[optionalType](t):
		p.shape, p.elem = optional, b.plan(t.Field(optionalValue).Type)
	case t == numberType:
		p.numbers = true
	case isCustom(t):
		p.shape = custom
	case kind == reflect.Pointer:
		p.shape, p.elem = pointer, b.plan(t.Elem())
	case kind == reflect.Struct && t != reflect.TypeFor[time.Time]():
		p.shape = object
		p.probe(`{}`)
		b.addFields(p)
	case kind == reflect.Map:
		p.shape, p.elem = dictionary, b.plan(t.Elem())
		p.fault = b.plan(t.Key()).nameFault()
	case (kind == reflect.Slice || kind == reflect.Array) && t.Elem() != reflect.TypeFor[byte]():
		p.shape, p.elem = list, b.plan(t.Elem())
	case kind == reflect.Interface && t.NumMethod() == 0:
		p.shape = dynamic
	case kind == reflect.Interface:
		p.fault = fmt.Errorf("the interface %v has no type to decode into", t)
	default:
		p.probe(`null`)
	}
	switch p.shape {
	case scalar:
		kind := t.Kind()
		p.fromText = t == reflect.TypeFor[time.Time]()
		p.byDecoder = !p.fromText && (p.numbers || kind > reflect.Float64 && kind != reflect.String)
	case custom:
		p.fromText = !decodesItself(t)
		p.byDecoder = !p.fromText
	case dictionary:
		p.byDecoder = t.Key().Kind() != reflect.String || isCustom(t.Key())
	case dynamic:
		p.byDecoder = t != reflect.TypeFor[any]() // UseNumber is not for others
	case list:
		p.byDecoder = t.Kind() == reflect.Array
	}
	switch p.shape {
	case pointer, optional, dynamic:
	case custom: // it sees null itself, unless it is made from text only
		p.refusesNull = !decodesItself(t)
	default:
		p.refusesNull = true
	}
	return p
}

// probe finds out whether the decoder refuses the type as such.
func (p *plan) probe(data string) {
	if err := json.Unmarshal([]byte(data), reflect.New(p.typ).Interface()); err != nil {
		p.fault = err
	}
}

// nameFault returns why the name of a member cannot be decoded as p's type, if so.
func (p *plan) nameFault() error {
	for p.shape == pointer {
		p = p.elem
	}
	if p.shape == object || p.shape == dictionary || p.shape == list || p.typ.Kind() == reflect.Bool && p.shape == scalar {
		return fmt.Errorf("no name is a %v, to be a key", p.typ)
	}
	return p.fault
}

// propagate gives each plan what holds for the plans within.
func (b planner) propagate() {
	for changed := true; changed; {
		changed = false
		for _, p := range b {
			before := *p
			take := func(q *plan) {
				if q != nil {
					p.checks = p.checks || q.checks
					p.notNull = p.notNull || q.notNull
					p.numbers = p.numbers || q.numbers
					p.delegates = p.delegates || q.delegates || q.byDecoder
					p.fault = cmp.Or(p.fault, q.fault)
				}
			}
			take(p.elem)
			take(p.rest)
			switch p.shape {
			case list, dictionary:
				p.notNull = p.notNull || p.elem.refusesNull
				p.byDecoder = p.byDecoder || p.delegates // at once, and not one by one
			case object:
				p.notNull = p.notNull || p.rest != nil && p.rest.refusesNull
			}
			for i := range p.fields {
				p.checks = p.checks || p.fields[i].required != ""
				p.notNull = p.notNull || p.fields[i].notNull != ""
				take(p.fields[i].plan)
			}
			changed = changed || before.checks != p.checks || before.notNull != p.notNull || before.numbers != p.numbers ||
				before.delegates != p.delegates || before.byDecoder != p.byDecoder || before.fault != p.fault
		}
	}
}

// isCustom reports whether a type has its own unmarshal method. time.Time has one
// that is known.
func isCustom(t reflect.Type) bool {
	return t != reflect.TypeFor[time.Time]() &&
		(decodesItself(t) || implements[encoding.TextUnmarshaler](t))
}

// decodesItself reports whether a type's own method gets the JSON, and not only a text.
func decodesItself(t reflect.Type) bool {
	return implements[json.UnmarshalerFrom](t) || implements[json.Unmarshaler](t)
}

func implements[I any](t reflect.Type) bool {
	return t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface &&
		reflect.PointerTo(t).Implements(reflect.TypeFor[I]())
}

// addFields finds the fields of a struct as the decoder does: breadth first
// through the embedded structs; of equal names the shallowest wins, then the one
// that has the name from its tag, and none if that leaves several.
func (b planner) addFields(p *plan) {
	type level struct {
		typ    reflect.Type
		index  []int
		embeds bool // look into the structs that are embedded in it
	}
	queue := []level{{p.typ, nil, true}}
	seen := map[reflect.Type]bool{p.typ: true}
	var all, rests []field
	for len(queue) > 0 {
		l := queue[0]
		queue = queue[1:]
		for i := range l.typ.NumField() {
			sf := l.typ.Field(i)
			f, embedded, ok := parseTag(sf)
			if !ok {
				continue
			}
			f.index = append(slices.Clip(slices.Clone(l.index)), i)
			inner := sf.Type
			if inner.Kind() == reflect.Pointer && inner.Name() == "" {
				inner = inner.Elem()
			}
			switch {
			case !embedded:
				f.plan = b.plan(sf.Type)
				if f.quoted && !f.plan.takesQuotes() {
					p.fault = fmt.Errorf("%v: the tag of %s has the option string, which is for numbers", l.typ, sf.Name)
				}
				all = append(all, f)
			case inner == reflect.TypeFor[jsontext.Value]():
				f.plan = b.plan(inner)
				rests = append(rests, f)
			case inner.Kind() == reflect.Map:
				f.plan = b.plan(inner.Elem())
				rests = append(rests, f)
			case inner.Kind() == reflect.Struct:
				if inner != sf.Type && !sf.IsExported() {
					p.fault = fmt.Errorf("%v: a pointer to an unexported struct cannot be embedded", l.typ)
				}
				if l.embeds {
					queue = append(queue, level{inner, f.index, !seen[inner]})
				}
				seen[inner] = true
			}
		}
	}
	if n := len(rests); n == 1 || n > 1 && len(rests[0].index) < len(rests[1].index) {
		p.rest = rests[0].plan
	}

	slices.SortStableFunc(all, func(x, y field) int {
		byTag := 0
		if x.tagged != y.tagged {
			byTag = 1
			if x.tagged {
				byTag = -1
			}
		}
		return cmp.Or(cmp.Compare(x.name, y.name), cmp.Compare(len(x.index), len(y.index)), byTag)
	})
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].name == all[0].name {
			n++
		}
		if n == 1 || len(all[0].index) != len(all[1].index) || all[0].tagged != all[1].tagged {
			p.fields = append(p.fields, all[0])
		}
		all = all[n:]
	}
	slices.SortFunc(p.fields, func(x, y field) int { return slices.Compare(x.index, y.index) })
	p.byName = make(map[string]*field, len(p.fields))
	p.byDecoder = p.rest != nil || len(p.fields) > 64
	for i := range p.fields {
		f := &p.fields[i]
		f.at = i
		p.byName[f.name] = f
		if f.required != "" {
			p.required |= 1 << i
		}
		p.folds = p.folds || f.anyCase
		p.byDecoder = p.byDecoder || f.unusual || throughPointer(p.typ, f.index)
	}
}

// throughPointer reports whether the way to a field leads through embedded pointers.
func throughPointer(t reflect.Type, index []int) bool {
	for _, i := range index[:len(index)-1] {
		t = t.Field(i).Type
		if t.Kind() == reflect.Pointer {
			return true
		}
	}
	return false
}

// takesQuotes reports whether the decoder takes a value in a string, as the option
// string in a tag wants it. It would find out no earlier than in a body.
func (p *plan) takesQuotes() bool {
	for p.shape == pointer {
		p = p.elem
	}
	switch kind := p.typ.Kind(); p.shape {
	case custom, optional:
		return true
	case scalar:
		return kind >= reflect.Int && kind <= reflect.Float64
	}
	return false
}

// parseTag reads the tags of a field. It reports whether the members of the
// field's value are taken for those of the struct, and whether the field is one
// of JSON at all.
func parseTag(sf reflect.StructField) (f field, embedded, ok bool) {
	tag := sf.Tag.Get("json")
	if tag == "-" || !sf.IsExported() && !sf.Anonymous {
		return f, false, false
	}
	name, options, _ := strings.Cut(tag, ",")
	f.name, f.tagged = cmp.Or(name, sf.Name), name != ""
	f.unusual = !sf.IsExported()
	for option := range strings.SplitSeq(options, ",") {
		f.unusual = f.unusual || option != "" && option != "omitzero" && option != "omitempty"
		switch option {
		case "string":
			f.quoted = true
		case "embed":
			embedded = true
		case "case:ignore":
			f.anyCase = true
		case "case:strict":
			f.oneCase = true
		}
	}
	f.required = demand(sf.Tag.Get("required"), "This field is required.")
	f.notNull = demand(sf.Tag.Get("notnull"), mustNotBeNull)
	return f, embedded || sf.Anonymous && !f.tagged, true
}

// demand returns what a tag has a client told, or nothing if it demands nothing.
func demand(tag, text string) string {
	switch tag {
	case "", "false":
		return ""
	case "true":
		return text
	}
	return tag
}

// find returns the field that a member's name stands for, and whether there are
// several, of which the decoder refuses to choose.
func (p *plan) find(name string, c *config) (f *field, several bool) {
	if f := p.byName[name]; f != nil {
		return f, false
	}
	// Another decoder has rules of its own, which are mostly these.
	folds := c.MatchCaseInsensitiveNames || c.Unmarshal != nil
	if !p.folds && !folds {
		return nil, false
	}
	for i := range p.fields {
		g := &p.fields[i]
		if (g.anyCase || folds && !g.oneCase) && strings.EqualFold(undashed(name), undashed(g.name)) {
			if f != nil {
				return f, true
			}
			f = g
		}
	}
	return f, false
}

var dashes = strings.NewReplacer("-", "", "_", "")

func undashed(name string) string { return dashes.Replace(name) }

// doubtful reports whether v, which was decoded, leaves something to be looked up in
// the body: whether a required field that is zero was so there, or null, or absent;
// and, if there are nulls in the body, whether one is where none may be.
func (p *plan) doubtful(v reflect.Value, nulls bool) bool {
	if !p.checks && !(nulls && p.notNull) {
		return false
	}
	switch p.shape {
	case object:
		if p.rest != nil && (p.rest.checks || nulls && (p.rest.notNull || p.rest.refusesNull)) {
			return true
		}
		for i := range p.fields {
			f := &p.fields[i]
			if f.required == "" && !f.plan.checks && !(nulls && (f.notNull != "" || f.plan.notNull)) {
				continue
			}
			// Where an embedded pointer is nil, so are the fields behind it.
			fv, err := v.FieldByIndexErr(f.index)
			if err != nil {
				if f.required != "" {
					return true
				}
				continue
			}
			switch {
			case f.required != "" && fv.IsZero(),
				nulls && (f.required != "" || f.notNull != "") && f.plan.maybeNull(fv),
				f.plan.doubtful(fv, nulls):
				return true
			}
		}
	case list:
		for i := range v.Len() {
			if p.elem.doubtfulElement(v.Index(i), nulls) {
				return true
			}
		}
	case dictionary:
		for i := v.MapRange(); i.Next(); {
			if p.elem.doubtfulElement(i.Value(), nulls) {
				return true
			}
		}
	case pointer:
		return !v.IsNil() && p.elem.doubtful(v.Elem(), nulls)
	case optional:
		there := v.Field(optionalSet).Bool() && !v.Field(optionalNull).Bool()
		return there && p.elem.doubtful(v.Field(optionalValue), nulls)
	}
	return false
}

func (p *plan) doubtfulElement(v reflect.Value, nulls bool) bool {
	return nulls && p.refusesNull && p.maybeNull(v) || p.doubtful(v, nulls)
}

// maybeNull reports whether v may have come from null.
func (p *plan) maybeNull(v reflect.Value) bool {
	switch p.shape {
	case optional:
		return v.Field(optionalNull).Bool()
	case custom: // whose method may make anything of null
		return true
	}
	return v.IsZero()
}

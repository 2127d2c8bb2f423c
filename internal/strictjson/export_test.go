package strictjson

import "reflect"

// DecodeV2 decodes data into v with the v2 decoder alone.
func (o *Options) DecodeV2(data []byte, t *Type, v any) error {
	t.SetDefaults(v)
	return o.decodeV2(data, t, reflect.ValueOf(v).Elem())
}

// DecodeFast reports whether the fast decoder decodes data into v.
func (o *Options) DecodeFast(data []byte, t *Type, v any) bool {
	t.SetDefaults(v)
	return !t.has(slow) && !o.AllowDuplicateNames && !o.MatchCaseInsensitiveNames &&
		(&fastDecoder{scanner: scanner{data: data}, options: o}).decode(t, reflect.ValueOf(v).Elem())
}

// Check returns the Report of the checker alone, or nil.
func (o *Options) Check(data []byte, t *Type) error {
	c := checker{options: o, scanner: scanner{data: data}}
	if err := c.checkSyntax(); err != nil {
		return err
	}
	return c.check(t)
}

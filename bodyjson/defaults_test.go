package bodyjson_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/hipflask/hipflask/bodyjson"
)

type retry struct {
	Max   int    `json:"max"`
	Delay string `json:"delay"`
}

func (r *retry) SetDefaults() { *r = retry{Max: 3, Delay: "1s"} }

type level int

func (l *level) SetDefaults() { *l = 7 }

// settings has defaults of each kind. The v2 decoder decodes settingsSlow with the same results.
type settings struct {
	Name  string                   `json:"name"`
	Limit int                      `json:"limit" required:"true"`
	On    bool                     `json:"on"`
	Level level                    `json:"level"`
	Retry retry                    `json:"retry"`
	Other *retry                   `json:"other"`
	List  []retry                  `json:"list"`
	Pair  [2]level                 `json:"pair"`
	Map   map[string]retry         `json:"map"`
	Tags  []string                 `json:"tags"`
	Named map[string]int           `json:"named"`
	Any   any                      `json:"any"`
	Opt   bodyjson.Optional[retry] `json:"opt"`
	Ptr   *int                     `json:"ptr"`
	Raw   json.RawMessage          `json:"raw"`
}

func (s *settings) SetDefaults() {
	five := 5
	s.Name, s.Limit, s.On = "default", 20, true
	s.Retry.Delay = "2s" // replaces the default of the inner struct
	s.Other = &retry{Max: 9, Delay: "9s"}
	s.Tags, s.Named, s.Any, s.Ptr = []string{"a", "b"}, map[string]int{"a": 1}, "any", &five
}

type settingsSlow struct {
	settings
	Slow map[int]int `json:"slow,omitempty"`
}

func TestSetDefaults(t *testing.T) {
	const defaults = `"name":"default","limit":20,"on":true,"level":7,"retry":{"max":3,"delay":"2s"},"other":{"max":9,"delay":"9s"},` +
		`"list":null,"pair":[0,0],"map":null,"tags":["a","b"],"named":{"a":1},"any":"any","opt":null,"ptr":5,"raw":null`
	changed := func(changes ...string) string {
		var all map[string]json.RawMessage
		_ = json.Unmarshal([]byte("{"+defaults+"}"), &all)
		for i := 0; i < len(changes); i += 2 {
			all[changes[i]] = json.RawMessage(changes[i+1])
		}
		text, _ := json.Marshal(all)
		return string(text)
	}
	tests := []struct{ name, body, want string }{
		{"missing members", `{"limit":1}`, changed("limit", "1")},
		{"null is treated as missing", `{"limit":1,"name":null,"on":null,"level":null,"retry":null,"pair":null,"list":null,"tags":null,"named":null}`,
			changed("limit", "1")},
		{"null is a value", `{"limit":1,"other":null,"ptr":null,"any":null}`, changed("limit", "1", "other", "null", "ptr", "null", "any", "null")},
		{"present members replace", `{"limit":1,"tags":["c"],"named":{"b":2},"any":{"x":1},"ptr":1,"other":{"max":1},"name":"","on":false}`,
			changed("limit", "1", "tags", `["c"]`, "named", `{"b":2}`, "any", `{"x":1}`, "ptr", "1", "other", `{"max":1,"delay":"1s"}`, "name", `""`, "on", "false")},
		{"a nested struct keeps its defaults", `{"limit":1,"retry":{"max":1}}`, changed("limit", "1", "retry", `{"max":1,"delay":"2s"}`)},
		{"elements", `{"limit":1,"list":[{},{"max":0}],"map":{"a":{"delay":""}},"pair":[1,2]}`,
			changed("limit", "1", "list", `[{"max":3,"delay":"1s"},{"max":0,"delay":"1s"}]`, "map", `{"a":{"max":3,"delay":""}}`, "pair", "[1,2]")},
		{"an Optional", `{"limit":1,"opt":{"max":4}}`, changed("limit", "1", "opt", `{"max":4,"delay":"1s"}`)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			everyWay[settings](t, bodyjson.Config{}, func(t *testing.T, h http.Handler) {
				assert.JSONEq(t, test.want, do(h, post(test.body)).body)
			})
			assert.JSONEq(t, test.want, do(echoing[settingsSlow](bodyjson.Config{}), post(test.body)).body, "v2 decoder")
			assert.JSONEq(t, test.want, do(echoing[*settings](bodyjson.Config{}), post(test.body)).body, "pointer")
			assert.JSONEq(t, "["+test.want+"]", do(echoing[[]settings](bodyjson.Config{}), post("["+test.body+"]")).body, "element")
			assert.JSONEq(t, test.want, do(echoing[settings](bodyjson.Config{UseNumber: true, AllowDuplicateNames: true}), post(test.body)).body)
		})
	}
	t.Run("a required member must be present", func(t *testing.T) {
		assert.Equal(t, invalid(detail("/limit", "required", isRequired, 0, 1, 1)), do(echoing[settings](bodyjson.Config{}), post(`{}`)))
	})
	t.Run("many unknown names", func(t *testing.T) {
		body := `{"u1":1,"u2":1,"u3":1,"u4":1,"u5":1,"u6":1,"u7":1,"u8":1,"u9":1,"limit":1,"list":[{}]}`
		assert.JSONEq(t, changed("limit", "1", "list", `[{"max":3,"delay":"1s"}]`), do(echoing[settings](bodyjson.Config{}), post(body)).body)
	})
	t.Run("a missing body", func(t *testing.T) {
		everyWay[settings](t, bodyjson.Config{Optional: true}, func(t *testing.T, h http.Handler) {
			assert.JSONEq(t, changed(), do(h, post("")).body)
		})
	})
	t.Run("an ignored body", func(t *testing.T) {
		everyWay[settings](t, bodyjson.Config{Silent: true}, func(t *testing.T, h http.Handler) {
			assert.JSONEq(t, changed(), do(h, post(`{"limit":"x","name":"y"}`)).body)
		})
	})
	t.Run("Config.Unmarshal", func(t *testing.T) {
		h := echoing[settings](bodyjson.Config{Unmarshal: json.Unmarshal})
		assert.JSONEq(t, changed("limit", "1", "name", `"x"`), do(h, post(`{"limit":1,"name":"x"}`)).body)
	})
}

type EmbeddedRetry struct{ retry }

func (e *EmbeddedRetry) SetDefaults() { e.Max = 8 }

func TestSetDefaultsOfEmbeddedPointers(t *testing.T) {
	type holder struct {
		*EmbeddedRetry
		X int `json:"x"`
	}
	assert.JSONEq(t, `{"max":8,"delay":"","x":1}`, do(echoing[holder](bodyjson.Config{}), post(`{"x":1}`)).body)
	assert.JSONEq(t, `{"max":1,"delay":"","x":0}`, do(echoing[holder](bodyjson.Config{}), post(`{"max":1}`)).body)
}

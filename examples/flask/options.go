package flask

import (
	"encoding/json"
	"net/http"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/status"
)

func options() http.Handler {
	echo := func(_ *http.Request, data any) (any, error) { return data, nil }
	mux := http.NewServeMux()

	// force=True: whatever the Content-Type says.
	mux.Handle("POST /force", bodyjson.Handler(bodyjson.Config{Force: true}, echo))

	// silent=True: nil, and no error, for what is not JSON.
	mux.Handle("POST /silent", bodyjson.Handler(bodyjson.Config{Silent: true}, echo))

	// Both.
	mux.Handle("POST /both", bodyjson.Handler(bodyjson.Config{Force: true, Silent: true}, echo))

	// Nothing is read or parsed until the handler asks.
	mux.Handle("POST /lazy", status.Handler(func(r *http.Request) (any, error) {
		return bodyjson.Get[map[string]any](r)
	}))

	// The bytes, to be parsed by hand.
	mux.Handle("POST /raw", status.Handler(func(r *http.Request) (data any, err error) {
		raw, err := bodyjson.Bytes(r)
		if err == nil {
			err = json.Unmarshal(raw, &data)
		}
		return data, err
	}))
	return mux
}

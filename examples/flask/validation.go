package flask

import (
	"errors"
	"net/http"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/status"
)

type order struct {
	Item  string                      `json:"item" required:"true"`
	Count int                         `json:"count" required:"true"`
	Note  bodyjson.Optional[string]   `json:"note,omitzero"` // absent, null, or a text
	Tags  bodyjson.Optional[[]string] `json:"tags,omitzero"`
}

// Validate has what types do not say. All faults go into one answer.
func (o order) Validate() error {
	var faults []error
	if o.Count < 1 || o.Count > 10 {
		faults = append(faults, errjson.FieldError{Pointer: "/count", Message: "Must be 1 to 10."})
	}
	if o.Tags.Null {
		faults = append(faults, errjson.FieldError{Pointer: "/tags", Message: "Must not be null."})
	}
	return errors.Join(faults...)
}

func validation() http.Handler {
	strict := bodyjson.Config{DisallowUnknownFields: true}
	return bodyjson.Handler(strict, func(_ *http.Request, in order) (any, error) {
		return status.Created(in, ""), nil
	})
}

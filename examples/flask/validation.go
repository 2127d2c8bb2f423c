package flask

import (
	"errors"
	"net/http"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/status"
)

type order struct {
	Item  string                    `json:"item" required:"true"`
	Count int                       `json:"count" required:"true"`
	Tags  []string                  `json:"tags,omitempty" notnull:"true"` // absent, or texts
	Note  bodyjson.Optional[string] `json:"note,omitzero"`                 // absent, null, or a text
}

// Validate has what types do not say. All faults go into one answer.
func (o order) Validate() error {
	var faults []error
	if o.Count < 1 || o.Count > 10 {
		faults = append(faults, errjson.FieldError{Pointer: "/count", Message: "Must be 1 to 10."})
	}
	return errors.Join(faults...)
}

func validation() http.Handler {
	strict := bodyjson.Config{DisallowUnknownFields: true}
	return bodyjson.Handler(strict, func(_ *http.Request, in order) (any, error) {
		return status.Created(in, ""), nil
	})
}

package errjson

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Marshmallow is the shape of flask-smorest, with the faults of fields as
// [Error.Messages] groups them:
//
//	{"code":422,"status":"Unprocessable Entity",
//	 "errors":{"json":{"name":["This field is required."],"items":{"0":{"qty":["Must be an integer."]}}}}}
//
// Without such faults it is {"code":404,"status":"Not Found","message":"No item 7."}.
func Marshmallow(_ *http.Request, e *Error) (contentType string, body any) {
	type answer struct {
		Code    int            `json:"code"`
		Status  string         `json:"status"`
		Message string         `json:"message,omitempty"`
		Errors  map[string]any `json:"errors,omitempty"`
	}
	a := answer{Code: e.Status, Status: statusName(e.Status)}
	if messages := e.Messages(); messages != nil {
		a.Errors = map[string]any{"json": messages}
	} else {
		a.Message = e.Message
	}
	return "application/json", a
}

// Reqparse is the shape of Flask-RESTful's reqparse, with bundle_errors:
//
//	{"message":{"name":"This field is required.","items.0.qty":"Must be an integer."}}
//
// Without faults of fields, or for a fault of the whole body, it is
// {"message":"No item 7."}. Of several faults of one field the first is told. The
// status of reqparse is 400; a rule gives it that:
//
//	errjson.Config{Format: errjson.Reqparse, Rules: []errjson.Rule{errjson.InvalidAs(400)}}
func Reqparse(_ *http.Request, e *Error) (contentType string, body any) {
	var message any = e.Message
	if fields := e.Fields(); len(fields) > 0 && !isWholeBody(e) {
		texts := make(map[string]string, len(fields))
		for _, f := range slices.Backward(fields) {
			texts[strings.Join(pointerTokens(f.Pointer), ".")] = f.Message
		}
		message = texts
		if text, ok := texts[""]; ok && len(texts) == 1 {
			message = text
		}
	}
	return "application/json", map[string]any{"message": message}
}

// FastAPI is the shape of FastAPI and Pydantic:
//
//	{"detail":[{"type":"missing","loc":["body","items",0,"qty"],"msg":"This field is required."}]}
//
// A type is the code of the fault, but for those that have a name there too:
// missing for required, extra_forbidden for unknown_field, value_error for none, and
// json_invalid for a body that is no JSON, which has its offset for a place. A part
// of a pointer that is a number becomes an index. Without faults it is
// {"detail":"No item 7."}.
func FastAPI(_ *http.Request, e *Error) (contentType string, body any) {
	type fault struct {
		Type string `json:"type"`
		Loc  []any  `json:"loc"`
		Msg  string `json:"msg"`
	}
	fields := e.Fields()
	if len(fields) == 0 {
		return "application/json", map[string]any{"detail": e.Message}
	}
	faults := make([]fault, len(fields))
	if isWholeBody(e) {
		faults[0] = fault{"json_invalid", []any{"body", fields[0].Offset}, fields[0].Message}
		return "application/json", map[string]any{"detail": faults}
	}
	for i, f := range fields {
		switch f.Code {
		case "":
			f.Code = "value_error"
		case "required":
			f.Code = "missing"
		case "unknown_field":
			f.Code = "extra_forbidden"
		}
		loc := []any{"body"}
		for _, token := range pointerTokens(f.Pointer) {
			if index, err := strconv.Atoi(token); err == nil && strconv.Itoa(index) == token && index >= 0 {
				loc = append(loc, index)
			} else {
				loc = append(loc, token)
			}
		}
		faults[i] = fault{f.Code, loc, f.Message}
	}
	return "application/json", map[string]any{"detail": faults}
}

// InvalidAs returns a rule that gives faults of fields, as [Invalid] makes them,
// another status than 422: 400, which is what reqparse, Gin and Echo answer.
//
// It panics if the status is not within 400–599.
func InvalidAs(status int) Rule {
	if !isStatus(status) {
		panic("errjson: InvalidAs: " + strconv.Itoa(status) + " is not the status of an error")
	}
	return Map(func(_ *http.Request, e *Error) *Error {
		if e.Status != http.StatusUnprocessableEntity || e.Fields() == nil {
			return nil
		}
		other := *e
		other.Status = status
		return &other
	})
}

package toxi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"

	stock "github.com/Shopify/toxiproxy/v2"
)

// unreadable says what is wrong with a body that should have been what, "a toxic, an
// object". Go's names for types are no business of whoever posted it.
func unreadable(err error, what string) error {
	if errors.Is(err, io.EOF) {
		return badRequest("expected " + what + ", got nothing")
	}
	kind, ok := errors.AsType[*json.UnmarshalTypeError](err)
	switch {
	case !ok:
		return badRequest(err.Error())
	case kind.Field == "":
		return badRequest(fmt.Sprintf("expected %s, got %s", what, kind.Value))
	}
	return badRequest(fmt.Sprintf("field %s: %s", kind.Field, wording(err)))
}

// wording is an error's text, with a sentence in the place of a mismatch of types.
func wording(err error) string {
	kind, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return err.Error()
	}
	return strings.Replace(err.Error(), kind.Error(), fmt.Sprintf("expected %s, got %s", inJSON(kind.Type), kind.Value), 1)
}

// inJSON is what a body has in the place of a Go type.
func inJSON(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	}
	return "a whole number"
}

func badRequest(why string) error {
	return &stock.ApiError{Message: stock.ErrBadRequestBody.Message + ": " + why, StatusCode: http.StatusBadRequest}
}

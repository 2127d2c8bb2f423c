package routers_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/gin-gonic/gin/binding"
	"github.com/go-playground/validator/v10"
	"github.com/stretchr/testify/assert"

	ginadapter "github.com/hipflask/hipflask/adapters/gin"
	validatoradapter "github.com/hipflask/hipflask/adapters/validator"
	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
)

// TestGinBindingTags tests that the validator of Gin checks binding tags behind Body, as the
// documentation of Body says.
func TestGinBindingTags(t *testing.T) {
	type account struct {
		Email    string `json:"email" binding:"required,email"`
		Password string `json:"password" binding:"min=8"`
	}
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.Use(ginadapter.New(errjson.NewRenderer(errjson.Config{})).Errors)
	cfg := bodyjson.Config{Validate: validatoradapter.New(binding.Validator.Engine().(*validator.Validate))}
	router.POST("/", ginadapter.Body[account](cfg), func(c *gin.Context) { c.Status(http.StatusNoContent) })
	for _, test := range []struct {
		body   string
		status int
		want   string
	}{
		{`{"email":"a@example.com","password":"12345678"}`, 204, ``},
		{`{"email":"a","password":"1234"}`, 422, `{"error":"Unprocessable Entity","message":"The input is not valid.","status":422,"code":"invalid","details":[` +
			`{"pointer":"/email","code":"email","message":"Must be an email address.","offset":9,"line":1,"column":10},` +
			`{"pointer":"/password","code":"min","message":"Must have at least 8 characters.","params":{"count":8,"min":8,"of":"string"},"offset":24,"line":1,"column":25}]}` + "\n"},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("POST", "/", strings.NewReader(test.body))
		r.Header.Set("Content-Type", "application/json")
		router.ServeHTTP(w, r)
		assert.Equal(t, test.status, w.Code)
		assert.Equal(t, test.want, w.Body.String())
	}
}

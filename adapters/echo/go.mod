module github.com/hipflask/hipflask/adapters/echo

// The older of the two Go releases that the project supports: see "Go versions" in README.md.
go 1.26.0

require (
	github.com/coder/websocket v1.8.15
	github.com/hipflask/hipflask v0.1.0
	github.com/justinas/alice v1.2.0
	github.com/labstack/echo/v5 v5.4.4
	github.com/stretchr/testify v1.12.1
)

require (
	github.com/go-json-experiment/json v1.27.2 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/net v0.57.0 // indirect
	golang.org/x/time v0.15.0 // indirect
)

replace github.com/hipflask/hipflask => ../..

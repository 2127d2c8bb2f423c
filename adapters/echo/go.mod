module github.com/hipflask/hipflask/adapters/echo

// The older of the two Go releases that the project supports: see "Go versions" in README.md.
go 1.26.0

require github.com/hipflask/hipflask v0.1.0

require (
	github.com/coder/websocket v1.8.15 // indirect
	github.com/justinas/alice v1.2.0 // indirect
	github.com/labstack/echo/v5 v5.4.4 // indirect
	github.com/stretchr/testify v1.12.1 // indirect
)

replace github.com/hipflask/hipflask => ../..

module github.com/hipflask/hipflask

// The older of the two Go releases that the project supports: see "Go versions" in README.md.
go 1.26.0

require (
	github.com/go-json-experiment/json v1.27.2
	github.com/justinas/alice v1.2.0
	github.com/stretchr/testify v1.12.1
	golang.org/x/net v0.57.0
)

require go.yaml.in/yaml/v3 v3.0.5 // indirect

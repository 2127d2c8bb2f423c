.DEFAULT_GOAL := help
.PHONY: help run test race lint tidy fuzz bench ci

help: ## show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

run: ## run the Items API on ServeMux; ROUTER=chi and so on for others
	go run ./examples/items -router $(or $(ROUTER),mux)

test: ## all tests of all modules
	go test work

race: ## all tests with the race detector, in random order
	go test -race -shuffle=on work

lint: ## gofmt, go vet, staticcheck
	@test -z "$$(gofmt -l .)" || { gofmt -l .; exit 1; }
	go vet work
	@for dir in $$(go list -m -f '{{.Dir}}'); do (cd $$dir && go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...) || exit 1; done

tidy: ## go mod tidy in every module
	@for dir in $$(go list -m -f '{{.Dir}}'); do (cd $$dir && GOWORK=off go mod tidy) || exit 1; done

fuzz: ## one fuzz target: make fuzz PKG=./bodyjson TARGET=FuzzX TIME=1m
	go test -run '^$$' -fuzz '^$(TARGET)$$' -fuzztime $(or $(TIME),1m) $(PKG)

bench: ## the benchmarks of one area against the peers: make bench AREA=errors
	go run ./benchmarks/compare $(addprefix ./benchmarks/,$(or $(AREA),errors))

ci: ## what CI runs
	bash .ci/run

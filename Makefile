# `make` alone tells what there is.
.DEFAULT_GOAL := help
.PHONY: help run test check fmt lint openapi schema bench migration clean
target := $(or $(CARGO_TARGET_DIR),target)

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Install what is missing, build, load the demonstration into an empty database, serve
	@exec scripts/run

test: ## Install what is missing, build, run every test (args="-E 'test(login)'" for some)
	@exec scripts/test $(args)

check: ## Format, lints, licences, OpenAPI, spelling, scripts: what must hold before a commit
	@exec scripts/check

fmt: ## Format the code
	cargo fmt --all

lint: ## Lints alone
	cargo clippy --workspace --all-targets --locked -- -D warnings

openapi: ## Write the OpenAPI files from the code
	cargo build --workspace --locked
	$(target)/debug/kapal openapi --out openapi

schema: ## Write crates/schema/src/tables.rs from the migrations
	@UPDATE_SCHEMA=1 scripts/test -E 'test(the_query_builders_tables_are_those_of_the_database)'
	cargo fmt --package kapal-schema

bench: ## Drive a release build with load, print the figures, keep them
	@exec scripts/bench $(args)

migration: ## Make an empty migration: make migration name=add_visits
	@exec scripts/migration '$(name)'

clean: ## Remove what was built and the tools; the data stays
	cargo clean

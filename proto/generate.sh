#!/bin/sh
# Regenerates proto/daemonry/v1 from broker.proto. Needs protoc (Debian:
# protobuf-compiler); the Go plugins are pinned in tools/go.mod.
set -eu
cd "$(dirname "$0")/.."
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
go build -modfile=tools/go.mod -o "$bin/" \
	google.golang.org/protobuf/cmd/protoc-gen-go \
	connectrpc.com/connect/cmd/protoc-gen-connect-go
PATH="$bin:$PATH" protoc -I proto \
	--go_out=. --go_opt=module=github.com/daemonry/daemonry \
	--connect-go_out=. --connect-go_opt=module=github.com/daemonry/daemonry \
	proto/broker.proto

#!/bin/sh
# Build the Jaeger binary that this directory's go.sum pins, once, into the cache that all clones share.
#
#   infra/jaeger/build.sh            print the binary's path; build it first when it is not cached
#
# Needs Go 1.24 or newer and, when nothing is cached, the Go module proxy: about 8 minutes on 2 cores, 2.2 GB of
# memory, 85 MB on disk. Never run `go mod tidy` in build/: it drops checksums that the build needs.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cache=${COLLEGIUM_CACHE_DIR:-${HOME}/.cache/collegium}

sha256() {
    if command -v sha256sum >/dev/null 2>&1; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -c1-16
}

target="$cache/jaeger/$(sha256 "$here/build/go.sum")"
if [ ! -x "$target/jaeger" ]; then
    if ! command -v go >/dev/null 2>&1; then
        echo "infra/jaeger/build.sh: Go is needed to build Jaeger; install Go 1.24 or newer, or use the Docker image" >&2
        exit 1
    fi
    echo "building Jaeger (about 8 minutes the first time) ..." >&2
    mkdir -p "$target"
    part=$(mktemp "$target/.jaeger.XXXXXX")
    trap 'rm -f "$part"' EXIT
    (cd "$here/build" && CGO_ENABLED=0 go build -mod=readonly -trimpath -ldflags "-s -w" -o "$part" \
        github.com/jaegertracing/jaeger/cmd/jaeger)
    chmod 755 "$part"
    mv "$part" "$target/jaeger"
    trap - EXIT
fi
echo "$target/jaeger"

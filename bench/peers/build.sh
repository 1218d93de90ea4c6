#!/bin/sh
# Builds the peers that are programs of their own, from what Debian's packages bring, without the network.
#   build.sh rust|go SOURCE_DIRECTORY OUTPUT
set -eu
language=$1 source=$2
output=$(cd "$(dirname "$3")" && pwd)/$(basename "$3")
work=$output.build
mkdir -p "$work"

# Debian's cargo finds Debian's crates; another one, first in PATH, would do too.
build_rust() {
    cargo=cargo
    [ ! -x /usr/bin/cargo ] || cargo=/usr/bin/cargo
    [ ! -x /usr/bin/rustc ] || export RUSTC=/usr/bin/rustc
    cp -R "$source/Cargo.toml" "$source/src" "$work"
    CARGO_HOME=$work/home "$cargo" build --quiet --release --offline \
        --config 'source.crates-io.replace-with="debian"' \
        --config 'source.debian.directory="/usr/share/cargo/registry"' \
        --manifest-path "$work/Cargo.toml" --target-dir "$work/target"
    cp "$work/target/release/bench-rust" "$output"
}

build_go() {
    GOCACHE=$work/cache GO111MODULE=off GOFLAGS='' go build -o "$output" "$source"/*.go
}

"build_$language"

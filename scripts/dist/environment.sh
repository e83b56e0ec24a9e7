# Sourced by the scripts of this folder. What they build is the same bytes on every machine: the commit's time is in it, and no path of the machine.
#
# It sets root (the checkout), dist (where packages go), version, work (a folder for what is made on the way) and built (where cargo puts libraries
# and programs), and defines cargo_build and archive. Zig links every program and library, for glibc 2.17; it compiles the C of the dependencies too.

set -euo pipefail
umask 022

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
dist=$root/dist
version=$(sed -n '/^\[workspace.package\]/,/^version/s/^version = "\(.*\)"$/\1/p' Cargo.toml)
export CARGO_BUILD_TARGET=x86_64-unknown-linux-gnu
export CARGO_TARGET_DIR=$root/target/dist
built=$CARGO_TARGET_DIR/$CARGO_BUILD_TARGET/release
work=$CARGO_TARGET_DIR/work
mkdir -p "$dist" "$work"
# The settings of a developer's own builds would change what is built.
unset "${!PYO3_@}" RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CFLAGS CXXFLAGS LDFLAGS VIRTUAL_ENV
export PATH=$CARGO_TARGET_DIR/tools/bin:$PATH LC_ALL=C.UTF-8 TZ=UTC

SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
WTS_CARGO_HOME=${CARGO_HOME:-$HOME/.cargo}
WTS_RUST_SOURCES=$(rustc --print sysroot)/lib/rustlib/src/rust
WTS_RUST_COMMIT=$(rustc -vV | sed -n 's/^commit-hash: //p')
export SOURCE_DATE_EPOCH WTS_CHECKOUT=$root WTS_CARGO_HOME WTS_RUST_SOURCES WTS_RUST_COMMIT
export RUSTC_WRAPPER=$root/scripts/dist/rustc

export ZIG_GLOBAL_CACHE_DIR=$CARGO_TARGET_DIR/zig ZIG_LOCAL_CACHE_DIR=$CARGO_TARGET_DIR/zig
export CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER=$root/scripts/dist/zigcc
export CC_x86_64_unknown_linux_gnu=$root/scripts/dist/zigcc
export AR_x86_64_unknown_linux_gnu=$root/scripts/dist/zigar
export CFLAGS_x86_64_unknown_linux_gnu="-g0 -ffile-prefix-map=$WTS_CARGO_HOME=/cargo -ffile-prefix-map=$root=/wts-session"

# usage: cargo_build -p PACKAGE. One profile and one folder for all, so that what they share is built once.
cargo_build() {
    cargo build --locked --release "$@"
}

# usage: archive FILE FOLDER NAME. A tar.gz of FOLDER, called NAME in it.
archive() {
    tar --create --directory "$2" --transform "s,^\.,$3,S" --sort name --format ustar --mtime "@$SOURCE_DATE_EPOCH" \
        --owner 0 --group 0 --numeric-owner --mode go=rX,u+rw . | gzip -9 -n >"$1"
}

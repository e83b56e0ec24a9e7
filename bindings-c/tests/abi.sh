#!/bin/sh
# What programs were compiled against must stay: functions with their parameters, structs with their members. Compares the header with
# the first one, whose soname it has, and with the one of the last release. What is added is no difference.
#
# usage: OUT=folder abi.sh             compares
#        OUT=folder abi.sh --update    describes today's header as the one of the last release
#
# The library itself tells no types to abidw: those of Rust are not those of the header, which the compiler of Rust has checked already. So
# each function of the header is given a body in C.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$OUT/abi-description
mkdir -p "$out"

# usage: describe HEADER FILE
describe() {
    ${CC:-cc} -E -P "$1" > "$out/header.i"
    sed -E ':a; N; $!ba; s/\n[ \t]*/ /g; s/;/;\n/g' "$out/header.i" |
        sed -nE 's/^ *(.*[ *]wts_[a-z_0-9]+\(.*\));$/\1 { __builtin_unreachable(); }/p' | grep -v '^typedef' > "$out/bodies.c"
    ${CC:-cc} -g -shared -fPIC -include "$1" "$out/bodies.c" -Wl,-soname,libwts_session.so.0 -o "$out/libwts_session.so"
    abidw --no-corpus-path --no-comp-dir-path --no-show-locs "$out/libwts_session.so" > "$2"
}

fail() {
    echo "not ok - $*" >&2
    exit 1
}

describe "$here/../../include/wts_session.h" "$out/today.abi"
nm -D --defined-only "$out/libwts_session.so" | awk '{ print $NF }' | grep ^wts_ | LC_ALL=C sort | diff "$here/abi/symbols.txt" - ||
    fail "not every function of the header was described"
if [ "${1-}" = --update ]; then
    cp "$out/today.abi" "$here/abi/last-release.abi"
    exit
fi
describe "$here/abi-v0/wts_session.h" "$out/first.abi"
for before in "$out/first.abi" "$here/abi/last-release.abi"; do
    abidiff --no-added-syms --suppressions "$here/abi/growing.suppr" "$before" "$out/today.abi" ||
        fail "programs that were compiled against ${before##*/} do not work any more"
done
echo "ok - programs that were compiled against an older header work"

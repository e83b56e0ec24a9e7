#!/bin/sh
# The shared library as a file: its symbols, its soname, what it needs, and that it stays loaded.
set -eu
library=$1
here=$(dirname "$0")
dynamic=$(readelf -d "$library")

fail() {
    echo "not ok - $*"
    exit 1
}

"$here/symbols.sh" "$library" | diff -u "$here/abi/symbols.txt" - || fail "other symbols than in tests/abi/symbols.txt"
"$here/symbols.sh" "$library" | grep -qv '^wts_' && fail "a symbol that is not ours"
case $("$here/../soname.sh" "$library") in
libwts_session.so.[0-9]*) ;;
*) fail "soname" ;;
esac
echo "$dynamic" | grep -q NODELETE || fail "it can be unloaded"
needed=$(echo "$dynamic" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p' | grep -Ev '^(libgcc_s|libc|libm|ld-linux-.*)\.so\.' || true)
test -z "$needed" || fail "it needs $needed"
nm -D "$library" | grep -Eq '__(asan|lsan|msan|tsan|ubsan)_' && fail "sanitizer symbols"
declared=$(sed -n 's/^[a-z].*[ *]\(wts_[a-z_0-9]*\)(.*/\1/p' "$here/../../include/wts_session.h" | LC_ALL=C sort)
test "$declared" = "$(cat "$here/abi/symbols.txt")" || fail "header and library have different functions"
echo "ok - $library"

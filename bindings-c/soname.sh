#!/bin/sh
# Prints the soname of a shared library. build.rs gives it; nobody else may know it.
set -eu
name=$(readelf -d "$1" | sed -n 's/.*(SONAME).*\[\(.*\)\].*/\1/p')
test -n "$name" || { echo "$1 has no soname" >&2; exit 1; }
echo "$name"

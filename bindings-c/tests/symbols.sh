#!/bin/sh
# Prints the names that a shared library exports.
set -eu
nm -D --defined-only "$1" | awk '{ print $NF }' | LC_ALL=C sort

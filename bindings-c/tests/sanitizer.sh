#!/bin/sh
# Builds library and test programs with AddressSanitizer, and runs them with the check for leaks.
#
# usage: NIGHTLY=nightly HOST=x86_64-unknown-linux-gnu OUT=folder sanitizer.sh PROGRAM...
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cc=${CC:-cc}

# The flag is unstable: where that toolchain is not installed, the project's own has to take it.
if rustup run "$NIGHTLY" rustc --version > /dev/null 2>&1; then
    export RUSTUP_TOOLCHAIN="$NIGHTLY"
else
    export RUSTC_BOOTSTRAP=1
fi

mkdir -p "$OUT"
RUSTFLAGS=-Zsanitizer=address cargo build --locked -p wts-session-c --target "$HOST" --target-dir "$OUT"
library=$OUT/$HOST/debug/libwts_session.a
flags="-std=c99 -D_POSIX_C_SOURCE=200809L -Wall -Werror -g -fsanitize=address -I$root/include -I$here/support
       $(pkg-config --cflags json-c libcurl)"
libraries="$library $(pkg-config --libs json-c libcurl) -lutil -lrt -lpthread -lm -ldl"

for fault in use_after_free leak; do
    $cc $flags "$here/planted/$fault.c" $libraries -o "$OUT/$fault"
    if "$OUT/$fault" > "$OUT/output" 2>&1 || ! grep -q "AddressSanitizer\|LeakSanitizer" "$OUT/output"; then
        echo "not ok - the sanitizer did not notice a planted fault: $fault"
        exit 1
    fi
done

for program in "$@"; do
    echo "# sanitizer $program"
    $cc $flags -DWTS_REPOSITORY="\"$root\"" "$here/$program.c" "$here"/support/*.c $libraries -o "$OUT/$program"
    ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 "$OUT/$program"
done

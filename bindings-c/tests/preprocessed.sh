#!/bin/sh
# What languages see that read C after the preprocessor: each code has its number there. And #ifdef sees each code.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
seen=$(${CC:-cc} -E -P "$root/include/wts_session.h" | tr -d ' \n')
macros=$(${CC:-cc} -E -dM "$root/include/wts_session.h")
codes=$(tr -d ' \n' < "$root/tests/errors.json" | tr '{' '\n' |
    sed -n 's/.*"number":\([0-9]*\).*"c_name":"\(WTS_[A-Z_]*\)".*/\2=\1/p; s/.*"c_name":"\(WTS_[A-Z_]*\)".*"number":\([0-9]*\).*/\1=\2/p')
count=0

for code in WTS_OK=0 $codes; do
    case $seen in *[{,]"$code",*) ;; *) echo "not ok - $code is gone after the preprocessor"; exit 1 ;; esac
    echo "$macros" | grep -q "#define ${code%=*} " || { echo "not ok - ${code%=*} is no macro"; exit 1; }
    count=$((count + 1))
done
test "$count" -gt 19 || { echo "not ok - only $count codes in tests/errors.json"; exit 1; }
echo "ok - $count codes after the preprocessor"

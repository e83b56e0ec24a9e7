# Sourced by the programs of this folder: a fresh system without Rust and without the checkout, and a stand-in of the API that runs beside them.
# /wts has what they are given: packages, the readme programs of the languages, the stand-in, Node and other runtimes.

set -euo pipefail
cd "$(mktemp -d)"

fail() {
    echo "not ok - $*" >&2
    exit 1
}

passed() {
    echo "ok - $*"
}

# usage: prints PATTERN COMMAND...: the command succeeds, and a line of what it prints fits.
prints() {
    local pattern=$1 printed
    shift
    printed=$("$@" 2>&1) || fail "$* ended with $?: $printed"
    grep -qE "$pattern" <<<"$printed" || fail "$* printed: $printed"
}

# usage: refuses PATTERN COMMAND...: the command fails, and says so.
refuses() {
    local pattern=$1 printed
    shift
    ! printed=$("$@" 2>&1) || fail "$* should have failed"
    grep -qE "$pattern" <<<"$printed" || fail "$* printed: $printed"
}

kilobytes() {
    du --summarize --apparent-size --block-size 1024 --total "$@" | tail -1 | cut -f1
}

for tool in rustc cargo rustup; do
    ! command -v "$tool" >/dev/null || fail "this system has $tool"
done

coproc STAND_IN { exec /wts/given/wts-stand-in --json --stay-with-stdin; }
read -r addresses <&"${STAND_IN[0]}" || fail "the stand-in does not start"
address() {
    sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" <<<"$addresses"
}
WTS_BASE_URL=$(address api)
WTS_API_KEY=$(address token)
export WTS_BASE_URL WTS_API_KEY

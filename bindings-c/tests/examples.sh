#!/bin/sh
# Runs the examples, and sees to it that they do what they say.
#
# usage: OUT=folder examples.sh
set -eu

# What a terminal shows line by line, without what is never the same.
constant() {
    tr '\r' '\n' | sed -E 's/error id [0-9a-f]+/error id ID/; s/\{.*\}/JSON/' | grep -v '^$'
}

# usage: ORDER=cat|sort run STATUS EXAMPLE [ARGUMENT...] < what it prints
run() {
    "$ORDER" > "$OUT/expected"
    expected=$1 example=$2
    shift 2
    status=0
    "$OUT/with_stand_in" "$OUT/examples/$example" "$@" > "$OUT/output" 2>&1 || status=$?
    constant < "$OUT/output" | "$ORDER" | diff -u "$OUT/expected" - || { echo "not ok - $example $*"; exit 1; }
    test "$status" = "$expected" || { echo "not ok - $example $*: exit status $status, not $expected"; exit 1; }
    echo "ok - $example $*"
}

test "$(wc -l < "$(dirname "$0")/../examples/wts_session.hpp")" -lt 110 || { echo "not ok - the wrapper is long"; exit 1; }
LC_ALL=C
ORDER=cat
run 0 readme session_12345 << 'END'
JSON
END
run 1 readme nobody << 'END'
not_found: Conversa não encontrada (HTTP 500, key ENTITY_NOT_FOUND, error id ID)
END
run 1 errors session_12345 nobody .. << 'END'
session_12345 is completed
not_found: Conversa não encontrada (HTTP 500, key ENTITY_NOT_FOUND, error id ID)
  HTTP 500, 1 request(s)
  key ENTITY_NOT_FOUND, error id ID
  -> forget this session
invalid_session_id: SessionID is not valid! ".." would change the route.
  -> correct the session id; nothing was sent
END
run 0 testing << 'END'
ok
END
PATH=$(dirname "${WTS_STAND_IN:-$PWD/../target/debug/wts-stand-in}"):$PATH
run 0 stand_in << 'END'
ok
END
# Nobody listens there.
WTS_API_KEY=pn_1 WTS_BASE_URL=http://127.0.0.1:1 "$OUT/examples/errors" session_12345 > "$OUT/output" && exit 1
grep -qx '  -> try again later' "$OUT/output" || { cat "$OUT/output"; echo "not ok - errors without a server"; exit 1; }
echo "ok - errors without a server"
run 0 json session_12345 << 'END'
session_12345 is Em atendimento
ended at: -
unread: 0
somebody looks after it
END
run 1 json nobody << 'END'
not_found: Conversa não encontrada (HTTP 500, key ENTITY_NOT_FOUND, error id ID)
END
run 0 demo session_12345 << 'END'
-> wts_update_session_status("session_12345", "In Progress")
   came back: JSON
-> wts_complete_session("session_12345", reactivate_on_new_message)
   came back: JSON
-> wts_update_session_status("session_12345", "ARCHIVED")
   failed: invalid_status (2)
   text: Add a valid status! "ARCHIVED" is no status; valid are STARTED, PENDING, IN_PROGRESS, COMPLETED, HIDDEN.
   HTTP status 0, 0 sent, another try would fail as well
-> wts_complete_session("no-such-session", reactivate_on_new_message)
   failed: not_found (9)
   text: Conversa não encontrada (HTTP 500, key ENTITY_NOT_FOUND, error id ID)
   HTTP status 500, 1 sent, another try would fail as well
END
# In these the sessions settle in any order.
ORDER=sort
run 1 bulk session_12345 nobody session_23456 << 'END'
1 of 3
2 of 3
3 of 3
nobody: Conversa não encontrada (HTTP 500, key ENTITY_NOT_FOUND, error id ID)
1 failed
END
run 1 event_loop session_12345 nobody session_23456 .. << 'END'
session_12345: completed
session_23456: completed
nobody: Conversa não encontrada (HTTP 500, key ENTITY_NOT_FOUND, error id ID)
..: SessionID is not valid! ".." would change the route.
2 of 4 failed
END
run 1 libuv session_12345 nobody session_23456 .. << 'END'
session_12345: completed
session_23456: completed
nobody: Conversa não encontrada (HTTP 500, key ENTITY_NOT_FOUND, error id ID)
..: SessionID is not valid! ".." would change the route.
2 of 4 failed
END
run 0 ctrl_c session_12345 .. << 'END'
session_12345: completed
..: SessionID is not valid! ".." would change the route.
END
run 0 event_loop session_12345 << 'END'
session_12345: completed
0 of 1 failed
END
run 0 wrapper session_12345 session_23456 << 'END'
session_12345: ok
session_23456: ok
session_12345 is in progress again
session_23456 is in progress again
END
run 1 wrapper nobody << 'END'
nobody: not_found
not_found: Conversa não encontrada (HTTP 500, key ENTITY_NOT_FOUND, error id ID)
END

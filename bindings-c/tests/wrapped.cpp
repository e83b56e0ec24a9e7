// The wrapper for C++ never acts on another session than the one that was meant.
#include <cstdio>
#include <functional>

#include "wts_session.hpp"

static bool is_refused(const std::function<void()> &call)
{
    try {
        call();
    } catch (const std::invalid_argument &) {
        return true;
    }
    return false;
}

int main()
{
    const std::string with_nul("session_12345\0x", 15);
    bool was_heard = false;
    wts::Client client;

    bool holds = is_refused([&] { client.complete_session(with_nul); }) &&
                 is_refused([&] { client.update_session_status(with_nul, "PENDING"); }) &&
                 is_refused([&] { client.update_session_status("session_12345", std::string("PENDING\0x", 9)); }) &&
                 is_refused([&] {
                     client.complete_sessions({"session_23456", with_nul}, [&](const wts_outcome &) {
                         was_heard = true;
                         return true;
                     });
                 });
    std::printf("%s 1 - the wrapper refuses a NUL inside\n1..1\n", holds && !was_heard ? "ok" : "not ok");
    return holds && !was_heard ? 0 : 1;
}

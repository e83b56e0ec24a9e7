// The header from C++: it is clean, its macros initialise, and what is owned can be held by the standard's pointers.
#include <cstdio>
#include <memory>

#include "wts_session.h"

int main()
{
    std::unique_ptr<wts_config, void (*)(wts_config *)> config(wts_config_new(), wts_config_free);
    wts_complete_options complete = WTS_COMPLETE_OPTIONS_INIT;
    wts_update_options update = WTS_UPDATE_OPTIONS_INIT;
    wts_client *client = nullptr;
    wts_error *error = nullptr;

    wts_code code = wts_client_new(config.get(), &client, &error);
    std::unique_ptr<wts_client, void (*)(wts_client *)> owner(client, wts_client_free);
    std::unique_ptr<wts_error, void (*)(wts_error *)> failure(error, wts_error_free);
    bool holds = code == WTS_OK &&
                 wts_complete_session(client, "session_12345", &complete, nullptr, nullptr) == WTS_OK &&
                 wts_update_session_status(client, "session_12345", "PENDING", &update, nullptr, nullptr) == WTS_OK;
    std::printf("%s 1 - a program in C++\n1..1\n", holds ? "ok" : "not ok");
    return holds ? 0 : 1;
}

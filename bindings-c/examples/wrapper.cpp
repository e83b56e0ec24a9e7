// Completes sessions with the wrapper for C++ that is beside this.
//
// usage: wrapper SESSION_ID...
// WTS_API_KEY holds the key; WTS_BASE_URL, where it is set, another address of the API.
#include <cstdlib>
#include <iostream>

#include "wts_session.hpp"

int main(int argc, char **argv)
{
    std::vector<std::string> ids(argv + 1, argv + argc);

    try {
        wts::Client client([](wts_config *config) { wts_config_set_timeout_ms(config, 10000); });
        client.complete_sessions(ids, [](const wts_outcome &outcome) {
            std::cout << outcome.session_id << ": " << wts_code_name(outcome.code) << "\n";
            return true;
        });
        for (const std::string &id : ids) {
            client.update_session_status(id, "In Progress");
            std::cout << id << " is in progress again\n";
        }
    } catch (const wts::Error &error) {
        std::cout << wts_code_name(error.code()) << ": " << error.what() << "\n";
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

// wts_session.h for C++11: objects that free themselves, strings of the standard library, errors as exceptions.
#ifndef WTS_SESSION_HPP
#define WTS_SESSION_HPP

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>
#include <wts_session.h>

namespace wts
{

struct Free {
    void operator()(wts_config *config) const { wts_config_free(config); }
    void operator()(wts_client *client) const { wts_client_free(client); }
    void operator()(wts_error *error) const { wts_error_free(error); }
    void operator()(char *string) const { wts_string_free(string); }
};

template <typename T> using Owned = std::unique_ptr<T, Free>;

// A call failed. get() has all that is known about it, for the functions wts_error_...
class Error : public std::runtime_error
{
  public:
    explicit Error(Owned<wts_error> made) : std::runtime_error(wts_error_text(made.get())), error(std::move(made)) {}

    const wts_error *get() const noexcept { return error.get(); }
    wts_code code() const { return wts_error_code(get()); }

  private:
    std::shared_ptr<const wts_error> error;
};

// Settings that are not made have their defaults. Any number of threads may use a client.
class Client
{
  public:
    explicit Client(const std::function<void(wts_config *)> &configure = [](wts_config *) {})
    {
        Owned<wts_config> config(wts_config_new());
        wts_client *made = nullptr;
        configure(config.get());
        check([&](wts_error **error) { return wts_client_new(config.get(), &made, error); });
        client.reset(made);
    }

    // The session as JSON.
    std::string update_session_status(const std::string &id, const std::string &status) const
    {
        char *json = nullptr;
        check([&](wts_error **error) {
            return wts_update_session_status(client.get(), text(id), text(status), nullptr, &json, error);
        });
        return Owned<char>(json).get();
    }

    std::string complete_session(const std::string &id, wts_complete_options options = WTS_COMPLETE_OPTIONS_INIT) const
    {
        char *json = nullptr;
        check([&](wts_error **error) { return wts_complete_session(client.get(), text(id), &options, &json, error); });
        return Owned<char>(json).get();
    }

    // Where the listener returns false, the rest is cancelled, and Error is thrown. It must not throw itself.
    void complete_sessions(const std::vector<std::string> &ids, std::function<bool(const wts_outcome &)> listener) const
    {
        std::vector<const char *> texts;
        for (const std::string &id : ids)
            texts.push_back(text(id));
        check([&](wts_error **error) {
            return wts_complete_sessions(client.get(), texts.data(), texts.size(), nullptr, tell, &listener, error);
        });
    }

  private:
    // To C, a NUL inside would end the string: then it would be the id of another session.
    static const char *text(const std::string &given)
    {
        if (given.find('\0') != std::string::npos)
            throw std::invalid_argument("a NUL inside of a session id or status");
        return given.c_str();
    }

    template <typename Call> static void check(Call call)
    {
        wts_error *error = nullptr;
        if (call(&error) != WTS_OK)
            throw Error(Owned<wts_error>(error));
    }

    static bool tell(void *listener, const wts_outcome *outcome) noexcept
    {
        return (*static_cast<std::function<bool(const wts_outcome &)> *>(listener))(*outcome);
    }

    Owned<wts_client> client;
};

} // namespace wts

#endif

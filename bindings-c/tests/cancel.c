/* Calls of every kind are cancelled in every stage: within 0.2 s, and with their connection closed. */
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

#include "check.h"
#include "json.h"
#include "stand_in.h"
#include "wts_session.h"

enum { QUICK_MS = 2000, TRIES = 10, DAY_MS = 86400000 };

/* How far a call has come. */
struct stage {
    const char *name;
    const char *address;
    const char *script;
    bool waits_for_limit;
    bool waits_for_turn;
    bool may_have_been_applied;
    /* Its connection may have done its work, and stay for others. */
    bool may_keep_connection;
};

static const struct stage stages[] = {
    {"in the queue for the account's limit", "api", NULL, true, false, false, false},
    {"in the queue for max_concurrency", "api", NULL, false, true, false, false},
    {"in the handshake", "tls_stall", NULL, false, false, false, false},
    {"before the head of the answer", "api", "[{\"raw\": [{\"stall\": true}]}]", false, false, true, false},
    {"in the middle of the answer", "api",
     "[{\"raw\": [{\"send\": \"HTTP/1.1 200 OK\\r\\nContent-Length: 99\\r\\n\\r\\n{\"}, {\"stall\": true}]}]", false,
     false, true, false},
    {"between two attempts", "api", "[{\"status\": 503, \"headers\": [[\"Retry-After\", \"300\"]]}]", false, false,
     true, true},
};

/* A kind of call. */
struct kind {
    const char *name;
    void (*begin)(void);
    void (*cancel)(void);
    /* Waits for the end of the call. */
    void (*end)(void);
};

/* The call that is made, by the kind, and what came of it. */
static const struct stage *stage;
static const char *session_id;
static wts_client *client;
static wts_queue *queue;
static wts_call *call;
static wts_cancellable *cancellable;
static pthread_t thread;
static wts_code code;
static bool may_have_been_applied;

static void note(wts_code settled_as, wts_error *error)
{
    code = settled_as;
    may_have_been_applied = wts_error_may_have_been_applied(error);
    wts_error_free(error);
}

static void begin_started(void)
{
    CHECK_EQUAL(wts_start_complete_session(client, session_id, NULL, queue, NULL, &call, NULL), WTS_OK);
}

static void begin_started_with_cancellable(void)
{
    wts_complete_options options = WTS_COMPLETE_OPTIONS_INIT;

    options.cancellable = cancellable;
    CHECK_EQUAL(wts_start_complete_session(client, session_id, &options, queue, NULL, &call, NULL), WTS_OK);
}

static void cancel_started(void)
{
    wts_call_cancel(call);
}

static void cancel_all(void)
{
    wts_cancellable_cancel(cancellable);
}

static void end_started(void)
{
    wts_error *error = NULL;
    wts_code settled_as;

    CHECK(wts_queue_next(queue, WTS_NO_TIMEOUT) == call);
    settled_as = wts_call_take(call, NULL, &error);
    note(settled_as, error);
    wts_call_free(call);
}

static void free_started(void)
{
    wts_call_free(call);
}

/* One that was freed tells nothing. */
static void end_freed(void)
{
    CHECK(wts_queue_next(queue, 0) == NULL);
    code = WTS_CANCELLED;
    may_have_been_applied = stage->may_have_been_applied;
}

static void *call_blocking(void *unused)
{
    wts_complete_options options = WTS_COMPLETE_OPTIONS_INIT;
    wts_error *error = NULL;
    wts_code settled_as;

    options.cancellable = cancellable;
    settled_as = wts_complete_session(client, session_id, &options, NULL, &error);
    note(settled_as, error);
    return unused;
}

static void begin_blocking(void)
{
    pthread_create(&thread, NULL, call_blocking, NULL);
}

static bool hear(void *user_data, const wts_outcome *outcome)
{
    (void)user_data;
    CHECK_EQUAL(outcome->code, WTS_CANCELLED);
    may_have_been_applied = wts_error_may_have_been_applied(outcome->error);
    return true;
}

static void *call_bulk(void *unused)
{
    wts_complete_options options = WTS_COMPLETE_OPTIONS_INIT;

    options.cancellable = cancellable;
    code = wts_complete_sessions(client, &session_id, 1, &options, hear, NULL, NULL);
    return unused;
}

static void begin_bulk(void)
{
    pthread_create(&thread, NULL, call_bulk, NULL);
}

static void end_thread(void)
{
    pthread_join(thread, NULL);
}

static const struct kind kinds[] = {
    {"a call that was started", begin_started, cancel_started, end_started},
    {"a call that was started with a cancellable", begin_started_with_cancellable, cancel_all, end_started},
    {"a call that was freed", begin_started, free_started, end_freed},
    {"a blocking call", begin_blocking, cancel_all, end_thread},
    {"a bulk call", begin_bulk, cancel_all, end_thread},
};

static void make_client(void)
{
    wts_rate_limit one_a_day = {1, DAY_MS};
    wts_config *config = stand_in_config();
    char *key = text_of("%s_%s", stand_in_text("token"), session_id);

    wts_config_set_api_key(config, key); /* with limits of its own */
    wts_config_set_base_url(config, stand_in_text(stage->address));
    wts_config_set_max_retries(config, 1);
    wts_config_set_max_concurrency(config, stage->waits_for_turn ? 1 : 8);
    wts_config_set_rate_limits(config, &one_a_day, stage->waits_for_limit ? 1 : 0);
    CHECK_EQUAL(wts_client_new(config, &client, NULL), WTS_OK);
    wts_config_free(config);
    free(key);
}

/* The call that takes the only place, or null. It may settle. */
static wts_call *take_the_place(void)
{
    wts_call *first = NULL;
    char *id;

    if (!stage->waits_for_limit && !stage->waits_for_turn) {
        return NULL;
    }
    id = text_of("%s-first", session_id);
    stand_in_script(id, "[{\"raw\": [{\"stall\": true}]}]");
    CHECK_EQUAL(wts_start_complete_session(client, id, NULL, queue, NULL, &first, NULL), WTS_OK);
    json_object_put(stand_in_requests(id, 1));
    free(id);
    return first;
}

static void wait_for_descriptors(size_t count)
{
    for (int64_t begin = now_ms(); open_descriptors() != count && now_ms() - begin < 30000; poll(NULL, 0, 1)) {
    }
    CHECK_EQUAL(open_descriptors(), count);
}

/* A request that is sent is seen by the server; before that there is a socket, or nothing to be seen. */
static void await_stage(size_t descriptors)
{
    if (stage->script != NULL) {
        json_object_put(stand_in_requests(session_id, 1));
    } else if (!stage->waits_for_limit && !stage->waits_for_turn) {
        wait_for_descriptors(descriptors + 1);
    }
}

/* The thread of the client is there, with its descriptors. */
static void warm_up(void)
{
    CHECK_EQUAL(wts_start_complete_session(client, "", NULL, queue, NULL, &call, NULL), WTS_OK);
    CHECK(wts_queue_next(queue, WTS_NO_TIMEOUT) == call);
    wts_call_free(call);
}

/* How long it took from the wish to the end of the call, in milliseconds. */
static int64_t cancel_once(const struct kind *kind)
{
    wts_call *first;
    size_t descriptors;
    int64_t begin, took;

    make_client();
    cancellable = wts_cancellable_new();
    if (stage->script != NULL) {
        stand_in_script(session_id, stage->script);
    }
    warm_up();
    first = take_the_place();
    descriptors = open_descriptors();
    kind->begin();
    await_stage(descriptors);
    begin = now_ms();
    kind->cancel();
    kind->end();
    took = now_ms() - begin;
    CHECK_EQUAL(code, WTS_CANCELLED);
    CHECK_EQUAL(may_have_been_applied, stage->may_have_been_applied);
    if (!stage->may_keep_connection) {
        wait_for_descriptors(descriptors);
    }
    wts_call_free(first);
    wts_cancellable_free(cancellable);
    wts_client_free(client);
    stand_in_check_closed();
    return took;
}

/* On a busy machine anything may take long, but not time after time. */
static void cancel_quickly(const struct kind *kind)
{
    int64_t took = QUICK_MS + 1;

    for (unsigned i = 0; i < TRIES && took > QUICK_MS; i++) {
        char *id = text_of("cancel-%u-%u-%u", (unsigned)(kind - kinds), (unsigned)(stage - stages), i);

        session_id = id;
        took = cancel_once(kind);
        free(id);
    }
    CHECK(took <= QUICK_MS);
}

enum { EARLY_ITEMS = 64 };

static bool was_not_applied(void *count, const wts_outcome *outcome)
{
    CHECK_EQUAL(outcome->code, WTS_CANCELLED);
    CHECK(!wts_error_may_have_been_applied(outcome->error));
    ++*(size_t *)count;
    return true;
}

static void cancelled_before_it_began(void)
{
    const char *session_ids[EARLY_ITEMS];
    wts_complete_options options = WTS_COMPLETE_OPTIONS_INIT;
    struct json_object *requests;
    wts_call *out;
    size_t count = 0;

    session_id = "cancel-early";
    for (size_t i = 0; i < EARLY_ITEMS; i++) {
        session_ids[i] = session_id;
    }
    client = stand_in_client();
    /* With a connection at hand, a request takes no time to be sent. */
    CHECK_EQUAL(wts_start_complete_session(client, "session_12345", NULL, queue, NULL, NULL, NULL), WTS_OK);
    out = wts_queue_next(queue, WTS_NO_TIMEOUT);
    CHECK_EQUAL(wts_call_take(out, NULL, NULL), WTS_OK);
    wts_call_free(out);
    options.cancellable = cancellable = wts_cancellable_new();
    wts_cancellable_cancel(cancellable);
    CHECK_EQUAL(wts_complete_session(client, session_id, &options, NULL, NULL), WTS_CANCELLED);
    CHECK_EQUAL(wts_complete_sessions(client, session_ids, EARLY_ITEMS, &options, was_not_applied, &count, NULL),
                WTS_CANCELLED);
    CHECK_EQUAL(count, EARLY_ITEMS);
    CHECK_EQUAL(wts_start_complete_session(client, session_id, &options, queue, NULL, NULL, NULL), WTS_OK);
    wts_cancellable_free(cancellable);
    out = wts_queue_next(queue, WTS_NO_TIMEOUT);
    CHECK_EQUAL(wts_call_take(out, NULL, NULL), WTS_CANCELLED);
    wts_call_free(out);
    requests = stand_in_requests(session_id, 0);
    CHECK_EQUAL(json_object_array_length(requests), 0);
    json_object_put(requests);
    wts_client_free(client);
}

/* It must not cancel what it was given to. */
static void a_cancellable_that_was_freed(void)
{
    wts_complete_options options = WTS_COMPLETE_OPTIONS_INIT;
    wts_call *out;

    stage = &stages[0];
    session_id = "cancel-freed";
    make_client();
    options.cancellable = cancellable = wts_cancellable_new();
    CHECK_EQUAL(wts_start_complete_session(client, "session_12345", &options, queue, NULL, NULL, NULL), WTS_OK);
    wts_cancellable_free(cancellable);
    out = wts_queue_next(queue, WTS_NO_TIMEOUT);
    CHECK_EQUAL(wts_call_take(out, NULL, NULL), WTS_OK);
    wts_call_free(out);
    wts_client_free(client);
}

int main(void)
{
    static const char *const arguments[] = {"--create-unknown", NULL};

    stand_in_start(arguments);
    if (wts_queue_new(&queue, NULL) != WTS_OK) {
        give_up("no queue");
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        for (size_t j = 0; j < sizeof stages / sizeof *stages; j++) {
            char *name = text_of("%s is cancelled %s", kinds[i].name, stages[j].name);

            stage = &stages[j];
            test_begin(name);
            cancel_quickly(&kinds[i]);
            test_end();
            free(name);
        }
    }
    test("a wish that was there before", cancelled_before_it_began);
    test("a cancellable may be freed early", a_cancellable_that_was_freed);
    wts_queue_free(queue);
    return tests_done();
}

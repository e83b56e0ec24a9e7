/* Completes sessions in an event loop of libuv. The handle closes when the last call has settled, and the loop ends.
 *
 * usage: libuv SESSION_ID...
 * WTS_API_KEY holds the key; WTS_BASE_URL, where it is set, another address of the API. */
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>
#include <wts_session.h>

static wts_queue *queue;
static size_t in_flight, failed;

static void settle(wts_call *call)
{
    const char *session_id = wts_call_user_data(call);
    wts_error *error = NULL;

    if (wts_call_take(call, NULL, &error) == WTS_OK) {
        printf("%s: completed\n", session_id);
    } else {
        printf("%s: %s\n", session_id, wts_error_text(error));
        failed++;
    }
    wts_error_free(error);
    wts_call_free(call);
    in_flight--;
}

/* On the thread of the loop, as all other callbacks of the program. */
static void on_readable(uv_poll_t *handle, int status, int events)
{
    wts_call *call;

    (void)status;
    (void)events;
    while ((call = wts_queue_next(queue, 0)) != NULL) {
        settle(call);
    }
    if (in_flight == 0) {
        uv_close((uv_handle_t *)handle, NULL);
    }
}

static void start(const wts_client *client, char *session_id)
{
    if (wts_start_complete_session(client, session_id, NULL, queue, session_id, NULL, NULL) == WTS_OK) {
        in_flight++;
    } else {
        failed++;
    }
}

static void run(void)
{
    uv_loop_t *loop = uv_default_loop();
    uv_poll_t handle;

    if (in_flight > 0 && uv_poll_init(loop, &handle, wts_queue_fd(queue)) == 0) {
        uv_poll_start(&handle, UV_READABLE, on_readable);
        uv_run(loop, UV_RUN_DEFAULT);
    }
    uv_loop_close(loop);
}

int main(int argc, char **argv)
{
    wts_config *config = wts_config_new();
    wts_client *client = NULL;
    wts_error *error = NULL;

    if (wts_client_new(config, &client, &error) == WTS_OK && wts_queue_new(&queue, &error) == WTS_OK) {
        for (int i = 1; i < argc; i++) {
            start(client, argv[i]);
        }
        run();
        printf("%zu of %d failed\n", failed, argc - 1);
    } else {
        fprintf(stderr, "%s\n", wts_error_text(error));
        failed++;
    }
    wts_error_free(error);
    wts_queue_free(queue); /* after the loop has closed its handle */
    wts_client_free(client);
    wts_config_free(config);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

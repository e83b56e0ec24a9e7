"""The first lines of the README. Run it with WTS_API_KEY, and WTS_BASE_URL for another address than the API's."""

# [readme]
from wts_session import Client, SessionStatus, WtsError

try:
    with Client() as client:  # takes the API key from WTS_API_KEY
        session = client.update_session_status("session_12345", SessionStatus.IN_PROGRESS)
        print(session["status"], session.get("lastMessageIn"))
        client.complete_session("session_12345", reactivate_on_new_message=True)
except WtsError as error:  # also where there is no key
    print(error, error.code, error.retryable)
# [/readme]

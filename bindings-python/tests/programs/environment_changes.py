"""Clients are made while another thread changes the environment: reading it then must not crash."""

import os
import threading

from wts_session import AsyncClient, Client, complete_session

ROUNDS = 300


def change(ended: threading.Event) -> None:
    number = 0
    while not ended.is_set():
        number += 1
        # Names that are new make the C library move its list of variables.
        os.environ[f"NEW_{number % 2000}"] = "x" * (number % 500)
        if number % 2000 == 0:
            for each in range(2000):
                os.environ.pop(f"NEW_{each}", None)


ended = threading.Event()
changer = threading.Thread(target=change, args=(ended,))
changer.start()
for number in range(ROUNDS):
    Client(f"key-{number}", max_retries=number % 10).close()
    AsyncClient(f"key-{number}")
    if number % 30 == 0:
        complete_session(f"session-{number}")
ended.set()
changer.join()
print("no crash")

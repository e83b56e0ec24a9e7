"""A web server on asyncio alone: ``POST /sessions/ID/complete`` completes a session.

``python web_handler.py [PORT]`` prints its address. All requests share one client, and with it the account's limits;
a caller who hangs up cancels his call.
"""

from __future__ import annotations

import asyncio
import json
import sys
from functools import partial
from http import HTTPStatus
from urllib.parse import unquote

from wts_session import AsyncClient, NotFoundError, RateLimitError, ValidationError, WtsError


def status_of(error: WtsError) -> HTTPStatus:
    if isinstance(error, ValidationError):
        return HTTPStatus.BAD_REQUEST
    if isinstance(error, NotFoundError):
        return HTTPStatus.NOT_FOUND
    if isinstance(error, RateLimitError):
        return HTTPStatus.SERVICE_UNAVAILABLE
    return HTTPStatus.BAD_GATEWAY


async def answer(client: AsyncClient, line: str) -> tuple[HTTPStatus, dict[str, object]]:
    method, target, _ = line.split(" ", 2)
    parts = target.split("/")
    if method != "POST" or len(parts) != 4 or (parts[1], parts[3]) != ("sessions", "complete"):
        return HTTPStatus.NOT_FOUND, {"error": "POST /sessions/ID/complete is all there is"}
    try:
        session = await client.complete_session(unquote(parts[2]), stop_bot_in_execution=True)
    except WtsError as error:
        return status_of(error), {"error": str(error), "code": error.code}
    return HTTPStatus.OK, {"completed": session["sessionId"], "last_message": session.get("lastMessageIn")}


async def handle(client: AsyncClient, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    call = asyncio.ensure_future(answer(client, head.split(b"\r\n", 1)[0].decode("latin-1")))
    hung_up = asyncio.ensure_future(reader.read(1))
    await asyncio.wait({call, hung_up}, return_when=asyncio.FIRST_COMPLETED)
    if call.done():
        status, body = call.result()
        content = json.dumps(body).encode()
        writer.write(f"HTTP/1.1 {status} {status.phrase}\r\nContent-Length: {len(content)}\r\n".encode())
        writer.write(b"Content-Type: application/json\r\nConnection: close\r\n\r\n" + content)
        await writer.drain()
    call.cancel()
    hung_up.cancel()
    writer.close()


async def main(port: int) -> None:
    async with AsyncClient() as client:
        server = await asyncio.start_server(partial(handle, client), "127.0.0.1", port)
        print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
        async with server:
            await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
    except KeyboardInterrupt:
        sys.exit(130)

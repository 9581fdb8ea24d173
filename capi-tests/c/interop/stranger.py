# SPDX-License-Identifier: MPL-2.0
"""A peer over wss that shares nothing with the library: Python's ssl (OpenSSL) and websockets. It
speaks ZWS 2.0 without a mechanism (RFC 45): routing ids first, then messages of a flag and a body.

    stranger.py ask URI CA NAME VERSION    asks an echo in messages of several sizes
    stranger.py serve CERTIFICATE KEY      echoes; prints its port, serves until its input ends
"""

import asyncio
import ssl
import sys

import websockets
from websockets.legacy.server import WebSocketServerProtocol, serve as listen

SIZES = [0, 1, 124, 125, 126, 65535, 65536, 300000]
PATIENCE = 20


async def ask(uri, trusted, name, version):
    context = ssl.create_default_context(cafile=trusted)
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    connecting = websockets.connect(
        uri,
        ssl=context,
        server_hostname=name,
        subprotocols=["ZWS2.0"],
        compression=None,
        max_size=None,
    )
    try:
        socket = await asyncio.wait_for(connecting, PATIENCE)
    except ssl.SSLError as error:
        print("refused:", error.reason)
        return
    try:
        assert socket.subprotocol == "ZWS2.0"
        await socket.send(b"\0")
        assert await asyncio.wait_for(socket.recv(), PATIENCE) == b"\0"
        for size in SIZES:
            message = b"\0" + bytes(at * 7 % 251 for at in range(size))
            await socket.send(message)
            assert await asyncio.wait_for(socket.recv(), PATIENCE) == message, size
        pong = await socket.ping(b"there?")
        await asyncio.wait_for(pong, PATIENCE)
    finally:
        await socket.close()
    print("fine:", socket.close_code)


async def echo(socket):
    async for message in socket:
        await socket.send(message)


class Server(WebSocketServerProtocol):
    """The names of RFC 45 have a slash, which the library's grammar of names does not."""

    def process_subprotocol(self, headers, available):
        lists = headers.get_all("Sec-WebSocket-Protocol")
        offered = [name.strip() for names in lists for name in names.split(",")]
        return next((name for name in available if name in offered), None)


async def serve(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    serving = listen(
        echo,
        "127.0.0.1",
        0,
        ssl=context,
        subprotocols=["ZWS2.0"],
        max_size=None,
        create_protocol=Server,
    )
    async with serving as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    asyncio.run({"ask": ask, "serve": serve}[what](*rest))

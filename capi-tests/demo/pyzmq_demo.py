"""Unmodified pyzmq at work: prints which library it runs on and passes some messages.

Lines that begin with '@' are for whoever runs this, as in demo.h.
"""

import signal
import sys
import tempfile
import threading

import zmq

signal.alarm(20)


def library():
    with open("/proc/self/maps") as maps:
        paths = {line.split(maxsplit=5)[5].strip() for line in maps if "libzmq" in line}
    for path in sorted(paths):
        print("@library", zmq.zmq_version(), path)


def echo(context, endpoint):
    """A REP that answers in reverse; returns the number of right answers."""
    with context.socket(zmq.REP) as rep, context.socket(zmq.REQ) as req:
        rep.bind(endpoint)
        req.connect(rep.getsockopt_string(zmq.LAST_ENDPOINT))

        def serve():
            while (text := rep.recv_string()) != "enough":
                rep.send_string(text[::-1])
            rep.send_string("bye")

        server = threading.Thread(target=serve)
        server.start()
        right = 0
        for text in ("abc", "x" * 100_000, "", "äöü"):
            req.send_string(text)
            right += req.recv_string() == text[::-1]
        req.send_string("enough")
        right += req.recv_string() == "bye"
        server.join()
        return right


def objects(context, endpoint):
    """PUSH to PULL, without a copy, in several parts; returns the sum of the parts' sizes."""
    with context.socket(zmq.PULL) as pull, context.socket(zmq.PUSH) as push:
        pull.bind(endpoint)
        push.connect(pull.getsockopt_string(zmq.LAST_ENDPOINT))
        push.send_multipart([b"head", b"x" * 1_000_000, b""], copy=False)
        return sum(len(frame) for frame in pull.recv_multipart(copy=False))


def news(context, endpoint):
    """XPUB to SUB; returns what the subscriber received."""
    with context.socket(zmq.XPUB) as pub, context.socket(zmq.SUB) as sub:
        pub.bind(endpoint)
        sub.connect(pub.getsockopt_string(zmq.LAST_ENDPOINT))
        sub.subscribe("a")
        assert pub.recv() == b"\x01a"
        for text in ("b1", "a1", "b2", "a2"):
            pub.send_string(text)
        return [sub.recv_string(), sub.recv_string()]


def main():
    sys.stdout.reconfigure(line_buffering=True)
    library()
    with tempfile.TemporaryDirectory() as folder, zmq.Context() as context:
        # A name is free again some time after its socket was closed, so each has its own.
        for transport, place in (("tcp", "127.0.0.1:*"), ("ipc", folder + "/%d"), ("inproc", "%d")):
            first, second, third = (
                f"{transport}://" + place.replace("%d", str(number)) for number in (1, 2, 3)
            )
            assert echo(context, first) == 5
            assert objects(context, second) == 1_000_004
            assert news(context, third) == ["a1", "a2"]
            print(f"{transport:<11} 5 replies, 1000004 octets in three parts, 2 of 4 topics")
    print("pyzmq      ", zmq.__version__, "done")


main()

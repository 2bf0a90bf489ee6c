#!/usr/bin/env python3
"""A daemon that keeps Daemonry's contract, with the standard library only.

usage: daemon.py [STATE]

It answers each line NAME with "hello, NAME" once it has read the file STATE, and
takes connections from its first moment.
"""
import os
import select
import signal
import socket
import sys
import threading
import time

DRAIN = 8  # seconds; less than the 10 after which it would be killed

loaded = threading.Event()


def take_listener():
    """The inherited listener (sd_listen_fds(3)), else one at DAEMONRY_ENDPOINT."""
    if os.environ.get("LISTEN_PID") == str(os.getpid()):
        listener = socket.socket(fileno=3)
        listener.set_inheritable(False)  # no child holds it
    else:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(os.environ["DAEMONRY_ENDPOINT"])
        listener.listen(4096)
    listener.setblocking(False)  # another copy may take what select has seen
    return listener


def notify(text):
    """Tells whoever started us, if anybody; nobody has to listen."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if path:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
                s.sendto(text.encode(), "\0" + path[1:] if path[0] == "@" else path)
        except OSError:
            pass


def load():
    """Runs beside the accept loop, however long it takes."""
    if len(sys.argv) > 1:
        with open(sys.argv[1], "rb") as state:
            state.read()
    loaded.set()
    notify("READY=1\nSTATUS=")


def answer(connection):
    with connection, connection.makefile("rwb") as stream:
        for line in stream:
            loaded.wait()  # only the first clients wait here
            stream.write(b"hello, " + line)
            stream.flush()


def main():
    listener = take_listener()
    wake, stop = socket.socketpair()
    stop.setblocking(False)
    signal.set_wakeup_fd(stop.fileno())
    signal.signal(signal.SIGTERM, lambda *_: None)
    notify("STATUS=loading")  # before the first accept, which is not readiness then
    threading.Thread(target=load, daemon=True).start()
    serving = []
    while wake not in select.select([listener, wake], [], [])[0]:
        try:
            connection, _ = listener.accept()
        except BlockingIOError:
            continue
        serving = [t for t in serving if t.is_alive()]
        serving.append(threading.Thread(target=answer, args=[connection], daemon=True))
        serving[-1].start()
    listener.close()  # never shutdown(): others have it too
    notify("STOPPING=1")
    end = time.monotonic() + DRAIN
    for thread in serving:
        thread.join(max(0, end - time.monotonic()))


if __name__ == "__main__":
    main()

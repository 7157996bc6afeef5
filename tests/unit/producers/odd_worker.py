"""A reader for tests that does what its question says."""

import ctypes
import os
import signal
import socket
import time
from typing import BinaryIO


def answer(head: bytes, data: bytes, out: BinaryIO) -> None:
    match head.decode().split():
        case ["say", *words]:
            out.write(" ".join(words).encode())
        case ["segfault"]:
            ctypes.string_at(0)
        case ["abort"]:
            os.abort()
        case ["killed"]:
            os.kill(os.getpid(), signal.SIGKILL)
        case ["raise"]:
            raise ValueError("Nguyễn Văn Mẫu")
        case ["exit"]:
            raise SystemExit(0)
        case ["recurse"]:
            recursive: list[object] = []
            for _ in range(1_000_000):
                recursive = [recursive]
            repr(recursive)
        case ["hold", size]:
            bytearray(int(size))
        case ["spin"]:
            while True:
                pass
        case ["sleep"]:
            time.sleep(1_000)
        case ["answer", size]:
            out.write(b"x" * int(size))
        case ["open"]:
            os.close(os.open("/dev/null", os.O_RDONLY))
            out.write(b"opened")
        case ["connect"]:
            socket.socket().connect(("127.0.0.1", 9))
        case ["environment"]:
            out.write(" ".join(os.environ).encode())
        case ["print"]:
            os.write(1, b"Nguyen")
            os.write(2, b"Nguyen")
            out.write(b"printed")

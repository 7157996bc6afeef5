"""``python -m tests.faults.apart FD PORT… -- COMMAND``, in a network namespace that was just made: listen at
these ports of its 127.0.0.1, hand the sockets to who holds the other end of FD, and become the command."""

import os
import socket
import subprocess
import sys


def main() -> None:
    fd, *words = sys.argv[1:]
    end = words.index("--")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    listening = [socket.create_server(("127.0.0.1", int(port))) for port in words[:end]]
    with socket.socket(fileno=int(fd)) as other:
        socket.send_fds(other, [b"."], [each.fileno() for each in listening])
    os.execvp(words[end + 1], words[end + 1 :])


if __name__ == "__main__":
    main()

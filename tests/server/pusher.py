"""A vendor's program: it pushes without end, whatever becomes of the server.

Each push is another version of the packet, under a key of its own that all its tries have; what was answered
with 202 is a line of the file: the push's id and its number.
"""

import json
import sys
import time
from itertools import count
from pathlib import Path

from csdl_client import Again, Client

PATIENT = Again(tries=600, first_s=0.2, longest_s=1.0)

BETWEEN_S = 0.2
"""The machine has something else to do, too: it starts."""


def main(url: str, key_file: str, packet_file: str, out: str) -> None:
    """Until it is ended."""
    client = Client(url, Path(key_file).read_text(), again=PATIENT, timeout_s=10)
    packet = json.loads(Path(packet_file).read_bytes())
    with Path(out).open("a") as taken:
        for number in count():
            packet["LstHocSinh"][0]["DchiTmtru"] = f"Xóm {number}"
            body = json.dumps(packet, ensure_ascii=False).encode()
            push = client.push(body, name="packet.json")["push_id"]
            print(push, number, file=taken, flush=True)
            time.sleep(BETWEEN_S)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""A vendor's client of the gateway: pushes files, says what is wrong with them, follows what becomes of them.

    client = Client("https://…", key)
    push = client.push("truong.json")
    client.wait_until_loaded(push["push_id"])

Needs Python 3.9 and nothing else. ``client`` is the calls, ``sending`` how one is made and repeated,
``lists`` a list of files that is gone on with where it was cut; ``python -m csdl_client`` the same at a
command line.
"""

from csdl_client.client import Client
from csdl_client.lists import push_all
from csdl_client.sending import Again, NotSent, Refused

__all__ = ["Again", "Client", "NotSent", "Refused", "push_all"]

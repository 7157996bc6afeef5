"""``python -m tests.integration.asked_as_described … run DESCRIPTION --url URL``: schemathesis in a process
of its own, with what it does not know of our bodies."""

import schemathesis
from schemathesis.cli import schemathesis as command

if __name__ == "__main__":
    schemathesis.serializer.alias("application/x-ndjson", "text/plain")
    command()

"""What the Ministry answers a record with."""

from typing import Final

ACCEPTED: Final = "000-000"
"""No error. Any other code is named after the field that it complains about."""

"""An address of an open port is told as people read it."""

import pytest

from deploy.local.listeners import as_read


@pytest.mark.parametrize(
    ("kernels", "read"),
    [
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("::ffff:0.0.0.0", "0.0.0.0"),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("::", "::"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_an_address_of_the_older_protocol_is_told_in_its_own_form(kernels, read):
    assert as_read(kernels) == read

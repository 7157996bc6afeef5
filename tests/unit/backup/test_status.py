"""What `watch` reads of the newest backup is what became of it."""

import pytest

from backup import status
from runtime.settings import Settings
from sinks.watch.surroundings import backups


def test_watch_reads_what_became_of_each_try(tmp_path):
    of = Settings(data_dir=tmp_path)
    with status.of_a_backup(of.backups_dir):
        pass
    status.verified(of.backups_dir, "20261127T013000Z", {2019: "hash"})
    first = backups(of)
    assert first.last_success > 0 and first.last_verified > 0 and not first.last_failed
    with pytest.raises(OSError, match="full"), status.of_a_backup(of.backups_dir):
        raise OSError("full")
    after = backups(of)
    assert (after.last_success, after.last_verified, after.last_failed) == (
        first.last_success,
        first.last_verified,
        True,
    )


def test_a_folder_that_cannot_be_written_hides_no_fault(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="its own"), status.of_a_backup(tmp_path / "file" / "below"):
        raise ValueError("its own")

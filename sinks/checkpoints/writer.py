"""Writes the next checkpoint of a row, signed, and remembers beside its key how far it has written."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from runtime.settings import Settings
from sinks.checkpoints import folder as files
from sinks.checkpoints import keys, row
from sinks.checkpoints.checkpoint import Acceptance, Checkpoint, signed
from sinks.checkpoints.findings import Finding
from sinks.checkpoints.heads import Followed
from sinks.checkpoints.row import Row


@dataclass
class Writer:
    """Of one row. ``row`` is its state: after ``write`` the next follows what was written."""

    folder: Path
    key: Ed25519PrivateKey
    row: Row
    remembered: Path

    @classmethod
    def open(cls, settings: Settings) -> "Writer":
        """Of the settings' folder; the key is made where there is neither one nor a checkpoint.

        Raises ProblemList if the key is missing or is not the one beside the files (AUD-022), or not the one
        that the settings name (AUD-026); OSError.
        """
        folder, path = settings.checkpoints_dir, settings.checkpoint_key_file
        published = folder / files.PUBLIC_KEY
        if not path.exists() and not published.exists() and not files.numbers(folder):
            key = keys.make(path)
        else:
            key = keys.private(path)
        files.publish_key(folder, keys.pem(key.public_key()))
        if keys.key_id(keys.public(published)) != keys.key_id(key.public_key()):
            raise keys.none(path)
        if settings.checkpoint_key_id:
            keys.trusted(published, settings.checkpoint_key_id, path)
        files.tidy(folder)
        return cls(folder, key, row.read(folder, key.public_key()), remembered_of(path))

    def problems(self) -> list[Finding]:
        """All that keeps the row from going on."""
        return [*self.row.problems, *forgotten(self.row, self.folder, self.remembered)]

    def write(
        self,
        state: Followed,
        topics: Mapping[str, str],
        accepted: Sequence[Acceptance] = (),
        now: datetime | None = None,
    ) -> Checkpoint:
        """Seal the state. Raises OSError (nothing was written), Taken if another has written this number.

        ``accepted``: the row goes on from this state although the one before it does not lead here.
        """
        moved, every = state.counts()
        # All heads again once as many were told one by one: so the row grows with what happens alone.
        whole = bool(accepted) or not self.row.whole or self.row.since_whole + moved >= every
        acceptances = (*self.row.accepted, *accepted) if whole else ()
        checkpoint = Checkpoint(
            number=self._next(),
            at=now or datetime.now(UTC),
            previous=self.row.newest_hash,
            whole=whole,
            topics=dict(topics),
            reached={topic: dict(reached) for topic, reached in state.reached.items()},
            totals=state.totals(),
            heads=state.told(whole),
            accepted=acceptances,
            anew=bool(accepted),
        )
        content, digest = signed(checkpoint, self.key)
        files.write(self.folder, checkpoint.number, content)
        self.row.written(checkpoint, digest)
        state.sealed()
        self._remember(checkpoint.number, digest)
        files.prune(self.folder, self.row.whole, checkpoint.at.timestamp())
        return checkpoint

    def _remember(self, number: int, digest: str) -> None:
        """After the file: a crash in between leaves a row that is longer than remembered, which is fine."""
        partial = self.remembered.with_name(f"{self.remembered.name}.part")
        file = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(file, "w", encoding="ascii") as out:
            json.dump({"number": number, "hash": digest}, out)
            out.flush()
            os.fsync(out.fileno())
        partial.replace(self.remembered)

    def _next(self) -> int:
        """After all that there is; where files are gone, also after these."""
        return max(self.row.number, _said(self.remembered)[0], *files.numbers(self.folder)[-1:]) + 1


def began(settings: Settings) -> bool:
    """Whether a row was ever begun here."""
    last = remembered_of(settings.checkpoint_key_file)
    return last.exists() or bool(files.numbers(settings.checkpoints_dir))


def remembered_of(key_file: Path) -> Path:
    """Where the signer with this key remembers how far it has written."""
    return key_file.with_suffix(".last")


def forgotten(found: Row, folder: Path, remembered: Path) -> list[Finding]:
    """What the signer has written and the row does not have (AUD-007, AUD-005)."""
    return row.gone(found, folder, *_said(remembered))


def _said(remembered: Path) -> tuple[int, str]:
    """Number and hash of the last checkpoint written; 0 and "" on another machine, or where none was."""
    try:
        said = json.loads(remembered.read_text(encoding="ascii"))
        return int(said["number"]), str(said["hash"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0, ""

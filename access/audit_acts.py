"""An operator lets the row of checkpoints go on although logs or files are not as signed: signed and kept."""

from collections.abc import Sequence
from typing import Final

from runtime.settings import Settings
from schemas.errors import Problem, ProblemList
from sinks.checkpoints import audit
from sinks.checkpoints.checkpoint import Acceptance, Checkpoint
from sinks.checkpoints.findings import Finding
from sinks.checkpoints.writer import Writer, began

NOTHING_TO_ACCEPT: Final = "AUD-024"


def accept(settings: Settings, *, account: str, reason: str) -> tuple[Checkpoint, Sequence[Finding]]:
    """Audit, and seal the logs as they are now with what was found.

    The process that writes checkpoints meanwhile waits, or finds its number taken and starts again after it.
    Raises ProblemList: AUD-001, AUD-022, AUD-024; KafkaError, OSError.
    """
    if not began(settings):
        raise audit.none(settings.checkpoints_dir)
    writer = Writer.open(settings)
    problems = writer.problems()
    done = audit.whole(settings, writer.row)
    findings = sorted({*problems, *done.findings})
    if not findings:
        raise ProblemList([Problem(NOTHING_TO_ACCEPT)])
    accepted = Acceptance(account, reason, tuple(finding.key for finding in findings))
    return writer.write(done.state, audit.topic_ids(settings), (accepted,)), findings

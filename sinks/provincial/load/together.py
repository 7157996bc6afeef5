"""Which pushes of a batch are applied together. Pure."""

from collections.abc import Iterable, Sequence

from sinks.provincial.load.pushes import Push


def rounds(pushes: Iterable[Push]) -> list[list[Push]]:
    """Pushes in the order given, split so that no round holds two of one dataset."""
    out: list[list[Push]] = []
    depth: dict[str, int] = {}
    for push in pushes:
        at = depth.get(push.key.dataset_id, 0)
        depth[push.key.dataset_id] = at + 1
        if at == len(out):
            out.append([])
        out[at].append(push)
    return out


def portions(pushes: Sequence[Push], size: int) -> list[list[Push]]:
    """Pushes in the order given, in runs of at most so many bytes, or of one push."""
    out: list[list[Push]] = []
    left = 0
    for push in pushes:
        if not out or push.size > left:
            out.append([])
            left = size
        out[-1].append(push)
        left -= push.size
    return out

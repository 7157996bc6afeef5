"""What a grant allows, and where it stands, in words. Pure."""

from streams.grants.commands import Right
from streams.grants.state import STANDING_VI, Scope, State


def allows(scope: Scope) -> tuple[str, str]:
    """(Vietnamese, English): record types, periods, removal of records, the last day."""
    types, periods = ", ".join(scope.types), ", ".join(scope.periods)
    removes = Right.REMOVE in scope.rights
    last = scope.valid_until
    vi = [
        f"đẩy {types}" if types else "đẩy mọi loại hồ sơ",
        f"kỳ {periods}" if periods else "mọi kỳ",
        "được xóa hồ sơ" if removes else "không được xóa hồ sơ",
        f"đến hết ngày {last:%d/%m/%Y}" if last else "không thời hạn",
    ]
    en = [
        f"push {types}" if types else "push all record types",
        f"periods {periods}" if periods else "all periods",
        "remove records" if removes else "remove no records",
        f"until the end of {last.isoformat()}" if last else "without a last day",
    ]
    return "; ".join(vi), "; ".join(en)


def stands(state: State) -> tuple[str, str]:
    """(Vietnamese, English): the standing, and that it is without papers if it is."""
    vi, en = STANDING_VI[state.state], state.state.value.replace("_", " ")
    if state.without_papers and state.in_force:
        return f"{vi}; đang có hiệu lực, không có hồ sơ", f"{en}; in force without papers"
    return vi, en

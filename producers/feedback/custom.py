"""The property of a workbook that says that it has marks of ours: shown by programs, gone with the marks."""

from typing import Final

from producers.feedback import xml
from producers.feedback.package import Package
from producers.feedback.xml import Edit

NAME: Final = "CSDL đã đánh dấu lỗi"
_PART: Final = "docProps/custom.xml"
_TYPE: Final = "application/vnd.openxmlformats-officedocument.custom-properties+xml"
_KIND: Final = "/custom-properties"
_FORMAT: Final = "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}"
_EMPTY: Final = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    b'<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties"'
    b' xmlns:vt="http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes"></Properties>'
)


def say(package: Package, kinds: str, value: str) -> None:
    """Set the property; an empty value takes it away. ``kinds``: namespace of the types of relations."""
    found = [(r, path) for r, (kind, path) in package.related("").items() if kind.endswith(_KIND)]
    if not found and not value:
        return
    relation, path = found[0] if found else ("", _PART)
    data = package[path] if found else _EMPTY
    root = xml.tree(data, 1)
    ours = [n for n in root.children if n.attributes.get("name") == NAME]
    others = [n for n in root.children if n not in ours]
    if not value and not others:
        if ours:
            package.unrelate("", relation)
            package.remove(path)
        return
    edits = [Edit(n.start, n.end, b"") for n in ours]
    if value:
        number = max([1, *(int(n.attributes.get("pid", "1")) for n in others)]) + 1
        new = (
            f'<{root.prefix}property fmtid="{_FORMAT}" pid="{number}" name={xml.attribute(NAME)}>'
            '<vt:lpwstr xmlns:vt="http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes">'
            f"{xml.text(value)}</vt:lpwstr></{root.prefix}property>"
        )
        edits += xml.appended(root, data, [new.encode()])
    data = xml.spliced(data, edits)
    if found:
        package[path] = data
    else:
        package.add(path, _TYPE, data)
        package.relate("", f"{kinds}{_KIND}", path)

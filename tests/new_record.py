"""A record type made up for tests: one folder beside the others, and nothing else anywhere."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from schemas import codes
from schemas.contracts import contracts, versions
from schemas.contracts.contracts_folder import contracts_folder
from schemas.contracts.freeze import freeze
from schemas.rules import catalogue

NAME: Final = "ThietBi"

RULES: Final = '''
"""Rules about pieces of equipment that the contract cannot say."""

import polars as pl

from schemas.rules.rule import block

RULES = [
    block(
        "TB-301",
        "ThietBi",
        "SoLuong",
        "Số lượng thiết bị phải lớn hơn 0. Sửa lại.",
        "The number of pieces must be above 0. Fix it.",
        pl.col("SoLuong") <= 0,
        needs="SoLuong",
        condition="above 0",
    )
]
'''


def _field(name: str, avro_type: Any, label: str, gloss: str, **more: Any) -> dict[str, Any]:
    nullable = {"type": ["null", avro_type], "default": None} if name != "ClientId" else {"type": avro_type}
    spec = {"label_vi": label, "spec_type": "string", "required": "no", "pii": "none"}
    return {"name": name, **nullable, "doc": f"{label} — {gloss}", **spec, **more}


CONTRACT: Final[dict[str, Any]] = {
    "type": "record",
    "name": NAME,
    "namespace": "vn.csdl.records",
    "doc": "Thiết bị — piece of equipment",
    "label_vi": "thiết bị",
    "label_en": "piece of equipment",
    "rule_prefix": "TB",
    "packet": "LstThietBi",
    "table": "thiet_bi",
    "identity": [["MaThietBi"], ["Vendor", "ClientId"]],
    "fields": [
        _field("ClientId", "string", "Mã của phần mềm", "Vendor's own id", required="yes", max_length=100),
        _field("MaThietBi", "string", "Mã thiết bị", "Code of the piece", required="yes", format="digits:6"),
        _field("TenThietBi", "string", "Tên thiết bị", "Name of the piece", max_length=20),
        _field("MaLopHoc", "string", "Lớp sử dụng", "Class that uses it", references="LopHoc.MaLopHoc"),
        _field("MonHoc", "string", "Môn học", "Subject it serves", codelist="MON_HOC"),
        _field("SoLuong", "int", "Số lượng", "Number of pieces"),
        _field("NgayMua", {"type": "int", "logicalType": "date"}, "Ngày mua", "Day it was bought"),
        _field("ConDung", "boolean", "Còn dùng", "Still in use", codelist="BOOL_01"),
    ],
}


COMPOSITE: Final[dict[str, Any]] = CONTRACT | {
    "name": "KetQua",
    "doc": "Kết quả học kỳ — result of a term",
    "label_vi": "kết quả học kỳ",
    "label_en": "result of a term",
    "rule_prefix": "KQ",
    "packet": "LstKetQua",
    "table": "ket_qua",
    "identity": [["MaHocSinh", "HocKy"]],
    "identity_scope": "province",
    "fields": [
        _field("ClientId", "string", "Mã của phần mềm", "Vendor's own id", required="yes", max_length=100),
        _field("MaHocSinh", "string", "Mã học sinh", "Code of the pupil", format="digits:10"),
        _field("HocKy", "int", "Học kỳ", "Term"),
        _field("DiemTb", "double", "Điểm trung bình", "Average mark"),
    ],
}
"""A type whose only key is of two fields, one of them no text."""


def add(
    target: Path,
    monkeypatch: pytest.MonkeyPatch,
    contract: Mapping[str, Any] = CONTRACT,
    rules: str = RULES,
) -> Path:
    """A copy of the contracts with the new type, frozen; this process and those it starts use it.

    ``target`` is a folder that does not exist yet. Subprocesses find it by CSDL_SCHEMAS.
    """
    for name in ("records", "events", "codelists", "versions"):
        shutil.copytree(contracts_folder() / name, target / name)
    shutil.copy(contracts_folder() / "ids.json", target)
    folder = target / "records" / contract["name"]
    folder.mkdir()
    (folder / "record.avsc").write_text(json.dumps(contract, ensure_ascii=False), encoding="utf-8")
    (folder / "rules.py").write_text(rules, encoding="utf-8")
    monkeypatch.setenv("CSDL_SCHEMAS", str(target))
    freeze()
    return target


def forget() -> None:
    """What was read of the contracts is read again: for tests that change them under way."""
    for cached in (
        catalogue._rules,
        codes._read,
        contracts._record_types,
        versions._contracts,
        versions._by_id,
    ):
        cached.cache_clear()

"""A signed PDF holds, or is refused by a code that says why; signers are never named."""

import json
import os
import stat
import zlib
from datetime import UTC, datetime, timedelta
from io import BytesIO

import msgspec
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter

from access.documents import kept, received, signed_pdf, signed_pdf_child, trust, whole_file
from access.documents.signed_pdf import FAULTS
from access.documents.trust import Authority
from cli.main import main
from runtime.settings import Settings
from schemas.errors import ProblemList, message
from tests.unit.documents import authorities as made
from tests.unit.documents.authorities import DAY, NOW

GOVERNMENT = made.Issuer("Gốc Chính phủ")
BETWEEN = made.Issuer("CA Chính phủ", GOVERNMENT)
PUBLIC = made.Issuer("Gốc công cộng")
OTHER = made.Issuer("Gốc lạ")
LISTS = [GOVERNMENT.crl(), BETWEEN.crl(), PUBLIC.crl()]
TRUST = made.trust([GOVERNMENT], [PUBLIC], lists=LISTS)
PDF = made.document()
OFFICER = made.signer(BETWEEN)
GOOD = made.signed(PDF, OFFICER)
BOTH = ("government", "public")


def judged(pdf, trusted=TRUST, accepted=BOTH, at=None):
    """The fault of the file, or of each signature; ``at``: in five minutes, for files of this moment."""
    at = at or datetime.now(UTC) + timedelta(minutes=5)
    said = signed_pdf_child.judge(pdf, signed_pdf_child.Trust(made.as_said(trusted, list(accepted), at)))
    return said.get("fault") or [s["faults"] for s in said["signatures"]]


def trusting(*lists):
    return made.trust([GOVERNMENT], [PUBLIC], lists=lists)


def changed(pdf, text, into):
    assert len(text) == len(into) and text in pdf
    return pdf.replace(text, into, 1)


def revoked(issuer, number):
    issuer.revoked.append(number)
    try:
        return issuer.crl()
    finally:
        issuer.revoked.clear()


def encrypted():
    writer = PdfFileWriter()
    contents = generic.StreamObject(stream_data=b"BT ET")
    writer.insert_page(PageObject(contents=writer.add_object(contents), media_box=(0, 0, 9, 9)))
    writer.encrypt(owner_pass="x", user_pass="")
    return written(writer)


def written(writer):
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def form(writer):
    """A field to be filled in."""
    field = generic.DictionaryObject({
        generic.NameObject("/FT"): generic.NameObject("/Tx"),
        generic.NameObject("/T"): generic.pdf_string("So"),
        generic.NameObject("/V"): generic.pdf_string("12"),
    })  # fmt: skip
    fields = generic.ArrayObject([writer.add_object(field)])
    writer.root["/AcroForm"] = writer.add_object(
        generic.DictionaryObject({generic.NameObject("/Fields"): fields})
    )
    writer.update_root()


def fill(writer):
    field = writer.root["/AcroForm"]["/Fields"][0].get_object()
    field["/V"] = generic.pdf_string("99")
    writer.update_container(field)


def opens_with_a_script():
    action = generic.DictionaryObject({
        generic.NameObject("/S"): generic.NameObject("/JavaScript"),
        generic.NameObject("/JS"): generic.pdf_string("app.alert(1)"),
    })  # fmt: skip
    return made.document(OpenAction=action)


def someone(**other):
    return made.signed(PDF, made.signer(BETWEEN, **other))


def forged():
    """Another key's signature, with the officer's certificate beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    theirs = BETWEEN.issue("Nguyễn Thị Mẫu", ec.generate_private_key(ec.SECP256R1()).public_key())
    return made.signed(PDF, made.of_key(theirs, key, BETWEEN))


def test_a_good_signature_holds_whichever_authority_is_behind_it():
    assert judged(GOOD) == [[]]
    assert judged(GOOD, accepted=("government",)) == [[]]
    assert judged(made.signed(PDF, made.signer(PUBLIC))) == [[]]


def test_one_that_is_signed_twice_holds_twice():
    assert judged(made.signed(GOOD, made.signer(PUBLIC), "VanThu")) == [[], []]


@pytest.mark.parametrize(
    ("pdf", "faults"),
    [
        (lambda: changed(GOOD, b"Trang 1", b"Trang 9"), [["changed"]]),
        (forged, [["forged"]]),
        (lambda: made.revised(GOOD, made.replace_page), [["replaced"]]),
        (lambda: GOOD + b"\n% more\n", [["replaced"]]),
        (lambda: made.signed(made.revised(GOOD, made.replace_page), OFFICER, "Hai"), [["replaced"], []]),
        (lambda: made.revised(made.signed(GOOD, OFFICER, "Hai"), made.replace_page), [["replaced"]] * 2),
        (lambda: made.revised(made.signed(made.revised(PDF, form), OFFICER), fill), [["replaced"]]),
        (lambda: made.signed(PDF, made.signer(OTHER)), [["issuer"]]),
        (lambda: made.signed(GOOD, made.signer(OTHER), "Hai"), [[], ["issuer"]]),
        (lambda: someone(until=-DAY), [["expired"]]),
        (lambda: someone(since=DAY), [["early"]]),
        (lambda: someone(signs=False), [["usage"]]),
        (lambda: PDF, "unsigned"),
        (lambda: b"%PDF-1.7\n", "damaged"),
        (lambda: GOOD[: len(GOOD) // 2], "damaged"),
        (lambda: GOOD.replace(b"adbe.pkcs7.detached", b"adbe.x509.rsa_sha1x"), "kind"),
        (encrypted, "encrypted"),
        (opens_with_a_script, "active"),
    ],
)  # fmt: skip
def test_what_does_not_hold_is_told_apart(pdf, faults):
    assert judged(pdf()) == faults


def test_a_certificate_of_the_other_kind_of_authority_is_told_from_an_unknown_one():
    assert judged(GOOD, accepted=("public",)) == [["authority"]]
    assert judged(made.signed(PDF, made.signer(OTHER)), accepted=("public",)) == [["issuer"]]


@pytest.mark.parametrize(
    ("lists", "fault"),
    [
        (lambda: [GOVERNMENT.crl(), revoked(BETWEEN, made.serial(OFFICER))], "revoked"),
        (lambda: [revoked(GOVERNMENT, BETWEEN.certificate.serial_number), BETWEEN.crl()], "revoked"),
        (lambda: [GOVERNMENT.crl()], "revocation"),
        (list, "revocation"),
        (lambda: [GOVERNMENT.crl(), PUBLIC.crl()], "revocation"),
        (lambda: [GOVERNMENT.crl(), BETWEEN.crl(-60 * DAY, -30 * DAY)], "stale"),
    ],
)
def test_a_certificate_of_whose_revocation_nothing_good_is_known_is_refused(lists, fault):
    assert judged(GOOD, trusting(*lists())) == [[fault]]


def test_a_list_that_another_authority_signed_says_nothing():
    fake = made.Issuer("CA Chính phủ", OTHER)
    assert judged(GOOD, trusting(GOVERNMENT.crl(), fake.crl())) == [["revocation"]]


def test_a_time_of_signing_that_has_not_come_is_refused():
    assert judged(
        GOOD, at=NOW - timedelta(hours=12), trusted=trusting(GOVERNMENT.crl(-2 * DAY), BETWEEN.crl(-2 * DAY))
    ) == [["future"]]


def test_a_weak_hash_is_refused():
    assert judged(made.signed(PDF, OFFICER, md_algorithm="sha1")) == [["weak"]]


def test_every_fault_has_a_code_of_its_own_and_both_texts():
    assert len(set(FAULTS.values())) == len(FAULTS)
    assert all(all(message(code)) for code in FAULTS.values())
    assert set(signed_pdf_child.TROUBLE.values()) <= set(FAULTS)


def test_the_findings_tell_the_certificate_and_the_file_and_never_the_person():
    found = signed_pdf.check_signed(GOOD, TRUST, file="a.pdf")
    assert found.good
    [signature] = found.signatures
    assert OFFICER.signing_cert is not None
    assert signature.fingerprint == OFFICER.signing_cert.sha256.hex()
    assert signature.organisation == "Đơn vị Nguyễn Thị Mẫu"
    assert (signature.authority, signature.timestamped) == ("government", False)
    assert signature.signed_at is not None and abs(signature.signed_at - NOW) < DAY
    fields = msgspec.to_builtins(signature) | {"organisation": ""}
    assert "Nguyễn Thị Mẫu" not in json.dumps(fields, ensure_ascii=False, default=str)


def test_a_good_signature_of_somebody_else_is_not_the_units():
    found = signed_pdf.check_signed(GOOD, TRUST)
    assert signed_pdf.of_unit(found, ["Phòng GDĐT", "ĐƠN VỊ  Nguyễn thị Mẫu"]) == []
    for names in (["Phòng GDĐT huyện Định Hóa"], ["Mẫu"], [""], []):
        [problem] = signed_pdf.of_unit(found, names)
        assert problem.code == "SIG-032" and all(problem.messages())


def bomb():
    """A small PDF of which one object unpacks to three gigabytes."""
    squeezed = zlib.compressobj(9)
    begin = squeezed.compress(b"") + squeezed.flush(zlib.Z_FULL_FLUSH)
    block = squeezed.compress(bytes(1 << 20)) + squeezed.flush(zlib.Z_FULL_FLUSH)
    data = begin + 3000 * block + squeezed.flush()
    head = b"%PDF-1.7\n1 0 obj\n<</Type/XRef/Size 3/W[1 2 1]/Root 2 0 R/Filter/FlateDecode/Length "
    tail = b"\nendstream endobj\nstartxref\n9\n%%EOF\n"
    return head + str(len(data)).encode() + b">>stream\n" + data + tail


@pytest.mark.parametrize(
    ("pdf", "code"),
    [
        (b"PK\x03\x04", "SIG-001"),
        (b"", "SIG-001"),
        (b"GIF89a%PDF-1.7", "SIG-001"),
        (b"%PDF-" + bytes(signed_pdf.MAX_BYTES), "SIG-002"),
        (b"%PDF-1.7\n", "SIG-003"),
        (bomb(), "SIG-003"),
    ],
    ids=["zip", "empty", "polyglot", "large", "damaged", "bomb"],
)
def test_a_file_that_is_no_pdf_of_an_office_is_refused_within_bounds(pdf, code):
    found = signed_pdf.check_signed(pdf, TRUST)
    assert [p.code for p in found.problems] == [code] and not found.good
    assert all(found.problems[0].messages())


def test_what_takes_more_time_than_it_may_is_refused(monkeypatch):
    monkeypatch.setattr(signed_pdf, "MAX_SECONDS", 0)
    assert [p.code for p in signed_pdf.check_signed(GOOD, TRUST).problems] == ["SIG-008"]
    monkeypatch.undo()
    assert signed_pdf.check_signed(GOOD, TRUST).good, "the next one has a judge again"


def test_without_a_root_of_an_accepted_authority_nothing_is_good():
    found = signed_pdf.check_signed(GOOD, made.trust([GOVERNMENT]), [Authority.PUBLIC])
    assert [p.code for p in found.problems] == ["SIG-041"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A data directory with what the province trusts, as files of both forms."""
    at = tmp_path / "data" / "trust"
    for name in ("government", "public", "between", "lists"):
        (at / name).mkdir(parents=True)
    (at / "government" / "goc.pem").write_bytes(GOVERNMENT.certificate.public_bytes(Encoding.PEM))
    (at / "public" / "goc.cer").write_bytes(PUBLIC.der)
    (at / "between" / "ca.pem").write_bytes(BETWEEN.certificate.public_bytes(Encoding.PEM))
    for number, crl in enumerate(LISTS):
        (at / "lists" / f"{number}.crl").write_bytes(crl)
    monkeypatch.setenv("CSDL_DATA_DIR", str(tmp_path / "data"))
    return at


def test_the_folder_of_trust_is_read_whole(folder):
    found = trust.load(folder)
    assert found.roots == TRUST.roots and found.lists == LISTS and found.between == [BETWEEN.der]


def test_all_that_is_wrong_with_the_folder_of_trust_is_said_at_once(folder):
    (folder / "government" / "rac.pem").write_bytes(b"-----BEGIN rubbish")
    (folder / "lists" / "rac.crl").write_bytes(GOVERNMENT.der)
    leaf = BETWEEN.issue("X", ec.generate_private_key(ec.SECP256R1()).public_key())
    (folder / "public" / "nguoi.pem").write_bytes(leaf.public_bytes(Encoding.PEM))
    (folder / "public" / "goc2.pem").write_bytes(GOVERNMENT.certificate.public_bytes(Encoding.PEM))
    with pytest.raises(ProblemList) as refused:
        trust.load(folder)
    assert sorted(p.code for p in refused.value.problems) == ["SIG-042", "SIG-042", "SIG-043", "SIG-044"]
    assert all(all(p.messages()) for p in refused.value.problems)


def test_an_empty_folder_of_trust_is_said(tmp_path):
    with pytest.raises(ProblemList) as refused:
        trust.load(tmp_path / "none")
    assert [p.code for p in refused.value.problems] == ["SIG-041"]


def run(*args):
    return CliRunner().invoke(main, ["forms", "verify", *map(str, args)])


def test_the_command_says_who_signed_and_ends_by_what_was_found(folder, tmp_path):
    (tmp_path / "a.pdf").write_bytes(GOOD)
    (tmp_path / "b.pdf").write_bytes(changed(GOOD, b"Trang 1", b"Trang 9"))
    good, bad = run(tmp_path / "a.pdf", "--json"), run(tmp_path / "b.pdf")
    assert good.exit_code == 0 and json.loads(good.stdout)["good"]
    assert bad.exit_code == 1 and "SIG-011 b.pdf · dòng 1" in bad.stderr
    assert run(tmp_path / "a.pdf", "--unit", "Phòng GDĐT").stderr.startswith("SIG-032")
    assert run(tmp_path / "none.pdf").stderr.startswith("FORM-061")


def test_a_kept_document_lies_under_its_hash_for_its_owner_alone(tmp_path):
    folder = tmp_path / "documents"
    digest = kept.keep(folder, GOOD)
    assert kept.keep(folder, GOOD) == digest and kept.read(folder, digest) == GOOD
    assert [p.name for p in folder.iterdir()] == [digest]
    assert stat.S_IMODE((folder / digest).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_document_that_was_changed_is_not_given_out_and_keeping_it_again_mends_it(tmp_path):
    digest = kept.keep(tmp_path, GOOD)
    (tmp_path / digest).write_bytes(b"other")
    with pytest.raises(ProblemList, match="FORM-064"):
        kept.read(tmp_path, digest)
    kept.keep(tmp_path, GOOD)
    assert kept.read(tmp_path, digest) == GOOD


@pytest.mark.parametrize("digest", ["0" * 64, "../secrets/identity.key", "", "A" * 64])
def test_what_is_not_kept_is_said(tmp_path, digest):
    with pytest.raises(ProblemList, match="FORM-063"):
        kept.read(tmp_path, digest)


def test_a_full_disk_leaves_nothing_and_what_a_killed_writer_left_goes(tmp_path, monkeypatch):
    left = tmp_path / f"{whole_file.PARTIAL}x"
    left.write_bytes(b"half")
    os.utime(left, (1, 1))

    def full(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as at, pytest.raises(OSError, match="No space"):
        at.setattr(os, "fsync", full)
        kept.keep(tmp_path, GOOD)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ProblemList, match="FORM-062"):
        kept.keep(tmp_path, bytes(signed_pdf.MAX_BYTES + 1))


def settings_of(folder):
    return Settings(data_dir=folder.parent)


def test_a_document_is_received_once_it_holds_and_judged_again_before_an_act(folder):
    settings = settings_of(folder)
    digest = received.receive(settings, GOOD).sha256
    names = ["Đơn vị Nguyễn Thị Mẫu"]
    assert received.judged(settings, digest, names, [Authority.GOVERNMENT]).problems == ()

    def codes(*more):
        return [p.code for p in received.judged(settings, *more).problems]

    assert codes(digest, names, [Authority.PUBLIC]) == ["SIG-022"]
    assert codes(digest, ["Phòng GDĐT"]) == ["SIG-032"]
    assert codes("0" * 64, names) == ["FORM-063"]
    (folder / "lists" / "1.crl").write_bytes(revoked(BETWEEN, made.serial(OFFICER)))
    assert codes(digest, names) == ["SIG-025"]


def test_what_does_not_hold_is_not_kept(folder):
    settings = settings_of(folder)
    with pytest.raises(ProblemList, match="SIG-011"):
        received.receive(settings, changed(GOOD, b"Trang 1", b"Trang 9"))
    assert not settings.documents_dir.exists()

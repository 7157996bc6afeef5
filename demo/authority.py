"""Made-up authorities, signers and signed PDFs: what offices get from the government's authority and schools
from a public one."""

# mypy: disable-error-code="no-untyped-call"

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from asn1crypto import keys
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter
from pyhanko.sign import signers
from pyhanko_certvalidator.registry import SimpleCertificateStore

NOW: Final = datetime.now(UTC).replace(microsecond=0)
DAY: Final = timedelta(days=1)
DER: Final = serialization.Encoding.DER


@dataclass
class Issuer:
    """An authority. ``revoked``: serial numbers that its next list names."""

    name: str
    above: "Issuer | None" = None
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    revoked: list[int] = field(default_factory=list)
    certificate: x509.Certificate = field(init=False)

    def __post_init__(self) -> None:
        above = self.above or self
        self.certificate = above.issue(self.name, self.key.public_key(), authority=True)

    @property
    def der(self) -> bytes:
        """Its own certificate."""
        return self.certificate.public_bytes(DER)

    def issue(
        self,
        name: str,
        key: ec.EllipticCurvePublicKey,
        *,
        organisation: str = "",
        authority: bool = False,
        since: timedelta = -100 * DAY,
        until: timedelta = 1000 * DAY,
        signs: bool = True,
    ) -> x509.Certificate:
        """A certificate for a key, valid from so long before now to so long after."""
        issuer = _name(self.name)
        made = (
            x509.CertificateBuilder()
            .subject_name(_name(name, organisation))
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW + since)
            .not_valid_after(NOW + until)
            .add_extension(x509.BasicConstraints(authority, None), critical=True)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=signs and not authority, content_commitment=signs and not authority,
                    key_encipherment=not signs, data_encipherment=False, key_agreement=False,
                    key_cert_sign=authority, crl_sign=authority, encipher_only=False, decipher_only=False,
                ),
                critical=True,
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
            )
        )  # fmt: skip
        return made.sign(self.key, hashes.SHA256())

    def crl(self, since: timedelta = -DAY, until: timedelta = 30 * DAY) -> bytes:
        """Its revocation list, DER."""
        made = x509.CertificateRevocationListBuilder().issuer_name(_name(self.name))
        made = made.last_update(NOW + since).next_update(NOW + until)
        made = made.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
        ).add_extension(x509.CRLNumber(1), critical=False)
        for serial in self.revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW - 2 * DAY)
            made = made.add_revoked_certificate(entry.build())
        return made.sign(self.key, hashes.SHA256()).public_bytes(DER)


def trusted(folder: Path, issuer: Issuer, authority: str = "government") -> None:
    """Let a province trust an authority: its root and its list of now, in CSDL_TRUST_DIR."""
    for name, content in ((f"{authority}/root.cer", issuer.der), (f"lists/{authority}.crl", issuer.crl())):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _name(common: str, organisation: str = "") -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation or f"Đơn vị {common}"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def signer(
    issuer: Issuer, name: str = "Nguyễn Thị Mẫu", key: ec.EllipticCurvePrivateKey | None = None, **other: Any
) -> signers.SimpleSigner:
    """Somebody who signs, with the issuer's certificate in what they sign."""
    own = key or ec.generate_private_key(ec.SECP256R1())
    certificate = issuer.issue(name, own.public_key(), **other)
    return of_key(certificate, own, issuer)


def of_key(
    certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey, issuer: Issuer
) -> signers.SimpleSigner:
    """Whoever signs with this key as the holder of this certificate."""
    store = SimpleCertificateStore()
    store.register(asn1.Certificate.load(issuer.der))
    plain = key.private_bytes(DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return signers.SimpleSigner(
        signing_cert=asn1.Certificate.load(certificate.public_bytes(DER)),
        signing_key=keys.PrivateKeyInfo.load(plain),
        cert_registry=store,
    )


def document(*pages: str, says: Sequence[str] = (), **root: Any) -> bytes:
    """A PDF of these pages; ``says``: lines of text on the first, Vietnamese ones too; ``root``: entries of
    its catalogue."""
    writer = PdfFileWriter()
    for number, text in enumerate(pages or ("Trang 1", "Trang 2")):
        lines = "" if number else "".join(f"<{_codes(line)}> Tj 0 -14 Td " for line in says)
        stream = f"BT /F1 12 Tf 40 800 Td {lines}/F2 12 Tf ({text}) Tj ET"
        contents = generic.StreamObject(stream_data=stream.encode())
        page = PageObject(
            contents=writer.add_object(contents), media_box=(0, 0, 595, 842), resources=_fonts(writer)
        )
        writer.insert_page(page)
    for name, value in root.items():
        writer.root[generic.NameObject(f"/{name}")] = value
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def _codes(line: str) -> str:
    """A line in the first font: two bytes a letter, as Unicode numbers it."""
    return line.encode("utf-16-be").hex()


def _fonts(writer: PdfFileWriter) -> generic.DictionaryObject:
    """One whose codes are Unicode's, which nobody can draw and everybody can read; one for plain letters."""
    unicode = "\n".join(f"<{high:02x}00> <{high:02x}ff> <{high:02x}00>" for high in range(0x20))
    table = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def "
        "1 begincodespacerange <0000> <ffff> endcodespacerange "
        f"32 beginbfrange\n{unicode}\nendbfrange endcmap end end"
    )
    name = generic.NameObject
    below = _dictionary(Type="/Font", Subtype="/CIDFontType2", BaseFont="/Made")
    fonts = {
        "/F1": _dictionary(Type="/Font", Subtype="/Type0", BaseFont="/Made", Encoding="/Identity-H"),
        "/F2": _dictionary(Type="/Font", Subtype="/Type1", BaseFont="/Helvetica"),
    }
    fonts["/F1"][name("/DescendantFonts")] = generic.ArrayObject([writer.add_object(below)])
    fonts["/F1"][name("/ToUnicode")] = writer.add_object(generic.StreamObject(stream_data=table.encode()))
    named = generic.DictionaryObject({name(key): writer.add_object(font) for key, font in fonts.items()})
    return generic.DictionaryObject({name("/Font"): named})


def _dictionary(**entries: str) -> generic.DictionaryObject:
    name = generic.NameObject
    return generic.DictionaryObject({name(f"/{key}"): name(value) for key, value in entries.items()})


def signed(pdf: bytes, who: signers.SimpleSigner, name: str = "KySo", **other: Any) -> bytes:
    """The PDF with one more signature."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    meta = signers.PdfSignatureMetadata(field_name=name, **{"md_algorithm": "sha256"} | other)
    made: bytes = signers.sign_pdf(writer, meta, signer=who).getvalue()
    return made

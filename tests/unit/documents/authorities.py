"""Made-up authorities, signers and signed PDFs."""

from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO

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

from access.documents.trust import Authority, Trust

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
DER = serialization.Encoding.DER


@dataclass
class Issuer:
    """An authority. ``revoked``: serial numbers that its next list names."""

    name: str
    above: "Issuer | None" = None
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    revoked: list[int] = field(default_factory=list)
    certificate: x509.Certificate = field(init=False)

    def __post_init__(self):
        self.certificate = (self.above or self).issue(self.name, self.key.public_key(), authority=True)

    @property
    def der(self):
        return self.certificate.public_bytes(DER)

    def issue(self, name, key, *, authority=False, since=-100 * DAY, until=1000 * DAY, signs=True):
        """A certificate for a key, valid from so long before now to so long after."""
        issuer = _name(self.name)
        made = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
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

    def crl(self, since=-DAY, until=30 * DAY):
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


def _name(common):
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, f"Đơn vị {common}"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def signer(issuer, name="Nguyễn Thị Mẫu", key=None, **other):
    """Somebody who signs, with the issuer's certificate in what they sign."""
    own = key or ec.generate_private_key(ec.SECP256R1())
    certificate = issuer.issue(name, own.public_key(), **other)
    return of_key(certificate, own, issuer)


def of_key(certificate, key, issuer):
    """Whoever signs with this key as the holder of this certificate."""
    store = SimpleCertificateStore()
    store.register(asn1.Certificate.load(issuer.der))
    plain = key.private_bytes(DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return signers.SimpleSigner(
        signing_cert=asn1.Certificate.load(certificate.public_bytes(DER)),
        signing_key=keys.PrivateKeyInfo.load(plain),
        cert_registry=store,
    )


def serial(made):
    return made.signing_cert.serial_number


def document(**root):
    """A PDF of two pages; ``root``: entries of its catalogue."""
    writer = PdfFileWriter()
    for text in ("Trang 1", "Trang 2"):
        contents = generic.StreamObject(stream_data=f"BT ({text}) Tj ET".encode())
        page = PageObject(contents=writer.add_object(contents), media_box=(0, 0, 595, 842))
        writer.insert_page(page)
    for name, value in root.items():
        writer.root[generic.NameObject(f"/{name}")] = value
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def signed(pdf, who, name="KySo", **other):
    """The PDF with one more signature."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    meta = signers.PdfSignatureMetadata(field_name=name, **{"md_algorithm": "sha256"} | other)
    return signers.sign_pdf(writer, meta, signer=who).getvalue()


def revised(pdf, change):
    """The PDF with one more revision, in which something is changed."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    change(writer)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def replace_page(writer):
    """Another content for the second page."""
    page = writer.root["/Pages"]["/Kids"][1].get_object()
    contents = generic.StreamObject(stream_data=b"BT (Trang khac) Tj ET")
    page["/Contents"] = writer.add_object(contents)
    writer.update_container(page)


def trust(government=(), public=(), between=(), lists=()):
    """What a province trusts: issuers by authority."""
    roots = {Authority.GOVERNMENT: [i.der for i in government], Authority.PUBLIC: [i.der for i in public]}
    return Trust(roots, [i.der for i in between], list(lists))


def as_said(trusted, accepted, at=NOW):
    """What the child is told."""
    return {
        "roots": {a.value: [b64encode(r).decode() for r in roots] for a, roots in trusted.roots.items()},
        "accepted": accepted,
        "between": [b64encode(c).decode() for c in trusted.between],
        "lists": [b64encode(c).decode() for c in trusted.lists],
        "at": at.isoformat(),
    }

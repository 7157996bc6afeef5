"""The stack's own authority, and what it signs for the brokers: EC P-256, for 127.0.0.1 and localhost.

Everyone who speaks with a broker knows the authority by its file and asks for a certificate that it has
signed for the host. Renewed at a start, long before the end.
"""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from deploy.local import whole

AUTHORITY: Final = "ca.pem"
AUTHORITY_KEY: Final = "ca.key"
BROKER: Final = "broker.pem"
"""Key and certificate in one file, as Kafka reads it; also its client certificate at the controller."""

PRINCIPAL: Final = "csdl-broker"
HOSTS: Final = ("localhost",)
ADDRESSES: Final = ("127.0.0.1",)

YEARS_OF_AUTHORITY: Final = 10
DAYS: Final = 397
RENEWED_BEFORE: Final = timedelta(days=60)
"""So long before its end a certificate is made anew at the next start …"""
TOLD_BEFORE: Final = timedelta(days=30)
"""… and so long before it csdl doctor speaks of it."""

Key = ec.EllipticCurvePrivateKey


def prepare(folder: Path, now: datetime | None = None) -> None:
    """Authority and broker's certificate in a folder that is there. Changes nothing that will do."""
    now = now or datetime.now(UTC)
    if not _will_do(folder / AUTHORITY, now) or not (folder / AUTHORITY_KEY).exists():
        key, certificate = authority(now)
        whole.write_private(folder / AUTHORITY_KEY, key_text(key))
        whole.write_private(folder / AUTHORITY, text(certificate))
    issuer = x509.load_pem_x509_certificate((folder / AUTHORITY).read_bytes())
    if will_do(folder / BROKER, issuer, now):
        return
    signer = serialization.load_pem_private_key((folder / AUTHORITY_KEY).read_bytes(), None)
    assert isinstance(signer, Key)
    key, certificate = signed(signer, issuer, now, HOSTS, ADDRESSES)
    whole.write_private(folder / BROKER, key_text(key) + text(certificate))


def authority(now: datetime, name: str = "CSDL authority of this stack") -> tuple[Key, x509.Certificate]:
    """A new one."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        _begun(now, timedelta(days=365 * YEARS_OF_AUTHORITY), subject, subject, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
    )
    return key, made.sign(key, hashes.SHA256())


def signed(
    signer: Key,
    issuer: x509.Certificate,
    now: datetime,
    hosts: tuple[str, ...],
    addresses: tuple[str, ...],
    valid: timedelta = timedelta(days=DAYS),
) -> tuple[Key, x509.Certificate]:
    """A broker's key and certificate for these names."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, PRINCIPAL)])
    names = [*map(x509.DNSName, hosts), *(x509.IPAddress(ip_address(a)) for a in addresses)]
    both = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    made = (
        _begun(now, valid, subject, issuer.subject, key)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(both, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    return key, made.sign(signer, hashes.SHA256())


def ends(path: Path) -> datetime:
    """When a certificate ends. Raises OSError, ValueError."""
    return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc


def _begun(
    now: datetime, valid: timedelta, subject: x509.Name, issuer: x509.Name, key: Key
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))  # clocks differ
        .not_valid_after(now + valid)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def will_do(path: Path, issuer: x509.Certificate, now: datetime) -> bool:
    """Whether a certificate is this authority's and has long to go."""
    return _will_do(path, now) and _signed_by(path, issuer)


def _will_do(path: Path, now: datetime) -> bool:
    try:
        return ends(path) - now > RENEWED_BEFORE
    except (OSError, ValueError):
        return False


def _signed_by(path: Path, issuer: x509.Certificate) -> bool:
    try:
        x509.load_pem_x509_certificate(path.read_bytes()).verify_directly_issued_by(issuer)
    except Exception:  # whatever is wrong with it, it will not do
        return False
    return True


def key_text(key: Key) -> str:
    """As PKCS#8 in PEM, which Kafka reads."""
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode("ascii")


def text(certificate: x509.Certificate) -> str:
    """As PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")

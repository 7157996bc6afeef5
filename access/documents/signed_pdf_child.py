"""What a PDF's signatures are worth, in the process that judges them (``signed_pdf.py`` asks it).

It knows nothing of this project. Whatever the library says of a certificate names a person, so nothing is
logged.
"""

import asyncio
import json
import logging
from base64 import b64decode
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any, BinaryIO, Final

from asn1crypto import x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESFailure, AdESIndeterminate
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from access.documents import pdf_letters

FOR_SIGNING: Final = KeyUsageConstraints(key_usage={"non_repudiation", "digital_signature"})
CLOCKS: Final = timedelta(minutes=10)
"""By so much a signer's clock may be ahead of ours."""

TROUBLE: Final = {
    AdESIndeterminate.NO_CERTIFICATE_CHAIN_FOUND: "issuer",
    AdESIndeterminate.OUT_OF_BOUNDS_NO_POE: "expired",
    AdESIndeterminate.OUT_OF_BOUNDS_NOT_REVOKED: "expired",
    AdESIndeterminate.EXPIRED: "expired",
    AdESIndeterminate.NOT_YET_VALID: "early",
    AdESFailure.NOT_YET_VALID: "early",
    AdESIndeterminate.REVOKED_NO_POE: "revoked",
    AdESIndeterminate.REVOKED_CA_NO_POE: "revoked",
    AdESFailure.REVOKED: "revoked",
    AdESIndeterminate.TRY_LATER: "stale",
    AdESIndeterminate.REVOCATION_OUT_OF_BOUNDS_NO_POE: "stale",
    AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE: "weak",
    AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE_NO_POE: "weak",
    AdESIndeterminate.CHAIN_CONSTRAINTS_FAILURE: "usage",
    AdESIndeterminate.CERTIFICATE_CHAIN_GENERAL_FAILURE: "revocation",
}
"""What the library says of a certificate → our word. Where no revocation list is at hand it speaks of a
general failure."""


class Trust:
    """Roots by authority, those of them that are accepted, certificates between, revocation lists."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        self.roots: dict[str, list[x509.Certificate]] = {
            name: [_certificate(c) for c in certs] for name, certs in said["roots"].items()
        }
        self.accepted: list[str] = said["accepted"]
        self.between = [_certificate(c) for c in said["between"]]
        self.lists = [b64decode(c) for c in said["lists"]]
        self.at = datetime.fromisoformat(said["at"])

    def context(self, authorities: Sequence[str]) -> ValidationContext:
        """Asks nobody on the network; a certificate of whose revocation nothing is known is not trusted."""
        return ValidationContext(
            trust_roots=[root for name in authorities for root in self.roots[name]],
            other_certs=self.between,
            crls=self.lists,
            allow_fetching=False,
            revocation_mode="require",
            moment=self.at,
        )

    def authority(self, root: x509.Certificate) -> str:
        """Whose root it is."""
        return next(name for name, roots in self.roots.items() if root.dump() in {r.dump() for r in roots})


def judge(pdf: bytes, trust: Trust) -> dict[str, Any]:
    """``{"fault": …}`` for the file, or ``{"signatures": […], "text": …, "unread": …}``: each signature with
    its faults, none if it holds; what ``pdf_letters`` says."""
    try:
        reader = PdfFileReader(BytesIO(pdf))
        if reader.security_handler is not None:
            return {"fault": "encrypted"}
        if _active(reader):
            return {"fault": "active"}
        filled = len(list(enumerate_sig_fields(reader, filled_status=True)))
    except MemoryError:
        raise
    except Exception:  # whatever a damaged file makes the library say
        return {"fault": "damaged"}
    try:
        signatures = list(reader.embedded_signatures)
    except MemoryError:
        raise
    except Exception:
        return {"fault": "kind"}
    regular = [s for s in signatures if s.sig_object_type == "/Sig"]
    if not filled:
        return {"fault": "unsigned"}
    if len(signatures) < filled or not regular:  # the library leaves out kinds that it does not know
        return {"fault": "kind"}
    judged = [_judged(s, trust, last=s is regular[-1]) for s in regular]
    text, unread = pdf_letters.text_of(pdf)
    if len(text) > pdf_letters.MAX_TEXT:
        return {"fault": "long"}
    return {"signatures": judged, "text": text, "unread": unread}


def _judged(signature: EmbeddedPdfSignature, trust: Trust, *, last: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"faults": ["kind"], "fingerprint": "", "organisation": "", "authority": "",
                             "signed_at": None, "timestamped": False}  # fmt: skip
    try:
        status = _status(signature, trust.context(trust.accepted))
        found |= _signer(signature, status)
        found["faults"] = faults = _faults(status, trust, last=last)
        if status.bottom_line and status.validation_path is not None:
            found["authority"] = trust.authority(status.validation_path.first)
        elif not faults:
            faults.append("kind")
        others = [name for name in trust.roots if name not in trust.accepted and trust.roots[name]]
        if "issuer" in faults and others:
            again = _status(signature, trust.context(others), skip_diff=True)
            if again.trust_problem_indic is not AdESIndeterminate.NO_CERTIFICATE_CHAIN_FOUND:
                faults[faults.index("issuer")] = "authority"
    except MemoryError:
        raise
    except Exception:
        found["faults"] = ["kind"]
    return found


def _status(
    signature: EmbeddedPdfSignature, context: ValidationContext, *, skip_diff: bool = False
) -> PdfSignatureStatus:
    return asyncio.run(
        async_validate_pdf_signature(
            signature,
            signer_validation_context=context,
            key_usage_settings=FOR_SIGNING,
            skip_diff=skip_diff,
        )
    )


def _faults(status: PdfSignatureStatus, trust: Trust, *, last: bool) -> list[str]:
    if not status.intact:
        return ["changed"]
    if not status.valid:
        return ["forged"]
    found = []
    if status.trust_problem_indic is not None:
        early = _aware(status.signing_cert.not_valid_before) > trust.at  # of which it speaks generally too
        found.append("early" if early else TROUBLE.get(status.trust_problem_indic, "kind"))
    if not status.docmdp_ok or _goes_on(status, last=last):
        found.append("replaced")
    stamps = [t for t in (status.timestamp_validity, status.content_timestamp_validity) if t is not None]
    if not all(stamp.intact and stamp.valid and stamp.trusted for stamp in stamps):
        found.append("timestamp")
    if status.signer_reported_dt is not None and _aware(status.signer_reported_dt) > trust.at + CLOCKS:
        found.append("future")
    if not status.seed_value_ok:
        found.append("usage")
    return found


def _goes_on(status: PdfSignatureStatus, *, last: bool) -> bool:
    """Whether something stands behind the last signature that no signature covers: a field filled in later,
    or bytes that are of no revision. Proofs for the archive may."""
    if not last or status.coverage is SignatureCoverageLevel.ENTIRE_FILE:
        return False
    return status.modification_level is not ModificationLevel.LTA_UPDATES


def _signer(signature: EmbeddedPdfSignature, status: PdfSignatureStatus) -> dict[str, Any]:
    certificate = signature.signer_cert
    organisation = certificate.subject.native.get("organization_name", "")
    if isinstance(organisation, list):
        organisation = organisation[0]
    stamp, at = status.timestamp_validity, status.signer_reported_dt
    stamped = stamp is not None and stamp.intact and stamp.valid and stamp.trusted
    if stamp is not None and stamped:
        at = stamp.timestamp
    return {
        "fingerprint": certificate.sha256.hex(),
        "organisation": str(organisation),
        "signed_at": _aware(at).isoformat() if at else None,
        "timestamped": stamped,
    }


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.astimezone()


def _active(reader: PdfFileReader) -> bool:
    """Whether the document does something by itself when it is opened: what it shows may change."""
    root = reader.root

    def part(name: str) -> generic.PdfObject:
        return root[name] if name in root else generic.NullObject()  # which looks a reference up

    opens, form, names = part("/OpenAction"), part("/AcroForm"), part("/Names")
    return (
        (isinstance(opens, generic.DictionaryObject) and opens.get("/S") != "/GoTo")
        or "/AA" in root
        or (isinstance(form, generic.DictionaryObject) and "/XFA" in form)
        or (isinstance(names, generic.DictionaryObject) and "/JavaScript" in names)
    )


def _certificate(text: str) -> x509.Certificate:
    return x509.Certificate.load(b64decode(text))


def answer(head: bytes, pdf: bytes, out: BinaryIO) -> None:
    """``head``: JSON with what to trust; JSON in answer."""
    logging.disable(logging.CRITICAL)
    out.write(json.dumps(judge(pdf, Trust(json.loads(head))), ensure_ascii=False).encode("utf-8", "replace"))

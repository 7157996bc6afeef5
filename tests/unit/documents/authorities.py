"""What tests do to signed PDFs beside signing them, and whom they trust."""

from base64 import b64encode
from io import BytesIO

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from access.documents.trust import Authority, Trust
from demo.authority import DAY, DER, NOW, Issuer, document, of_key, signed, signer, trusted

__all__ = ["DAY", "DER", "NOW", "Issuer", "document", "of_key", "signed", "signer", "trusted"]


def serial(made):
    return made.signing_cert.serial_number


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

"""`csdl conform`: a version of a vendor's product shows, once, what a production key asks for."""

import click

from access import client
from cli.answers import REFUSED, json_option, print_json, tell
from runtime.settings import Settings


@click.command()
@click.argument("vendor")
@click.option("--school", required=True, help="School that it is tried with.")
@click.option("--product-version", required=True, help="Version of the vendor's product.")
@json_option
@click.pass_context
def conform(ctx: click.Context, vendor: str, school: str, product_version: str, as_json: bool) -> None:
    """Thử nghiệm hợp chuẩn — the first call begins and says what to do; the next ones, what was shown since.

    Exit 0 once all is shown: then production keys may be made.
    """
    asked = {"vendor": vendor, "school": school, "product_version": product_version}
    with client.logged_in(Settings()) as access:
        said = access.call("POST", "/v1/conformity", asked)
    if as_json:
        print_json(said)
    else:
        tell(f"{vendor} {product_version}, trường — school {school}, từ — since {said['begun_at']}")
        for number, row in enumerate(said["scenarios"], 1):
            tell(f"{'✓' if row['passed'] else '…'} {number}. {row['what_vi']} {row['push_id']}".rstrip())
            tell(f"     {row['what_en']}")
        tell(f"Đạt — passed: {said['passed_at']}" if said["passed_at"] else "Chưa đủ — not yet")
    ctx.exit(0 if said["passed_at"] else REFUSED)

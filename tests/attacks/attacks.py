"""The attacks by name: the tests that show each refused, where it is on record, what counts it."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Attack:
    """``tests``: ``file::function`` below ``tests/``. ``counted``: a metric of runtime/metrics.py."""

    name: str
    tests: tuple[str, ...]
    recorded: str
    counted: str


_ACCESS: Final = "integration/test_access.py::"
_BROKER: Final = "integration/test_closed_broker.py::"
_DATABASE: Final = "integration/test_closed_database.py::"
_AUDIT: Final = "integration/test_audit.py::"
_REPLAYS: Final = (
    "attacks/test_replays.py::"
    "test_a_confirmation_replayed_after_it_was_taken_back_and_after_a_return_is_refused"
)
_BYTES: Final = "unit/streams/test_replayed_bytes.py::"

_EVENT: Final = "table audit_event"
_DOOR: Final = "csdl_access_refused_total"
_REFUSAL: Final = "topic of refusals, sealed by checkpoints"
_BROKERS_LOG: Final = "the broker's log"
_REFUSED: Final = "csdl_kafka_refused_total"
_SERVERS_LOG: Final = "PostgreSQL's log"

ATTACKS: Final = (
    Attack("an officer of one unit reads another's",
           (_ACCESS + "test_an_officer_of_one_unit_neither_reads_nor_confirms_anothers",), _EVENT, _DOOR),
    Attack("an officer of one unit confirms another's",
           (_ACCESS + "test_an_officer_of_one_unit_neither_reads_nor_confirms_anothers",), _EVENT, _DOOR),
    Attack("a unit forged in the request",
           (_ACCESS + "test_unit_and_role_are_the_accounts_whatever_a_request_says",), _EVENT, _DOOR),
    Attack("a role forged in the request",
           (_ACCESS + "test_unit_and_role_are_the_accounts_whatever_a_request_says",
            _ACCESS + "test_each_act_takes_its_role"), _EVENT, _DOOR),
    Attack("a session fixed",
           (_ACCESS + "test_a_session_that_is_brought_along_is_never_taken_over",), _EVENT, _DOOR),
    Attack("a session stolen after logout",
           (_ACCESS + "test_what_was_stolen_is_worth_nothing_after_logout",), _EVENT, _DOOR),
    Attack("a session kept after the account ended",
           (_ACCESS + "test_what_was_issued_before_a_change_of_the_account_is_worth_nothing",),
           _EVENT, _DOOR),
    Attack("a session kept after the account moved or lost its role",
           (_ACCESS + "test_what_was_issued_before_a_change_of_the_account_is_worth_nothing",),
           _EVENT, _DOOR),
    Attack("a login guessed",
           (_ACCESS + "test_a_hundred_wrong_passwords_at_once_are_looked_at_ten_times",), _EVENT, _DOOR),
    Attack("an account of the same name in other letters",
           (_ACCESS + "test_what_is_no_login_is_told_alike",
            "unit/access/test_accounts.py::test_names_that_look_alike_have_one_key"), _EVENT, _DOOR),
    Attack("a command replayed byte for byte after unconfirm",
           (_REPLAYS, _BYTES + "test_whatever_was_sent_before_changes_nothing_at_any_later_moment"),
           _REFUSAL, "csdl_commands_refused_total"),
    Attack("a command replayed byte for byte after return", (_REPLAYS,),
           _REFUSAL, "csdl_commands_refused_total"),
    Attack("another local user connects to PostgreSQL",
           (_DATABASE + "test_nobody_connects_without_a_password",
            _DATABASE + "test_a_wrong_password_and_another_accounts_password_are_refused",
            _DATABASE + "test_each_refusal_is_in_the_servers_log_and_counted"),
           _SERVERS_LOG, "csdl_database_refused_total"),
    Attack("COPY PROGRAM",
           (_DATABASE + "test_an_account_has_no_power_over_the_server",
            _DATABASE + "test_not_even_setup_reaches_the_servers_machine",
            _DATABASE + "test_each_refusal_is_in_the_servers_log_and_counted"),
           _SERVERS_LOG, "csdl_database_refused_total"),
    Attack("one process's credential used for another's table",
           (_DATABASE + "test_one_accounts_credential_does_nothing_to_anothers_table",
            _DATABASE + "test_each_refusal_is_in_the_servers_log_and_counted"),
           _SERVERS_LOG, "csdl_database_refused_total"),
    Attack("a chain cut, dropped or rebuilt",
           (_AUDIT + "test_an_insider_who_cuts_drops_or_rebuilds_a_chain_is_found",
            "unit/sinks/test_checkpoints.py::"
            "test_a_chain_that_was_cut_dropped_or_rebuilt_is_named_with_its_range"),
           "the checkpoints' log, csdl audit verify", "csdl_audit_findings"),
    Attack("version_checked, open, receipts and events written by the wrong user",
           (_BROKER + "test_nobody_writes_in_anothers_place",
            "unit/deploy/test_rights.py::test_one_class_of_writer_a_topic"),
           _BROKERS_LOG, _REFUSED),
    Attack("one process's credential for another's topic",
           (_BROKER + "test_nobody_writes_in_anothers_place",), _BROKERS_LOG, _REFUSED),
    Attack("one process's credential for another's group", (_BROKER + "test_nobody_moves_anothers_group",),
           _BROKERS_LOG, _REFUSED),
    Attack("one process's credential for another's transactional id",
           (_BROKER + "test_nobody_fences_anothers_transactions",), _BROKERS_LOG, _REFUSED),
    Attack("a vendor's credential for ours, or for a vendor's whose name begins alike",
           (_BROKER + "test_nobody_writes_in_anothers_place",
            _BROKER + "test_a_vendor_reads_nobodys_refusals_answers_or_records",
            _BROKER + "test_a_vendor_whose_name_begins_anothers_is_another"),
           _BROKERS_LOG, _REFUSED),
    Attack("a broker's port without a login, with a wrong password, with a forged certificate",
           (_BROKER + "test_who_does_not_log_in_is_not_heard",
            _BROKER + "test_a_password_that_is_wrong_or_anothers_is_no_login",
            _BROKER + "test_the_brokers_own_ports_want_its_own_certificate"),
           _BROKERS_LOG, _REFUSED),
)  # fmt: skip

"""The closed list of what the pipeline measures. A metric exists only if it stands here.

Each entry is the one object to use (``RECORDS.labels("load", "written").inc(n)``), and says its kind, its
labels and a sentence in both languages; ``docs/metrics.md``, the dashboard and ``csdl metrics list`` are
printed from it. ``LABELS`` is closed too: never a school, never a person, nothing without bound.
"""

from dataclasses import dataclass
from typing import Final, Literal

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

Kind = Literal["counter", "gauge", "histogram"]

LABELS: Final[dict[str, str]] = {
    "stage": "validation, load, check, outbox, confirmation, grants, organisation, projection, export,"
    " receipts, checkpoints or feed",
    "topic": "a Kafka topic (schemas.topics)",
    "consumer": "who reads: a Kafka consumer group, or a name in the table consumer_offset",
    "state": "a state of a dataset or of an export",
    "rule": "id of a rule of the catalogue, or a code of schemas/errors.csv",
    "disk": "data (the data directory's), or a name of CSDL_DISKS",
    "certificate": "authority (CSDL_KAFKA_CA_FILE) or broker (the brokers', the earliest)",
    "unit": "a unit of systemd that comes to an end: csdl-backup, csdl-retention, csdl-setup",
    "outcome": "what became of it: one of the few words that the metric's sentence names",
}

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


@dataclass(frozen=True)
class Metric:
    """One line of the list. ``name`` is as scraped: a counter's ends in ``_total``."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    sentence_vi: str
    sentence_en: str


# A `_created` series for each counter would double what is scraped.
disable_created_metrics()  # type: ignore[no-untyped-call]

METRICS: Final[list[Metric]] = []


def _listed(name: str, kind: Kind, labels: tuple[str, ...], vi: str, en: str) -> None:
    unknown = sorted(set(labels) - LABELS.keys())
    if unknown:
        raise ValueError(f"{name}: {unknown} is no label of ours")
    METRICS.append(Metric(name, kind, labels, vi, en))


def _counter(name: str, labels: tuple[str, ...], *, en: str, vi: str) -> Counter:
    _listed(name, "counter", labels, vi, en)
    return Counter(name, en, labels)


def _gauge(name: str, labels: tuple[str, ...], *, en: str, vi: str) -> Gauge:
    _listed(name, "gauge", labels, vi, en)
    return Gauge(name, en, labels)


def _histogram(name: str, labels: tuple[str, ...], *, en: str, vi: str) -> Histogram:
    _listed(name, "histogram", labels, vi, en)
    return Histogram(name, en, labels, buckets=_SECONDS)


# What came in, and what became of it -----------------------------------------------------------------------

MESSAGES: Final = _counter(
    "csdl_messages_total",
    ("stage", "topic"),
    en="Messages that a stage has read and dealt with, by topic.",
    vi="Số thông điệp mỗi bước đã đọc và xử lý, theo chủ đề Kafka.",
)
RECORDS: Final = _counter(
    "csdl_records_total",
    ("stage", "outcome"),
    en="Records that a stage has dealt with, by outcome"
    " (validation: accepted, refused, removal; receipts: accepted, refused;"
    " load: written, unchanged, refused, removed; export: sent).",
    vi="Số bản ghi mỗi bước đã xử lý, theo kết quả"
    " (validation: accepted, refused, removal; receipts: accepted, refused;"
    " load: written, unchanged, refused, removed; export: sent).",
)
RECORDS_REFUSED: Final = _counter(
    "csdl_records_refused_total",
    ("rule",),
    en="Refusals of records by validation and load, by rule: a record under three rules is three.",
    vi="Số lần từ chối bản ghi khi kiểm tra và khi nạp, theo quy tắc: bản ghi sai ba quy tắc tính ba lần.",
)
CLOSINGS_REFUSED: Final = _counter(
    "csdl_closings_refused_total",
    ("rule",),
    en="Closings of pushes that validation refused, by code: the push is answered as refused.",
    vi="Số thông điệp kết thúc lần gửi bị từ chối khi kiểm tra, theo mã lỗi: lần gửi nhận kết quả refused.",
)
DEAD_LETTERS: Final = _counter(
    "csdl_dead_letters_total",
    ("topic", "rule"),
    en="Messages set aside because they cannot be decoded, by the topic they came from and by code.",
    vi="Số thông điệp không giải mã được đã để riêng, theo chủ đề nhận vào và mã lỗi.",
)
KAFKA_REFUSED: Final = _counter(
    "csdl_kafka_refused_total",
    ("outcome",),
    en="What Kafka has refused, as its log tells, by what was wanting (login, right).",
    vi="Số lần Kafka từ chối theo nhật ký của Kafka, theo điều còn thiếu (login, right).",
)
VERDICT_SECONDS: Final = _histogram(
    "csdl_verdict_seconds",
    (),
    en="Seconds from a chunk's arrival in Kafka to its verdict.",
    vi="Số giây từ khi gói bản ghi vào Kafka đến khi có kết quả kiểm tra.",
)
WATCHDOG_ENDS: Final = _counter(
    "csdl_watchdog_ends_total",
    (),
    en="Times that validation was ended because its committed offset stood still, kept over restarts.",
    vi="Số lần bước kiểm tra bị dừng vì vị trí đã ghi nhận đứng yên, cộng dồn qua các lần khởi động.",
)
BATCH_SECONDS: Final = _histogram(
    "csdl_batch_seconds",
    ("stage",),
    en="Seconds that a stage spends on one batch.",
    vi="Số giây mỗi bước dùng cho một lô.",
)
PUSHES: Final = _counter(
    "csdl_pushes_total",
    ("outcome",),
    en="Pushes that came to an end, by outcome"
    " (version, unchanged, refused, mismatch, superseded, incomplete, repeated).",
    vi="Số lần gửi đã kết thúc, theo kết quả"
    " (version, unchanged, refused, mismatch, superseded, incomplete, repeated).",
)
VERSIONS_CHECKED: Final = _counter(
    "csdl_versions_checked_total",
    ("outcome",),
    en="Versions checked as a whole, by outcome (clean, warnings, blocking).",
    vi="Số phiên bản đã soát toàn bộ, theo kết quả (clean, warnings, blocking).",
)
FINDINGS: Final = _counter(
    "csdl_findings_total",
    ("rule",),
    en="Findings of the check of whole versions, by rule.",
    vi="Số điểm phát hiện khi soát phiên bản, theo quy tắc.",
)
OUTBOX_SENT: Final = _counter(
    "csdl_outbox_sent_total",
    ("topic",),
    en="Messages relayed from the outbox table to Kafka, by topic.",
    vi="Số thông điệp đã chuyển từ bảng outbox sang Kafka, theo chủ đề.",
)
COMMANDS: Final = _counter(
    "csdl_commands_total",
    ("stage", "outcome"),
    en="Commands that a state machine has decided, by outcome (accepted, refused, repeated).",
    vi="Số lệnh máy trạng thái đã quyết định, theo kết quả (accepted, refused, repeated).",
)
COMMANDS_REFUSED: Final = _counter(
    "csdl_commands_refused_total",
    ("stage", "rule"),
    en="Commands that a state machine refused, by code.",
    vi="Số lệnh máy trạng thái từ chối, theo mã lý do.",
)
EVENTS: Final = _counter(
    "csdl_events_total",
    ("stage",),
    en="Events that a state machine has written.",
    vi="Số sự kiện máy trạng thái đã ghi.",
)
CHAIN_BREAKS: Final = _counter(
    "csdl_chain_breaks_total",
    ("stage",),
    en="Events that a reader put aside, since they do not belong to their chain (hash, sequence, contract).",
    vi="Số sự kiện bị để riêng vì không nối đúng chuỗi (sai mã băm, số thứ tự hoặc hợp đồng).",
)
EXPORTS: Final = _counter(
    "csdl_exports_total",
    ("outcome",),
    en="Versions that came to the exporter, by outcome (sent, repeated, put_off, mismatch).",
    vi="Số phiên bản đến bước xuất cho Bộ, theo kết quả (sent, repeated, put_off, mismatch).",
)
RECEIPTS_ASIDE: Final = _counter(
    "csdl_receipts_aside_total",
    ("rule",),
    en="Receipts that fit no export and were put aside, by code.",
    vi="Số biên nhận không khớp lần xuất nào, đã để riêng, theo mã lỗi.",
)
CHECKPOINTS: Final = _counter(
    "csdl_checkpoints_total",
    ("outcome",),
    en="Signed checkpoints of the chains' heads, by outcome (written, failed).",
    vi="Số điểm chốt có chữ ký của các chuỗi sự kiện, theo kết quả (written, failed).",
)
CHECKPOINT_AGE_SECONDS: Final = _gauge(
    "csdl_checkpoint_age_seconds",
    (),
    en="Age of the last signed checkpoint; where nothing happens one is written every hour.",
    vi="Tuổi (giây) của điểm chốt có chữ ký gần nhất; khi không có gì mới, mỗi giờ ghi một điểm.",
)
AUDIT_FINDINGS: Final = _gauge(
    "csdl_audit_findings",
    ("rule",),
    en="What the last audit found in the logs or the checkpoints, by code (csdl audit verify).",
    vi="Số điểm bất thường mà lần kiểm toán gần nhất thấy trong nhật ký hoặc điểm chốt, theo mã"
    " (csdl audit verify).",
)
FEED_EVENTS: Final = _counter(
    "csdl_feed_events_total",
    ("outcome",),
    en="Events of pushes that came to the feed, by outcome"
    " (written, repeated, nobody, waiting, lost, pruned).",
    vi="Số sự kiện của lần gửi đến dòng sự kiện, theo kết quả"
    " (written, repeated, nobody, waiting, lost, pruned).",
)
FEED_WAITING: Final = _gauge(
    "csdl_feed_waiting",
    ("outcome",),
    en="Events that the feed keeps aside, since the version they speak of is not here (waiting), or will not"
    " come any more (lost).",
    vi="Số sự kiện dòng sự kiện để riêng vì phiên bản chưa có ở đây (waiting) hoặc sẽ không có lại (lost).",
)
ACCESS_REQUESTS: Final = _counter(
    "csdl_access_requests_total",
    ("outcome",),
    en="Requests to the access service, by outcome (done, refused).",
    vi="Số yêu cầu đến dịch vụ tài khoản, theo kết quả (done, refused).",
)
ACCESS_REFUSED: Final = _counter(
    "csdl_access_refused_total",
    ("rule",),
    en="What the access service refused to somebody: logins and acts, by code.",
    vi="Số lần dịch vụ tài khoản từ chối (đăng nhập và việc), theo mã lý do.",
)
KEYS_PROVED: Final = _counter(
    "csdl_keys_proved_total",
    ("outcome",),
    en="API keys that somebody has shown, by outcome (proved, or the code that refused it).",
    vi="Số lần khóa API được đưa ra, theo kết quả (proved, hoặc mã từ chối).",
)
KAFKA_KEYS: Final = _gauge(
    "csdl_kafka_keys",
    ("outcome",),
    en="Kafka users of vendors' credentials: writes, stopped (deactivated, or the grant is not in force),"
    " lost (Kafka does not have them any more).",
    vi="Số người dùng Kafka của nhà cung cấp: writes, stopped (tạm ngừng hoặc quyền không có hiệu lực),"
    " lost (Kafka không còn giữ).",
)
ACCESS_SECONDS: Final = _histogram(
    "csdl_access_seconds",
    (),
    en="Seconds that the access service takes to answer a request, the machine's decision included.",
    vi="Số giây dịch vụ tài khoản trả lời một yêu cầu, gồm cả quyết định của máy trạng thái.",
)
GATEWAY_REQUESTS: Final = _counter(
    "csdl_gateway_requests_total",
    ("outcome",),
    en="Requests to the gateway, by outcome: done, refused (4xx), unable (503: a server is away, all full),"
    " failed (500), gone (the client left).",
    vi="Số yêu cầu đến cổng nhận dữ liệu, theo kết quả: done, refused (4xx), unable (503: máy chủ"
    " vắng hoặc đã đầy), failed (500), gone (bên gọi đã ngắt).",
)
GATEWAY_REFUSED: Final = _counter(
    "csdl_gateway_refused_total",
    ("rule",),
    en="What the gateway refused to somebody, by code.",
    vi="Số lần cổng nhận dữ liệu từ chối, theo mã lý do.",
)
GATEWAY_SECONDS: Final = _histogram(
    "csdl_gateway_seconds",
    (),
    en="Seconds that the gateway takes to answer a request, the sending of its body included.",
    vi="Số giây cổng nhận dữ liệu trả lời một yêu cầu, gồm cả thời gian nhận nội dung.",
)

GATEWAY_WAITING: Final = _gauge(
    "csdl_gateway_waiting_messages",
    ("stage",),
    en="Messages that wait for validation and load, as the push service sees them; above"
    " CSDL_PUSH_MOST_WAITING it takes no push.",
    vi="Số thông điệp đang chờ kiểm tra và nạp, theo cổng nhận dữ liệu; vượt CSDL_PUSH_MOST_WAITING thì cổng"
    " tạm không nhận.",
)

# What waits: measured by the process `watch`, for all of them ----------------------------------------------

LAG: Final = _gauge(
    "csdl_lag_messages",
    ("consumer", "topic", "stage"),
    en="Messages that wait for a consumer, summed over partitions.",
    vi="Số thông điệp đang chờ một bước đọc, cộng các phân vùng.",
)
OFFSET_STILL_SECONDS: Final = _gauge(
    "csdl_offset_still_seconds",
    ("consumer", "topic", "stage"),
    en="Seconds since the committed offset last moved while messages wait (worst partition).",
    vi="Số giây vị trí đã ghi nhận đứng yên trong khi còn thông điệp chờ (phân vùng tệ nhất).",
)
OLDEST_WAITING_SECONDS: Final = _gauge(
    "csdl_oldest_waiting_seconds",
    ("stage",),
    en="Age of the oldest message that waits for a stage; 0 when none waits.",
    vi="Tuổi (giây) của thông điệp chờ lâu nhất ở mỗi bước; 0 nếu không chờ.",
)
DEAD_LETTERS_KEPT: Final = _gauge(
    "csdl_dead_letters_kept",
    ("topic",),
    en="Messages that lie in a dead-letter topic.",
    vi="Số thông điệp đang nằm trong chủ đề thư chết.",
)
PUSHES_OPEN: Final = _gauge(
    "csdl_pushes_open",
    (),
    en="Pushes that have begun and not come to an end.",
    vi="Số lần gửi đã bắt đầu mà chưa kết thúc.",
)
PUSH_OLDEST_OPEN_SECONDS: Final = _gauge(
    "csdl_push_oldest_open_seconds",
    (),
    en="Age of the oldest push that has not come to an end; 0 when there is none.",
    vi="Tuổi (giây) của lần gửi chưa kết thúc lâu nhất; 0 nếu không có.",
)
VERSIONS_UNCHECKED: Final = _gauge(
    "csdl_versions_unchecked",
    (),
    en="Closed versions that wait for their check.",
    vi="Số phiên bản đã đóng đang chờ soát.",
)
OUTBOX_WAITING: Final = _gauge(
    "csdl_outbox_waiting",
    (),
    en="Messages in the outbox table that wait for the relay.",
    vi="Số thông điệp trong bảng outbox đang chờ chuyển sang Kafka.",
)
OUTBOX_ASIDE: Final = _gauge(
    "csdl_outbox_aside",
    (),
    en="Messages in the outbox table that are too large for their topic and were set aside.",
    vi="Số thông điệp trong bảng outbox quá lớn so với chủ đề, đã để riêng.",
)
DATASETS: Final = _gauge(
    "csdl_datasets",
    ("state",),
    en="Datasets by state of confirmation.",
    vi="Số bộ dữ liệu theo trạng thái xác nhận.",
)
CHAINS_BROKEN: Final = _gauge(
    "csdl_chains_broken",
    (),
    en="Datasets and grants with an event put aside that nobody has acknowledged (csdl chains).",
    vi="Số bộ dữ liệu và giấy phép có sự kiện bị để riêng mà chưa ai xem (csdl chains).",
)
EXPORTS_KEPT: Final = _gauge(
    "csdl_exports_kept",
    ("state",),
    en="Exports to the Ministry by state (opened, sent, answered, mismatch).",
    vi="Số lần xuất cho Bộ theo trạng thái (opened, sent, answered, mismatch).",
)
RECEIPTS_AWAITED: Final = _gauge(
    "csdl_receipts_awaited",
    (),
    en="Exported records that the Ministry has not answered yet.",
    vi="Số bản ghi đã xuất mà Bộ chưa trả biên nhận.",
)
DATABASE_REFUSED: Final = _counter(
    "csdl_database_refused_total",
    ("outcome",),
    en="What PostgreSQL refused (login: an account or password; right: a statement beyond its rights).",
    vi="Số lần PostgreSQL từ chối (login: tài khoản hoặc mật khẩu; right: lệnh vượt quá quyền).",
)
WATCH_ROUNDS: Final = _counter(
    "csdl_watch_rounds_total",
    ("outcome",),
    en="Rounds of measuring, by outcome (done, failed); the gauges above are as old as the last one done.",
    vi="Số vòng đo, theo kết quả (done, failed); các số đo ở trên có từ vòng done gần nhất.",
)

# What stands around: measured by `watch`, on its own machine ----------------------------------------------

DISK_SIZE: Final = _gauge(
    "csdl_disk_size_bytes",
    ("disk",),
    en="Room that a disk of the machine of watch has (CSDL_DISKS).",
    vi="Dung lượng (byte) của ổ đĩa trên máy chạy watch (CSDL_DISKS).",
)
DISK_FREE: Final = _gauge(
    "csdl_disk_free_bytes",
    ("disk",),
    en="Of which is free.",
    vi="Phần còn trống (byte) của ổ đĩa đó.",
)
CERTIFICATE_ENDS: Final = _gauge(
    "csdl_certificate_ends_timestamp_seconds",
    ("certificate",),
    en="When a certificate of Kafka ends, seconds since 1970.",
    vi="Lúc chứng thư của Kafka hết hạn (giây từ 1970).",
)
REPLICAS_BEHIND: Final = _gauge(
    "csdl_kafka_replicas_behind",
    (),
    en="Replicas of Kafka's partitions that lack something: their broker is away, or copies.",
    vi="Số bản sao phân vùng Kafka chưa đủ: máy Kafka của chúng đang tắt hoặc đang chép lại.",
)
STANDBYS_BEHIND: Final = _gauge(
    "csdl_database_standbys_behind",
    (),
    en="Standbys of PostgreSQL that are away, or lack more than 256 MiB of its log.",
    vi="Số máy dự phòng PostgreSQL đang tắt hoặc chậm hơn máy chính quá 256 MiB.",
)
CLOCK_OFFSET_SECONDS: Final = _gauge(
    "csdl_clock_offset_seconds",
    (),
    en="Seconds that the clock of the machine of watch is ahead of PostgreSQL's, behind if negative.",
    vi="Số giây đồng hồ máy chạy watch nhanh hơn (âm: chậm hơn) máy PostgreSQL.",
)
CLOCK_KEPT: Final = _gauge(
    "csdl_clock_kept",
    (),
    en="1 while something (NTP) keeps the clock of the machine of watch, by its kernel; 0 if nothing does.",
    vi="1 khi có đồng bộ giờ (NTP) trên máy chạy watch, theo nhân hệ điều hành; 0 khi không.",
)
GRANTS_ENDING: Final = _gauge(
    "csdl_grants_ending",
    (),
    en="Grants in force that end, or whose contract ends, within 14 days.",
    vi="Số giấy phép đang có hiệu lực mà giấy phép hoặc hợp đồng hết hạn trong 14 ngày.",
)
READY: Final = _gauge(
    "csdl_ready",
    (),
    en="1 while a process can do its work, as its /readyz says; else 0.",
    vi="1 khi tiến trình làm việc được, như /readyz của nó trả lời; nếu không là 0.",
)
UNIT_FAILED: Final = _gauge(
    "csdl_unit_failed",
    ("unit",),
    en="1 if the last run of a unit that comes to an end (backup, retention, setup) failed; else 0.",
    vi="1 nếu lần chạy gần nhất của một việc định kỳ (sao lưu, lưu giữ, thiết lập) bị lỗi; nếu không là 0.",
)
BACKUP_SUCCESS: Final = _gauge(
    "csdl_backup_last_success_timestamp_seconds",
    (),
    en="When the last backup was made, seconds since 1970; 0 if none is known.",
    vi="Lúc bản sao lưu gần nhất làm xong (giây từ 1970); 0 nếu chưa có.",
)
BACKUP_VERIFIED: Final = _gauge(
    "csdl_backup_last_verified_timestamp_seconds",
    (),
    en="When a backup was last restored to try it (csdl backup verify), seconds since 1970; 0 if never.",
    vi="Lúc một bản sao lưu được khôi phục thử gần nhất (csdl backup verify), giây từ 1970; 0 nếu chưa từng.",
)
BACKUP_FAILED: Final = _gauge(
    "csdl_backup_last_failed",
    (),
    en="1 if the last backup that was tried failed; else 0.",
    vi="1 nếu lần sao lưu gần nhất bị lỗi; nếu không là 0.",
)

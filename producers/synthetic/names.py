"""Invented names of people, places and schools, put together from syllables."""

from random import Random
from typing import Final

import polars as pl

SURNAMES: Final = (
    ("Nguyễn", 30), ("Trần", 11), ("Lê", 8), ("Phạm", 7), ("Hoàng", 7), ("Dương", 6), ("Vũ", 4),
    ("Đỗ", 4), ("Bùi", 3), ("Ngô", 3), ("Đặng", 3), ("Lưu", 2), ("Tạ", 2), ("Hà", 2), ("Đào", 2),
    ("Phan", 2), ("Đinh", 2), ("Mai", 1), ("Trịnh", 1), ("Cao", 1), ("Tống", 1), ("Phùng", 1),
    ("Lâm", 1),
)  # fmt: skip
ETHNIC_SURNAMES: Final = {
    "02": ("Hoàng", "Nông", "Ma", "Lương", "Hứa", "Bế", "Đàm", "La"),
    "07": ("Nông", "Hoàng", "Lý", "Mông", "Lâm", "Vi", "Hứa", "Lăng"),
    "08": ("Giàng", "Vàng", "Thào", "Hầu", "Lầu", "Sùng", "Ngô"),
    "09": ("Triệu", "Đặng", "Bàn", "Phùng", "Lý", "Chu"),
    "15": ("Trần", "Hoàng", "Lâm", "Ninh", "Trương"),
    "18": ("Trương", "Lưu", "Diệp", "Tạ", "Ôn", "Từ", "Lê"),
}
MIDDLE: Final = {
    "01": (
        "Văn", "Đức", "Minh", "Quang", "Hữu", "Tuấn", "Anh", "Gia", "Thành", "Duy", "Hoàng", "Xuân",
        "Bảo",
    ),
    "02": (
        "Thị", "Thị", "Ngọc", "Thu", "Thanh", "Phương", "Khánh", "Hà", "Bảo", "Mai", "Kim", "Thùy",
        "Minh",
    ),
}  # fmt: skip
GIVEN: Final = {
    "01": (
        "An", "Bách", "Bình", "Chiến", "Công", "Cường", "Dũng", "Duy", "Đạt", "Đăng", "Đông",
        "Giang", "Hải", "Hiếu", "Hiệp", "Hoàng", "Huy", "Hưng", "Khánh", "Khôi", "Kiên", "Lâm",
        "Long", "Lộc", "Mạnh", "Minh", "Nam", "Nghĩa", "Nguyên", "Nhật", "Phong", "Phúc", "Quân",
        "Quyết", "Sơn", "Tài", "Thái", "Thành", "Thắng", "Thịnh", "Tiến", "Toàn", "Trung", "Trường",
        "Tuấn", "Tùng", "Việt", "Vinh", "Vũ",
    ),
    "02": (
        "An", "Anh", "Ánh", "Bích", "Chi", "Diệp", "Dung", "Duyên", "Giang", "Hà", "Hạnh", "Hằng",
        "Hiền", "Hoa", "Hòa", "Hồng", "Huệ", "Hương", "Khuê", "Lan", "Liên", "Linh", "Loan", "Ly",
        "Mai", "My", "Nga", "Ngân", "Ngọc", "Nguyệt", "Nhi", "Nhung", "Oanh", "Phương", "Quyên",
        "Quỳnh", "Tâm", "Thảo", "Thơm", "Thu", "Thủy", "Thư", "Trà", "Trang", "Trinh", "Tuyết",
        "Uyên", "Vân", "Yến",
    ),
}  # fmt: skip
PLACE: Final = (
    "An", "Bình", "Cẩm", "Châu", "Diên", "Duy", "Đông", "Đức", "Gia", "Hạ", "Hải", "Hòa", "Hưng",
    "Khánh", "Kim", "Lâm", "Lộc", "Minh", "Mỹ", "Nam", "Ngọc", "Nhân", "Ninh", "Phong", "Phú",
    "Quý", "Sơn", "Tân", "Tây", "Thanh", "Thiện", "Thọ", "Thuận", "Trúc", "Vân", "Vĩnh", "Xuân",
    "Yên",
)  # fmt: skip
JOBS: Final = (
    "Làm ruộng",
    "Công nhân",
    "Buôn bán",
    "Viên chức",
    "Lái xe",
    "Thợ xây",
    "Nội trợ",
    "Bộ đội",
    "Tự do",
)


class Draw:
    """``n`` values at a time from one seeded source of chance."""

    def __init__(self, rng: Random, n: int) -> None:
        self.rng = rng
        self.n = n

    def of(self, values: tuple[str, ...] | list[str], weights: list[float] | None = None) -> pl.Series:
        """Strings from a list."""
        return pl.Series(self.rng.choices(values, weights, k=self.n), dtype=pl.String)

    def between(self, low: int, high: int) -> pl.Series:
        """Whole numbers from ``low`` to ``high``."""
        return pl.Series(self.rng.choices(range(low, high + 1), k=self.n), dtype=pl.Int64)

    def yes(self, share: float) -> pl.Series:
        """True for about a share of them."""
        return pl.Series(self.rng.choices((True, False), (share, 1 - share), k=self.n), dtype=pl.Boolean)

    def family_name(self, group: pl.Series) -> pl.Series:
        """Surnames that fit ethnic groups (DAN_TOC codes)."""
        common = self.of([s for s, _ in SURNAMES], [float(w) for _, w in SURNAMES])
        choice: pl.Expr = pl.col("common")
        for code, surnames in ETHNIC_SURNAMES.items():
            choice = pl.when(pl.col("group") == code).then(pl.lit(self.of(surnames))).otherwise(choice)
        return pl.DataFrame({"group": group, "common": common}).select(name=choice)["name"]

    def given_names(self, gender: pl.Series) -> tuple[pl.Series, pl.Series]:
        """(middle, given) names that fit genders (GIOI_TINH codes)."""
        male = gender == "01"
        middle = self.of(MIDDLE["01"]).zip_with(male, self.of(MIDDLE["02"]))
        given = self.of(GIVEN["01"]).zip_with(male, self.of(GIVEN["02"]))
        return middle, given

    def adult(self, family: pl.Series, gender: str) -> pl.Series:
        """Full names of adults of one gender with given surnames."""
        return joined(family, self.of(MIDDLE[gender]), self.of(GIVEN[gender]))

    def hamlet(self) -> pl.Series:
        """Names of hamlets."""
        return joined(self.of(("Xóm", "Thôn", "Tổ dân phố")), self.of(PLACE), self.of(PLACE))

    def phone(self) -> pl.Series:
        """Telephone numbers of a range that no operator has: 000 and seven digits."""
        return self.between(0, 9_999_999).cast(pl.String).str.zfill(10)

    def birth_date(self, year: pl.Series) -> pl.Series:
        """Days in given years, never 1 January (that is how people write "year only")."""
        frame = pl.DataFrame({"year": year, "day": self.between(1, 364)})
        return frame.select(d=pl.date(pl.col("year"), 1, 1).dt.offset_by(pl.format("{}d", pl.col("day"))))[
            "d"
        ]


def joined(*parts: pl.Series) -> pl.Series:
    """Words put together with a blank."""
    frame = pl.DataFrame({str(i): p for i, p in enumerate(parts)})
    return frame.select(s=pl.concat_str(pl.all(), separator=" "))["s"]


def schools(titles: list[str], rng: Random) -> list[str]:
    """A name for each school, beginning with its title, all different."""
    taken: set[str] = set()
    found = []
    for title in titles:
        while True:
            name = f"{title} {rng.choice(PLACE)} {rng.choice(PLACE)}"
            if name not in taken and name.split()[-1] != name.split()[-2]:
                break
        taken.add(name)
        found.append(name)
    return found


def person(rng: Random) -> str:
    """One full name."""
    draw = Draw(rng, 1)
    gender = rng.choice(("01", "02"))
    name: str = draw.adult(draw.of([s for s, _ in SURNAMES]), gender)[0]
    return name

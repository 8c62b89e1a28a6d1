"""The members of the demo brand: names, phones, sizes, likes, consents and each one's rhythm.

Deterministic: one random stream per member, named by seed, guide and place in the guide's book.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

from app.domain.ids import uuid7
from server_stub.demo import brand
from server_stub.people.names import pinyin_of

PER_GUIDE = 300
HISTORY_DAYS = 548
ZONE = ZoneInfo(brand.ZONE)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


SURNAMES = _words(
    "王 李 张 刘 陈 杨 黄 赵 吴 周 徐 孙 马 朱 胡 郭 何 林 高 罗 郑 梁 谢 宋 唐 许 韩 冯 邓 曹 彭 曾 肖 "
    "田 董 潘 袁 蔡 蒋 余 于 杜 叶 程 魏 苏 吕 丁 任 卢 姚 沈 钟 姜 崔 谭 陆 范 汪 廖 石 金 贾 夏 付 方 "
    "邹 熊 白 孟 秦 邱 侯 江 尹 薛 闫 段 雷 龙 黎 史 陶 贺 毛 郝 顾 龚 邵 万 覃 武 钱 戴 严 莫 孔 向 常 "
    "汤 温 康 施 文 牛 樊 葛 邢 安 齐 伍 庞 颜 倪 庄 聂 章 鲁 岳 翟 殷 詹 申 欧 耿 关 兰 焦 俞 左 柳 甘 "
    "祝 包 宁 尚 符 舒 阮 柯 纪 梅 童 凌 毕 单 裴 霍 涂 成 苗 谷 盛 曲 翁 冉 骆 蓝 路 游 欧阳 司徒 上官"
)
# Zipf-like: the first hundred surnames cover most people.
_SURNAME_SUMS = list(accumulate(1.0 / (4 + place) for place in range(len(SURNAMES))))
HER_FIRST = "雨思梦欣佳诗雅静晓子若语嘉可紫芷婉心依晨安文慧丽秀玉明海春奕乐书云以清知宛舒映念予初亦沐".strip()
HER_SECOND = "涵琪怡彤婷妍瑶萱菲雯洁琳颖玲娜敏宁悦茜蕾华燕芳娟萍桐溪月音晴然禾汐恬瑾岚薇凝瑜霏蓉倩莹璐"
HIS_FIRST = "浩宇子俊志文建国明晓嘉家博天泽思一承景亦书云以"
HIS_SECOND = "轩然杰豪辉强伟涛鹏斌航宸瑞博远川舟帆哲阳峰恒毅昊霖诚"
PREFIXES = _words(
    "134 135 136 137 138 139 150 151 152 157 158 159 178 182 183 187 188 130 131 132 155 156 185 186 133 "
    "153 180 181 189 199"
)
LIKES = _words("亚麻 真丝 羊绒 牛仔 通勤 约会 旅行 送礼 基础款 大地色 冷色系 宽松版型 修身版型 新品先看")
NOTES = _words(
    "喜欢先看细节图再决定。 周末下午常来，爱喝乌龙茶。 不喜欢化纤，首选天然面料。 "
    "给女儿也买过，留意亲子款。 肩宽，外套要大一码。 工作日中午回复最快。 年底公司有活动，提前推礼服。 "
    "不喜欢太亮的颜色。 下次到店想试细高跟。 朋友介绍来的，对包很有研究。"
)
SOURCES = (("store", 46), ("miniprogram", 26), ("card", 18), ("marketplace", 10))
RHYTHMS = (("regular", 33), ("devoted", 8), ("once", 22), ("dormant", 13), ("lapsing", 12), ("browsing", 12))

GUESTS = ("沈若溪", "江予安")
BIRTHDAY_TODAY, BIRTHDAY_WEEK = range(5, 7), range(7, 11)
WATCHING, EXPIRING = range(11, 19), range(19, 22)
NEW_HERE = range(22, 26)


@dataclass(slots=True)
class Member:
    """One customer of one guide, before anything happened; `rhythm` says how they buy."""

    id: str
    place: int
    guide: int
    name: str
    pinyin: str
    initials: str
    gender: str
    phone: str
    birthday: str | None
    joined_at: datetime
    sizes: dict[str, str]
    likes: list[str]
    favourites: list[int]
    consents: dict[str, bool]
    source: str
    rhythm: str
    note: str = ""
    tags: list[str] = field(default_factory=list)
    stored_value_fen: int = 0
    topped_up_at: datetime | None = None

    @property
    def is_staged(self) -> bool:
        """Whether the member has a part in the opening scene (and so a quiet fortnight before it)."""
        return self.place <= EXPIRING[-1]


def weighted(rng: random.Random, choices: tuple[tuple[str, int], ...]) -> str:
    """Return one of the names by weight."""
    return rng.choices([name for name, _ in choices], [weight for _, weight in choices])[0]


def members_of(guide: int, now: datetime, seed: int) -> list[Member]:
    """Return the 300 members of one guide (0..11)."""
    names: set[str] = set()
    return [_member(guide, place, now, seed, names) for place in range(PER_GUIDE)]


def _member(guide: int, place: int, now: datetime, seed: int, names: set[str]) -> Member:
    rng = random.Random(f"{seed}/member/{guide}/{place}")
    gender = "male" if rng.random() < 0.14 else "female"
    name, gender = _name(rng, gender, names) if guide or place >= len(GUESTS) else (GUESTS[place], "female")
    names.add(name)
    rhythm = _rhythm(rng, place)
    joined = _joined(rng, rhythm, now, place)
    pinyin, initials = pinyin_of(name)
    stored_fen, topped_up_at = _stored_value(rng, rhythm, now)
    return Member(
        id=uuid7(joined, rng.randbytes(10)), place=place, guide=guide, name=name, pinyin=pinyin,
        initials=initials, gender=gender, phone=_phone(rng, guide, place),
        birthday=_birthday(rng, place, now.astimezone(ZONE).date()), joined_at=joined, sizes=_sizes(rng, gender),
        likes=rng.sample(LIKES, rng.randint(1, 3)), favourites=_favourites(rng), consents=_consents(rng, place),
        source=weighted(rng, SOURCES), rhythm=rhythm, note=rng.choice(NOTES) if rng.random() < 0.28 else "",
        tags=rng.sample(("VIP 陪购", "爱新品", "会带朋友", "看重性价比", "常退换"), 1) if rng.random() < 0.2 else [],
        stored_value_fen=stored_fen,
        topped_up_at=topped_up_at,
    )  # fmt: skip


def _name(rng: random.Random, gender: str, taken: set[str]) -> tuple[str, str]:
    first, second = (HER_FIRST, HER_SECOND) if gender == "female" else (HIS_FIRST, HIS_SECOND)
    for _ in range(40):
        surname = rng.choices(SURNAMES, cum_weights=_SURNAME_SUMS)[0]
        given = rng.choice(second) if rng.random() < 0.13 else rng.choice(first) + rng.choice(second)
        if surname + given not in taken and len(set(given)) == len(given):
            break
    return surname + given, gender


def _phone(rng: random.Random, guide: int, place: int) -> str:
    """Return a mobile number; the first members of a guide have one that a walk-through can name."""
    if place < len(GUESTS):
        return guest_phone(guide, place)
    # Unique without a register: the last digits count the members, scattered by a prime.
    serial = (guide * PER_GUIDE + place) * 7919 % 10_000
    return f"{rng.choice(PREFIXES)}{rng.randint(1000, 9999)}{serial:04d}"


def guest_phone(guide: int, place: int) -> str:
    """Return the number of a member whom the walk-through signs in: 1390000, shop, guide, place."""
    return f"1390000{guide // 4 + 1}{guide % 4 + 1}{place + 1:02d}"


def _rhythm(rng: random.Random, place: int) -> str:
    drawn = weighted(rng, RHYTHMS)
    if place in NEW_HERE:
        return "browsing"
    return rng.choice(("regular", "regular", "once")) if place <= EXPIRING[-1] else drawn


def _joined(rng: random.Random, rhythm: str, now: datetime, place: int) -> datetime:
    days = rng.uniform(1, 12) if place in NEW_HERE else rng.uniform(35, HISTORY_DAYS - 20)
    if rhythm == "dormant" or (place not in NEW_HERE and rng.random() < 0.55):
        days = rng.uniform(HISTORY_DAYS, 1_100)
    day = (now - timedelta(days=days)).astimezone(ZONE).date()
    return at_shop_time(day, rng.uniform(10.5, 20.5))


def _birthday(rng: random.Random, place: int, today: date) -> str | None:
    if place in BIRTHDAY_TODAY:
        return f"{today:%m-%d}"
    if place in BIRTHDAY_WEEK:
        return f"{today + timedelta(days=1 + (place - BIRTHDAY_WEEK[0]) * 2):%m-%d}"
    if rng.random() < 0.12:
        return None
    return f"{date(2000, 1, 1) + timedelta(days=rng.randrange(366)):%m-%d}"


def _sizes(rng: random.Random, gender: str) -> dict[str, str]:
    bias = 1 if gender == "male" else 0
    step = min(3, max(0, round(rng.gauss(1.3 + bias, 0.8))))
    sizes = {"top": ("XS", "S", "M", "L")[step], "bottom": ("S", "M", "L", "XL")[max(0, step - 1 + bias)]}
    if rng.random() < 0.8:
        sizes["shoe"] = str(36 + step + rng.randint(-1, 1))
    return sizes


def _favourites(rng: random.Random) -> list[int]:
    """Return product places (0..71) a member comes back to: a few styles, mostly in the same tones."""
    weights = [style.weight for style in brand.STYLES]
    styles = rng.choices(range(len(brand.STYLES)), weights, k=rng.randint(4, 8))
    return [style * 3 + rng.randrange(3) for style in dict.fromkeys(styles)]


def _consents(rng: random.Random, place: int) -> dict[str, bool]:
    staged = place <= NEW_HERE[-1]
    marketing = staged or rng.random() < 0.84
    return {
        "browse": staged or rng.random() < 0.93,
        "marketing": marketing,
        "wechat": marketing and (staged or rng.random() < 0.9),
        "sms": marketing and rng.random() < 0.5,
    }


def _stored_value(rng: random.Random, rhythm: str, now: datetime) -> tuple[int, datetime | None]:
    share = {"devoted": 0.6, "regular": 0.12}.get(rhythm, 0.02)
    if rng.random() >= share:
        return 0, None
    topped = now - timedelta(days=rng.uniform(5, 400))
    return rng.choice((0, 12_000, 36_800, 100_000, 250_000)), topped


def at_shop_time(day: date, hour: float) -> datetime:
    """Return the UTC instant of an hour (10.5 = 10:30) of a store-zone day, whole seconds."""
    seconds = min(86_399, max(0, int(hour * 3600)))
    here = datetime.combine(day, time.min, ZONE) + timedelta(seconds=seconds)
    return here.astimezone(UTC)

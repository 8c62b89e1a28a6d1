"""The demo brand as data: 榆汀 Elmshore, its shops, people, goods, coupons and rules.

Nothing here is random and nothing knows the database; `people` and `history` bring it to life.
"""

# ruff: noqa: E501 (one style a row reads better than five lines of it)

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

NAME = "榆汀"
NAME_EN = "Elmshore"
ZONE = "Asia/Shanghai"
PIN = "246810"
DORMANT_DAYS = 365
AFTER_SALES_DAYS = 7
ART_FOLDER = "art"


@dataclass(frozen=True, slots=True)
class Shop:
    """One shop; `hours` is (open, close) for Monday to Friday and for the weekend."""

    no: int
    name: str
    name_en: str
    city: str
    address: str
    weekday: tuple[str, str]
    weekend: tuple[str, str]

    def hours(self) -> dict[str, list[list[str]]]:
        """Return the opening hours per weekday, Monday first."""
        return {str(day): [list(self.weekday if day < 5 else self.weekend)] for day in range(7)}


@dataclass(frozen=True, slots=True)
class Person:
    """One member of staff; `shop` is the shop's number, None at headquarters."""

    staff_no: str
    name: str
    role: str
    shop: int | None
    day_goal_fen: int = 0


@dataclass(frozen=True, slots=True)
class Colour:
    """A colourway: its names, the cloth's tone, and the wall and accent of its stage."""

    name: str
    name_en: str
    cloth: str
    wall: str
    accent: str


@dataclass(frozen=True, slots=True)
class Series:
    """A series of styles with its place in the lookbook."""

    name: str
    name_en: str
    number: str


@dataclass(frozen=True, slots=True)
class Style:
    """A style in three colours; `art` names its drawing, `weight` how often it sells."""

    no: int
    name: str
    name_en: str
    category: str
    series: str
    art: str
    list_fen: int
    price_fen: int
    sizes: tuple[str, ...]
    colours: tuple[str, str, str]
    text: str
    text_en: str
    weight: int = 10
    private_only: bool = False
    age_days: int = 700

    @property
    def style_no(self) -> str:
        """The number printed on the label."""
        return f"ES{self.no:03d}"


@dataclass(frozen=True, slots=True)
class Coupon:
    """A coupon template of headquarters (rules 1.1)."""

    no: int
    name: str
    name_en: str
    kind: str
    purpose: str
    validity: dict[str, Any]
    face_fen: int = 0
    pay_bp: int = 10000
    cap_fen: int | None = None
    threshold_fen: int = 0
    scope: dict[str, Any] = field(default_factory=lambda: {"kind": "all", "ids": []})
    total: int | None = None
    per_guide: int | None = None
    per_customer: int | None = None
    per_day: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A commission rule; `style` is the style's number for a rule of one product, `shop` the shop's for one shop.

    `tiers` (rule 4.4) come on top of the rate; `store_share_bp` is the franchisee's part.
    """

    key: str
    name: str
    name_en: str
    level: str
    category: str | None = None
    style: int | None = None
    rate_bp: int | None = None
    fixed_fen: int | None = None
    shop: int | None = None
    tiers: tuple[tuple[int, int], ...] = ()
    store_share_bp: int = 0


SHOPS = (
    Shop(1, "上海武康路店", "Shanghai Wukang Road", "上海", "上海市徐汇区武康路 392 弄 6 号", ("10:00", "21:30"), ("10:00", "22:00")),
    Shop(2, "杭州湖滨店", "Hangzhou Lakeside", "杭州", "杭州市上城区湖滨里 27 号", ("10:00", "22:00"), ("09:30", "22:00")),
    Shop(3, "成都玉林店", "Chengdu Yulin", "成都", "成都市武侯区玉林西巷 18 号", ("10:30", "22:00"), ("10:00", "22:30")),
)  # fmt: skip

PEOPLE = (
    Person("G0101", "林悦", "guide", 1, 280_000),
    Person("G0102", "周若琳", "guide", 1, 250_000),
    Person("G0103", "许嘉宁", "guide", 1, 260_000),
    Person("G0104", "沈一帆", "guide", 1, 280_000),
    Person("G0201", "陈思齐", "guide", 2, 260_000),
    Person("G0202", "吴雨桐", "guide", 2, 240_000),
    Person("G0203", "郑可欣", "guide", 2, 240_000),
    Person("G0204", "蒋文静", "guide", 2, 230_000),
    Person("G0301", "何雪晴", "guide", 3, 250_000),
    Person("G0302", "罗佳怡", "guide", 3, 240_000),
    Person("G0303", "邓小满", "guide", 3, 230_000),
    Person("G0304", "杨子墨", "guide", 3, 220_000),
    Person("M01", "顾清和", "manager", 1),
    Person("M02", "钱多宁", "manager", 2),
    Person("M03", "宋知遥", "manager", 3),
    Person("H01", "方遇安", "hq", None),
)  # fmt: skip

COLOURS = {
    "oat": Colour("燕麦", "Oat", "#DCCBB0", "#E6DACA", "#C9AE8C"),
    "ink": Colour("墨黑", "Ink", "#4A4E55", "#DCDDDC", "#A9AFB1"),
    "pine": Colour("松绿", "Pine", "#2F6E5A", "#DAE5DC", "#9ABCAA"),
    "mist": Colour("雾蓝", "Mist blue", "#86A5BE", "#DFE8ED", "#B3C8D6"),
    "terracotta": Colour("陶土", "Terracotta", "#C4704F", "#F2E0D5", "#E2B49D"),
    "camel": Colour("驼色", "Camel", "#BE915F", "#F0E5D6", "#DCC09A"),
    "rose": Colour("豆沙", "Dusty rose", "#CB8D8F", "#F4E5E2", "#E3BEBA"),
    "navy": Colour("藏青", "Navy", "#34507E", "#DFE4ED", "#A4B2CB"),
    "wine": Colour("酒红", "Wine", "#8C3546", "#F0E0DE", "#D3A3A4"),
    "sage": Colour("鼠尾草", "Sage", "#9FB290", "#E8EDE1", "#C3CFB6"),
    "butter": Colour("奶油黄", "Butter", "#E8CC76", "#F8F1DD", "#EEDCA6"),
    "lilac": Colour("藤紫", "Lilac", "#AA9FC8", "#EBE7F2", "#CAC1DF"),
}

SERIES = {
    "shore": Series("汀岸", "Shoreline", "01"),
    "elm": Series("榆荫", "Elm Shade", "02"),
    "night": Series("夜航", "Night Sail", "03"),
    "stroll": Series("漫步", "Stroll", "04"),
}

CATEGORIES = {
    "outerwear": ("外套", "Outerwear"), "tops": ("上装", "Tops"), "dresses": ("连衣裙", "Dresses"),
    "bottoms": ("下装", "Bottoms"), "shoes": ("鞋履", "Shoes"), "bags": ("包袋", "Bags"),
    "accessories": ("配饰", "Accessories"),
}  # fmt: skip

_CLOTHES = ("XS", "S", "M", "L")
_WIDE = ("S", "M", "L", "XL")
_SHOES = ("35", "36", "37", "38", "39")
_ONE = ("均码",)

STYLES = (
    Style(1, "晨雾双面羊绒大衣", "Morning Mist cashmere coat", "outerwear", "elm", "1f9e5", 328_000, 298_000, _CLOTHES,
          ("camel", "oat", "navy"), "双面羊绒，手工缝边，宽肩落袖，不系扣也好看。", "Double-faced cashmere, hand-finished edges, easy drop shoulder.", 6),
    Style(2, "微风轻型风衣", "Light Wind trench", "outerwear", "shore", "1f9e5", 159_800, 139_800, _WIDE,
          ("sage", "terracotta", "mist"), "轻磅防泼水面料，收进包里也不起皱。", "Showerproof and light; folds into a bag without creases.", 9),
    Style(3, "留白收腰西装", "Blank Page blazer", "outerwear", "night", "1f97c", 129_800, 119_800, _CLOTHES,
          ("oat", "lilac", "ink"), "一粒扣，腰线上提两公分，通勤和晚餐都合适。", "One button and a lifted waist, from desk to dinner.", 10),
    Style(4, "静水桑蚕丝 V 领衫", "Still Water silk top", "tops", "shore", "1f45a", 69_800, 59_800, _CLOTHES,
          ("rose", "mist", "butter"), "十九姆米桑蚕丝，垂感好，可机洗。", "19 momme silk with a soft fall; machine washable.", 14),
    Style(5, "拼色重磅 T 恤", "Colour Block heavy tee", "tops", "stroll", "1f455", 29_900, 25_900, _WIDE,
          ("sage", "terracotta", "navy"), "二百六十克新疆长绒棉，领口不变形。", "260 g long-staple cotton; the neck keeps its shape.", 26),
    Style(6, "清晨条纹衬衫", "Early Stripe shirt", "tops", "elm", "1f454", 59_800, 52_900, _WIDE,
          ("mist", "wine", "pine"), "色织条纹，免烫整理，附同色领带。", "Yarn-dyed stripe, non-iron, with a matching tie.", 13),
    Style(7, "小满交领罩衫", "Grain Buds wrap top", "tops", "elm", "1f458", 79_800, 69_800, _CLOTHES,
          ("pine", "navy", "rose"), "亚麻与棉，交领系带，袖口可翻折。", "Linen and cotton, wrap front, sleeves to turn up.", 9),
    Style(8, "日落吊带伞裙", "Sundown strap dress", "dresses", "night", "1f457", 99_800, 89_800, _CLOTHES,
          ("wine", "navy", "butter"), "整圈裙摆三米六，转身的时候最好看。", "A full 3.6 m hem, at its best when you turn.", 15),
    Style(9, "斜阳披襟长裙", "Slant Light draped dress", "dresses", "night", "1f97b", 128_000, 118_000, _CLOTHES,
          ("terracotta", "pine", "lilac"), "斜襟披挂，醋酸缎面，适合婚礼与年会。", "Draped acetate satin for weddings and year-end nights.", 6,
          True, 80),
    Style(10, "旧光直筒牛仔裤", "Old Light straight jeans", "bottoms", "stroll", "1f456", 56_900, 49_900, _WIDE,
          ("navy", "ink", "mist"), "赤耳丹宁，洗过三次，软硬正好。", "Selvedge denim, washed three times to just soft enough.", 22),
    Style(11, "海盐抽绳短裤", "Sea Salt drawstring shorts", "bottoms", "shore", "1fa73", 35_900, 29_900, _WIDE,
          ("sage", "butter", "navy"), "速干轻薄，里衬亲肤，抽绳好调节。", "Quick-drying with a soft lining and an easy drawstring.", 12),
    Style(12, "栈桥乐福鞋", "Jetty loafers", "shoes", "elm", "1f45e", 89_800, 79_800, _SHOES,
          ("camel", "wine", "ink"), "头层牛皮，鞋底缝线，走一天不磨脚。", "Full-grain leather, stitched sole, all-day comfort.", 11),
    Style(13, "慢跑者复古运动鞋", "Slow Runner trainers", "shoes", "stroll", "1f45f", 69_900, 62_900, _SHOES,
          ("lilac", "oat", "pine"), "麂皮拼网布，轻盈回弹，只有三百克。", "Suede and mesh with a springy sole; only 300 g.", 18),
    Style(14, "月牙细高跟鞋", "Crescent heels", "shoes", "night", "1f460", 99_800, 89_800, _SHOES,
          ("wine", "ink", "rose"), "七厘米，前掌加软垫，站一晚也稳。", "Seven centimetres with a padded ball, steady all evening.", 7),
    Style(15, "初雪短靴", "First Snow ankle boots", "shoes", "elm", "1f462", 119_800, 105_800, _SHOES,
          ("camel", "pine", "wine"), "羊皮里，防滑底，踝口刚好露出袜边。", "Shearling lined, non-slip sole, cut to show a sock.", 8),
    Style(16, "浅滩芭蕾平底鞋", "Shallows ballet flats", "shoes", "shore", "1f97f", 59_900, 52_900, _SHOES,
          ("rose", "mist", "butter"), "小羊皮可折叠，出差放进包里的第二双鞋。", "Foldable lambskin, the second pair for every trip.", 16),
    Style(17, "邮差手提包", "Postman top-handle bag", "bags", "elm", "1f45c", 158_000, 142_000, _ONE,
          ("camel", "pine", "wine"), "植鞣牛皮，放得下十三寸电脑。", "Vegetable-tanned leather; holds a 13-inch laptop.", 8),
    Style(18, "远行双肩包", "Far Away backpack", "bags", "stroll", "1f392", 79_800, 69_800, _ONE,
          ("terracotta", "sage", "navy"), "再生尼龙，背板透气，隐藏护照袋。", "Recycled nylon, breathable back, hidden passport pocket.", 9),
    Style(19, "口金小零钱包", "Kiss-lock purse", "bags", "night", "1f45b", 39_800, 35_800, _ONE,
          ("wine", "lilac", "pine"), "黄铜口金，装得下口红和钥匙。", "Brass frame, room for a lipstick and keys.", 13),
    Style(20, "云朵化妆包", "Cloud pouch", "bags", "shore", "1f45d", 25_900, 21_900, _ONE,
          ("rose", "sage", "mist"), "软填充，防泼水里衬，旅行一只就够。", "Softly padded, wipe-clean inside, one is enough.", 18, False, 120),
    Style(21, "山岚羊毛围巾", "Hill Haze wool scarf", "accessories", "elm", "1f9e3", 49_800, 42_900, _ONE,
          ("wine", "camel", "mist"), "美利奴羊毛，两米长，绕两圈刚好。", "Merino, two metres, wraps twice.", 20),
    Style(22, "午后宽檐草帽", "Afternoon wide-brim hat", "accessories", "shore", "1f452", 39_900, 35_900, _ONE,
          ("butter", "rose", "sage"), "拉菲草手编，可卷可折，附收纳袋。", "Hand-woven raffia that rolls; comes with a bag.", 11),
    Style(23, "晴日太阳镜", "Clear Day sunglasses", "accessories", "stroll", "1f453", 59_800, 52_800, _ONE,
          ("navy", "terracotta", "ink"), "偏光镜片，板材镜框，鼻托可调。", "Polarised lenses, acetate frame, adjustable nose.", 10, False, 200),
    Style(24, "围炉触屏手套", "Fireside touch gloves", "accessories", "stroll", "1f9e4", 25_900, 22_900, _ONE,
          ("lilac", "camel", "pine"), "三指可触屏，羊毛混纺，手腕加长。", "Three touch fingers, wool blend, longer at the wrist.", 14),
)  # fmt: skip

COUPONS = (
    Coupon(1, "满 399 减 50", "¥50 off ¥399", "amount_off", "gift", {"kind": "days", "n": 14}, face_fen=5_000,
           threshold_fen=39_900, total=30_000, per_guide=1_000, per_customer=6, per_day=400),
    Coupon(2, "全场 85 折（最高减 200）", "15% off, up to ¥200", "percent_off", "win_back", {"kind": "days", "n": 10},
           pay_bp=8_500, cap_fen=20_000, total=15_000, per_guide=600, per_customer=4, per_day=200),
    Coupon(3, "生日 8 折", "Birthday 20% off", "percent_off", "birthday", {"kind": "days", "n": 30}, pay_bp=8_000,
           cap_fen=30_000, total=20_000, per_guide=750, per_customer=2, per_day=200),
    Coupon(4, "新客见面礼 30 元", "¥30 welcome gift", "amount_off", "welcome", {"kind": "days", "n": 7}, face_fen=3_000,
           threshold_fen=9_900, total=30_000, per_guide=1_000, per_customer=1, per_day=400),
)  # fmt: skip

TIERS = ((800_000, 50), (2_000_000, 100))  # from ¥8,000 in a month 0.5 % more, from ¥20,000 1 %
RULES = (
    Rule("brand", "全品 3%", "All goods 3%", "brand", rate_bp=300, tiers=TIERS),
    Rule(
        "franchise",
        "加盟店全品 3%（店铺留 10%）",
        "Franchise: all goods 3% (10% of it to the store)",
        "store",
        rate_bp=300,
        shop=3,
        tiers=TIERS,
        store_share_bp=1_000,
    ),
    Rule("outerwear", "外套 4%", "Outerwear 4%", "category", category="outerwear", rate_bp=400),
    Rule("pouch", "云朵化妆包每件 12 元", "Cloud pouch ¥12 each", "product", style=20, fixed_fen=1_200),
)
CLOSING_BP = 7_000

CONTACT = {"day": 1, "week": 2, "month": 4, "quiet": ["21:00", "09:00"]}
ATTRIBUTION = {"default_days": 14, "chat": 7, "print": 30}
REWARDS = {"new_member": 500, "referral": 1_000, "hold_days": 14, "per_day": 20}
SIGNAL = {"views": 3, "days": 14}

"""A small town whose every record is written by hand or by rule: the ground on which linkage is tried.

Rows are texts as departments send them; they go through the real standardising. A row's person is asked for by the tag it was
put under.
"""

import random

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.contracts import load_contracts
from pipelines.linkage import lake, link
from pipelines.progress import Silent
from pipelines.standardise import standardise_source
from pipelines.storage import Home

BATCH = "2026-10"
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
_GIVEN = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂香梅建国志华玉兰海燕春花文博子涵雨欣浩然宇轩思远晓东立新国栋美玲雪莲家豪俊杰佳怡梦洁永胜德福长江"
VILLAGES = ["东洼村", "西洼村", "石桥村", "柳行村", "大河东村", "孟家庄", "北屯", "沙沟村"]
TOWN = "泊里镇"


def id_of(born, sequence, area="370211"):
    """A valid id of a birth date `yyyymmdd` and a sequence number; odd is male."""
    body = f"{area}{born}{sequence:03d}"
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, _WEIGHTS, strict=True)) % 11]


def slip(number, place):
    """The id with the digit at `place` (1 the first) made another."""
    other = str((int(number[place - 1]) + 3) % 10)
    return number[: place - 1] + other + number[place:]


class Town:
    """Rows by source, and what linkage made of them."""

    def __init__(self, root, *, seed=5, households=150):
        self.home = Home(root, memory="1GB", threads=2)
        self.contracts = load_contracts()
        self.rows = {}
        self.tags = {}
        self.people = []
        self._background(random.Random(seed), households)

    def put(self, source, tag=None, **columns):
        """One row of a source; returns its row number."""
        rows = self.rows.setdefault(source, [])
        rows.append(columns)
        if tag:
            self.tags[tag] = (source, len(rows) + 1)
        return len(rows) + 1

    def register(self, tag, name, id_number, *, household, village="东洼村", relation="户主", **more):
        """One row of the police register; sex and birth date are the id's unless given."""
        born = f"{id_number[6:10]}-{id_number[10:12]}-{id_number[12:14]}" if len(id_number) == 18 else None
        sex = ("男" if int(id_number[16]) % 2 else "女") if len(id_number) == 18 else None
        row = {
            "household_no": household, "relation": relation, "name": name, "id_number": id_number, "sex": sex, "birth_date": born,
            "town": TOWN, "village": village, "address": f"{village}{household[-2:]}号",
        }  # fmt: skip
        return self.put("police_household", tag, **{**row, **more})

    def standardise(self, batch=BATCH, *, order=None, files=1):
        """Write the extracts and standardise them; `order` shuffles rows, `files` spreads them over files."""
        for source, rows in self.rows.items():
            contract = self.contracts[source]
            placed = list(enumerate(rows, 2))
            if order is not None:
                random.Random(order).shuffle(placed)
            names = list(contract.text_columns())
            unknown = {column for row in rows for column in row} - set(names)
            assert not unknown, unknown
            table = {
                "file": [f"{source}{number % files}.csv" for number, _ in enumerate(placed)],
                "row_no": pa.array([n for n, _ in placed], pa.int32()),
            }
            table |= {name: pa.array([row.get(name) for _, row in placed], pa.string()) for name in names}
            path = self.home.lake(batch, "extracts", source)
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.table(table), path)
            standardise_source(self.home, batch, contract, Silent())
        return self

    def link(self, batch=BATCH):
        """Link; afterwards `person`, `method` and the like know."""
        self.counts = link(self.home, batch, self.contracts, Silent())
        self.records = self._read(batch, "person_records")
        self.review = self._read(batch, "match_review")
        self.persons = {p["person_id"]: p for p in self._read(batch, "persons")}
        self.issues = self._read(batch, "id_issues")
        self.by_place = {(r["source"], r["row_no"], r["member_no"]): r for r in self.records}
        return self

    def _read(self, batch, table):
        views = {"person_records": lake.person_records, "persons": lake.persons}
        path = self.home.lake(batch, "linkage", table)
        relation = views[table](self.home, batch) if table in views else f"read_parquet('{path}')"
        with self.home.connect() as connection:
            return connection.sql(f"FROM {relation} ORDER BY ALL").to_arrow_table().to_pylist()

    def record(self, tag, member=0):
        """The row's line in person_records."""
        source, row_no = self.tags[tag]
        return self.by_place[source, row_no, member]

    def person(self, tag, member=0):
        """The person id that a row got."""
        return self.record(tag, member)["person_id"]

    def asked(self, tag, member=0):
        """Whom a clerk is asked about for a row."""
        source, row_no = self.tags[tag]
        return {
            r["candidate_person_id"]
            for r in self.review
            if (r["source"], r["row_no"], r["member_no"]) == (source, row_no, member)
        }

    def issue_kinds(self, tag):
        """What is listed about a row's id."""
        source, row_no = self.tags[tag]
        return {i["kind"] for i in self.issues if (i["source"], i["row_no"]) == (source, row_no)}

    def _background(self, rng, households):
        for number in range(households):
            village = VILLAGES[number % len(VILLAGES)]
            surname, phone = rng.choice(_SURNAMES), f"139{rng.randrange(10**8):08d}"
            for place in range(rng.randrange(2, 5)):
                year = rng.randrange(1945, 1985) if place < 2 else rng.randrange(1985, 2022)
                born = f"{year}{rng.randrange(1, 13):02d}{rng.randrange(1, 29):02d}"
                sequence = rng.randrange(100, 900) // 2 * 2 + (place == 0)
                family = surname if place != 1 else rng.choice(_SURNAMES)
                name = family + "".join(rng.sample(_GIVEN, rng.choice((1, 2, 2))))
                id_number = id_of(born, sequence)
                self.people.append((name, id_number, village, phone))
                self.register(
                    None, name, id_number, household=f"9{number:05d}", village=village, phone=phone if place < 2 else None
                )
                self.put("medical_enrolment", None, name=name, id_number=id_number, phone=phone)
                if place < 2:
                    self.put("social_insurance", None, name=name, id_number=id_number)

"""Leftovers: what finds nobody in the register links among itself and becomes provisional persons; what is unclear is asked.

Belongs here: linking open units with each other, founding provisional persons, the review list with its reasons. Does not belong
here: the register's persons (`register`).
"""

import numpy as np

from pipelines.linkage.compare.frequency import frequency_tables, with_frequencies
from pipelines.linkage.compare.keys import candidate_pairs, make_repairs
from pipelines.linkage.compare.levels import compare
from pipelines.linkage.decide.clusters import clusters
from pipelines.linkage.decide.odds import score_pairs
from pipelines.linkage.resolve.founding import found
from pipelines.linkage.resolve.register import FACE, assign
from pipelines.linkage.resolve.rounds import Round, everybody, register_size

_REASONS = """CASE
    WHEN d.does = 'review' AND d.second > $second THEN '有两个以上的人都像，分不清是谁。'
    WHEN s.identity IN (1, 2) THEN '证号与此人相同，但姓名或出生日期对不上，可能用了别人的证号。'
    WHEN s.identity IN (3, 4, 5) THEN '证号是此人家属的，姓名像此人，请核对是谁的记录。'
    WHEN s.identity IN (10, 11) THEN '与此人各有一个有效证号，其他信息相像，可能是换过证号，也可能是两个人。'
    WHEN s.name >= 8 THEN '证号或其他信息相近，但姓名不同，请核对。'
    WHEN s.identity = 0 THEN '没有证号和出生日期，只有姓名和住址、电话可比，把握不够。'
    ELSE '像此人，但证据不足以自动认定。' END"""


def settle_leftovers(work: Round, batch: str) -> None:
    """Make `review`, and found provisional persons of what is still open (tables assigned, entity, own_face)."""
    connection = work.connection
    connection.execute(
        f"""CREATE OR REPLACE TABLE review AS
        SELECT u.profile, k.r AS eid, k.p, {_REASONS} AS reason
        FROM decided AS d JOIN ranked AS k ON k.l = d.l AND k.place <= 3 AND k.p >= 0.02
        JOIN scored AS s ON s.l = k.l AND s.r = k.r
        JOIN unit_profile AS u ON u.unit = d.l WHERE d.does = 'review'"""
        if _exists(work, "ranked")
        else "CREATE OR REPLACE TABLE review (profile UBIGINT, eid BIGINT, p DOUBLE, reason VARCHAR)",
        {"second": work.config.odds.second} if _exists(work, "ranked") else None,
    )
    connection.execute(f"""CREATE OR REPLACE TABLE rest_face AS
        SELECT DISTINCT u.unit AS eid, {FACE}, born_from,
            CASE WHEN mode = 1 THEN 6 ELSE mode END::TINYINT AS mode, false AS companions
        FROM unit_profile AS u JOIN unit_row AS p USING (profile) WHERE profile NOT IN (FROM settled_unit)""")
    units = connection.sql("SELECT DISTINCT eid FROM rest_face ORDER BY eid").to_arrow_table().column("eid").to_numpy()
    if not len(units):
        return
    left, right, strength = _links(work)
    place = np.searchsorted(units, np.concatenate([left, right]))
    ids = connection.sql("""SELECT eid, min(CASE WHEN sound THEN dense END) AS own FROM (
        SELECT eid, sound, dense_rank() OVER (ORDER BY CASE WHEN sound THEN id END) AS dense FROM rest_face)
        GROUP BY eid ORDER BY eid""").to_arrow_table()
    unlike = np.array([value or 0 for value in ids.column("own").to_pylist()], dtype=np.int64)
    label = clusters(len(units), place[: len(left)], place[len(left) :], strength, unlike=unlike)
    import pyarrow as pa

    connection.register("labels", pa.table({"unit": units, "cluster": units[label]}))
    connection.execute("""CREATE OR REPLACE TEMP TABLE founded AS
        SELECT l.cluster, min(u.profile) AS first FROM labels AS l JOIN unit_profile AS u USING (unit)
        WHERE u.profile NOT IN (FROM settled_unit) GROUP BY l.cluster""")
    found(connection, batch, provisional=True)
    connection.execute(
        f"INSERT INTO new_own SELECT f.eid, {FACE} FROM founded AS f JOIN unit_row AS p ON p.profile = f.first WHERE NOT again"
    )
    connection.execute(f"""INSERT INTO new_extra
        SELECT DISTINCT f.eid, {FACE} FROM founded AS f JOIN labels AS l USING (cluster) JOIN rest_face AS r ON r.eid = l.unit
        WHERE NOT again""")
    assign(connection, """
        SELECT u.profile, f.eid, 'provisional' AS method, 1.0 AS p
        FROM founded AS f JOIN labels AS l USING (cluster) JOIN unit_profile AS u USING (unit)
        WHERE u.profile NOT IN (FROM settled_unit)""")  # fmt: skip
    connection.unregister("labels")


def _links(work: Round) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Links between open units: ends and probability, those from `odds.link` on."""
    connection, config = work.connection, work.config
    make_repairs(connection, "rest_face")
    candidate_pairs(connection, config, "rest_face", "rest_face", relations={"repair": "repair"})
    connection.execute(f"""CREATE OR REPLACE TEMP VIEW everybody AS
        SELECT eid, {FACE} FROM {everybody(work)} UNION ALL SELECT -eid, {FACE} FROM rest_face""")
    tables = work.frequencies or frequency_tables(connection, config, "everybody", "rest_face")
    connection.execute("CREATE OR REPLACE TEMP TABLE both_face AS FROM rest_face")
    with_frequencies(connection, config, "both_face", tables, "pairs", "rest_compared", everybody="everybody")
    compare(connection, config, "rest_face", "rest_compared")
    persons, relatives = register_size(connection)
    score_pairs(connection, config, work.model.adapted(persons, relatives))
    # a leftover's own kind is few: whom the register does not list, this source or another may list again
    found = connection.execute(f"""SELECT l, r, q FROM (
            SELECT l, r, 0.5 / {persons} * pow(2, least(bits, 300)) AS w, {relatives / persons!r} * pow(2, least(kin, 300)) AS f,
                w / (w + 0.5 * (1 + f)) AS q FROM scored)
        WHERE q >= {config.odds.link} ORDER BY l, r""").fetchnumpy()
    return np.asarray(found["l"]), np.asarray(found["r"]), np.asarray(found["q"])


def _exists(work: Round, table: str) -> bool:
    return bool(work.connection.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = ?", [table]).fetchall()[0][0])

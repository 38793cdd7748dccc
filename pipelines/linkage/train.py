"""Training without labels: hide the sound ids, link on the rest, and hold the result against the hidden ids.

Belongs here: learning a model from a batch, its calibration and its health. Does not belong here: using it (`rounds`).

What an id proves gives, every month and for free: how often one person's records agree in each field, per source (m); how often
strangers and members of one household do (u, family: drawn from the register itself); and how often the odds are right.
"""

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipelines.contracts import Contract
from pipelines.errors import DataError
from pipelines.linkage.assign import as_patterns, decide, score_pairs
from pipelines.linkage.compare import compare
from pipelines.linkage.config import Config, load_config
from pipelines.linkage.decisions import load_decisions
from pipelines.linkage.exact import AGREES, settle_exact
from pipelines.linkage.frequency import frequency_tables, with_frequencies
from pipelines.linkage.keys import candidate_pairs
from pipelines.linkage.persons import enter_old, load_old
from pipelines.linkage.records import load_records
from pipelines.linkage.rounds import Round, household_homes, make_units, open_faces, register_size
from pipelines.linkage.shape import batch_shape, coverage
from pipelines.linkage.spine import add_faces, former_names, found_persons, prepare
from pipelines.linkage.stage import REGISTER, exact_probabilities
from pipelines.linkage.weights import Model, Weights, current_model, learn, save_model
from pipelines.progress import Reporter
from pipelines.storage import Home, check_batch

if TYPE_CHECKING:
    import duckdb

_PER_SOURCE = 15_000
"""Hidden identities per source: a level of one in a thousand is then known to a quarter."""
_STRANGERS = 600_000
"""Random pairs of persons for u: a level of one in 10,000 is then known to an eighth; rarer ones are computed."""
_STRENGTH = 30.0
"""Pseudo-observations that the stated model weighs in the learnt one."""
_LEAST_PRECISION = 0.99
"""A model whose links are less often right than this, by the hidden ids, is refused."""


def train(home: Home, batch: str, contracts: Mapping[str, Contract], reporter: Reporter) -> dict[str, int | float]:
    """Learn a model from a standardised batch and write it to `home/models/`.

    Returns:
        counts: the model's number, hidden identities, and what the hidden ids say of precision, recall and review.

    Raises:
        DataError: nothing to learn from, or the learnt model is bad; nothing is written then.
    """
    import duckdb

    check_batch(batch)
    try:
        return _train(home, batch, contracts, reporter)
    except duckdb.Error:
        raise DataError(
            "训练匹配模型时出错，没有写出新模型，继续用原来的。",
            where=f"批次 {batch}",
            todo="重新规范数据后再训练；仍然出错请联系维护人员。",
        ) from None  # what DuckDB says may hold a value


def _train(home: Home, batch: str, contracts: Mapping[str, Contract], reporter: Reporter) -> dict[str, int | float]:
    """See `train`."""
    config = load_config()
    model = copy.deepcopy(current_model(home.root / "models", config))
    with home.connect() as connection:
        reporter.start("训练：读取身份")
        load_records(connection, home, batch, contracts.values())
        work = _prepared(connection, home, config, model, contracts)
        hidden = _hide(work)
        if hidden < 200:
            raise DataError(
                "有效证号太少，无法训练匹配模型。", where=f"批次 {batch}", todo="等收到更多部门的数据后再训练；现有模型不变。"
            )
        reporter.start("训练：陌生人与家人")
        _learn_u(work)
        reporter.start("训练：同一个人的记录")
        _learn_m(work)
        trace = _learn_damaged(work)
        model.coverage = coverage(connection, contracts, model)
        reporter.start("训练：用隐藏的证号检验")
        health = _examine(work)
        model.health = {"batch": batch, "hidden": hidden, **health, **trace, "shape": batch_shape(connection, contracts)}
    _refuse_bad(model, batch)
    model.number += 1
    model.basis = "learnt"
    save_model(model, home.root / "models" / f"model-{model.number}.yaml")
    figures: dict[str, int | float] = {f"hidden_{name}": float(health[name]) for name in ("precision", "recall", "review")}
    return {"model": model.number, "hidden": hidden, **figures}


def _prepared(
    connection: "duckdb.DuckDBPyConnection", home: Home, config: Config, model: Model, contracts: Mapping[str, Contract]
) -> Round:
    """Bring the batch to where the exact step has settled what it can; nobody from earlier batches is called in."""
    register = contracts[REGISTER].number
    load_decisions(connection, home)
    load_old(connection, home, "2000-01")
    prepare(connection)
    enter_old(connection)
    found_persons(connection, register, "2000-01")
    former_names(connection, register)
    household_homes(connection, register)
    settle_exact(connection, f"source_no <> {register}", exact_probabilities(model))
    return Round(connection, config, model, contracts, register)


def _hide(work: Round) -> int:
    """Choose identities with sound ids and hide these: `hidden` (eid of the left side, profile, truth), `hidden_face`.

    Truth is the register's person, or NULL where the id stands in nobody's register row.
    """
    connection = work.connection
    sources = ", ".join(f"({c.number}, '{c.source}')" for c in work.contracts.values())
    connection.execute(f"""CREATE OR REPLACE TABLE hidden AS
        SELECT row_number() OVER (ORDER BY profile) AS eid, profile, truth, source FROM (
            SELECT p.profile, a.eid AS truth, s.source
            FROM profile_face AS p JOIN (VALUES {sources}) AS s(source_no, source) USING (source_no)
            LEFT JOIN assigned AS a USING (profile)
            WHERE p.sound AND p.source_no <> {work.register}
                AND (a.eid IS NOT NULL OR p.id NOT IN (SELECT id FROM person_face WHERE id IS NOT NULL))
            QUALIFY row_number() OVER (PARTITION BY p.source_no ORDER BY p.profile) <= {_PER_SOURCE})""")
    add_faces(connection, "method = 'exact_id' AND profile NOT IN (SELECT profile FROM hidden)")
    connection.execute("""CREATE OR REPLACE TABLE hidden_face AS
        SELECT h.eid, p.name, p.pinyin, p.surname, p.own_birth AS birth,
            CASE WHEN p.own_birth IS NOT NULL THEN p.lunar END AS lunar,
            p.own_birth, s.sex, NULL::VARCHAR AS id, 'missing' AS id_status, false AS sound,
            p.phone, p.town, p.village, p.address, 5::TINYINT AS mode, false AS companions
        FROM hidden AS h JOIN profile_face AS p USING (profile)
        JOIN (SELECT profile, CASE WHEN NOT coalesce(sex_from_id, false) THEN sex END AS sex FROM profile) AS s
            USING (profile)""")
    return int(connection.execute("SELECT count(*) FROM hidden").fetchall()[0][0])


def _levels(work: Round, left: str, right: str, pairs: str) -> None:
    """Make `compared` for the given pairs."""
    tables = {(name, level): f"frequency_{name}_{level}" for name, c in work.config.comparisons.items() for level in c.frequency}
    with_frequencies(work.connection, work.config, right, tables, pairs, "right_compared")
    compare(work.connection, work.config, left, "right_compared", pairs=pairs)


def _shares(work: Round, name: str, where: str = "true", by: str = "'*'") -> dict[str, NDArray[np.float64]]:
    """How often each level of a comparison stands in `compared`, by group."""
    size = len(work.config.comparisons[name].level_names())
    rows = work.connection.execute(
        f"SELECT {by}, {name}, count(*) FROM compared AS c LEFT JOIN hidden AS h ON h.eid = c.l "
        f"WHERE {name} > 0 AND {where} GROUP BY ALL"
    ).fetchall()
    shares: dict[str, NDArray[np.float64]] = {}
    for group, level, amount in rows:
        shares.setdefault(str(group), np.zeros(size))[level - 1] += amount
    return shares


def _smoothed(seen: NDArray[np.float64], stated: NDArray[np.float64], strength: float = _STRENGTH) -> NDArray[np.float64]:
    """Shares of what was seen, the stated ones weighing as `strength` observations.

    What was never seen among n is at most about one in n: it keeps the lesser of that and what is stated.
    """
    stated = stated / stated.sum()
    shares = (seen + strength * stated) / (seen.sum() + strength)
    return np.asarray(np.maximum(shares, np.minimum(stated, 1 / (seen.sum() + 1))))


def _learn_u(work: Round) -> None:
    """U from hidden identities against random persons, family against the relatives of whom they are.

    The record's side is a real record, so that what a source leaves out or writes its own way is the same here as among matches.
    """
    connection, model = work.connection, work.model
    frequency_tables(connection, work.config, "person_face")
    persons, hidden = connection.execute("SELECT (SELECT max(eid) FROM own_face), (SELECT count(*) FROM hidden)").fetchall()[0]
    draws = max(1, _STRANGERS // hidden)
    connection.execute("""CREATE OR REPLACE TABLE kindred AS
        SELECT h.eid AS l, b.eid AS r, 0::BIGINT AS keys
        FROM hidden AS h JOIN home AS a ON a.eid = h.truth JOIN home AS b USING (household) WHERE b.eid <> h.truth""")
    connection.execute(f"""CREATE OR REPLACE TABLE drawn AS
        SELECT DISTINCT h.eid AS l, 1 + (hash(h.profile, d.range) % {persons})::BIGINT AS r, 0::BIGINT AS keys
        FROM hidden AS h, range({draws}) AS d WHERE r IS DISTINCT FROM h.truth
        """)
    connection.execute("DELETE FROM drawn WHERE (l, r) IN (SELECT (l, r) FROM kindred)")
    for kind, pairs in (("u", "drawn"), ("family", "kindred")):
        _levels(work, "hidden_face", "person_face", pairs)
        for name, comparison in work.config.comparisons.items():
            group = "5" if comparison.mode else "*"
            together = _shares(work, name).get("*")
            if together is None or name == "household":
                continue
            table = getattr(model.comparisons[name], kind)
            # whose frequency is counted has no u of its own; its share among strangers must not dilute the others'
            counted = [level - 1 for level in comparison.frequency] if kind == "u" else []
            table[group] = _without(counted, together, table[group], _STRENGTH)
            if not comparison.mode:
                for source, seen in _shares(work, name, by="h.source").items():
                    table[source] = _without(counted, seen, table[group], 4 * _STRENGTH)
    _compute_rare(work)


def _without(counted: list[int], seen: NDArray[np.float64], stated: NDArray[np.float64], strength: float) -> NDArray[np.float64]:
    """Smoothed shares; levels whose value's frequency is known get 1, and the rest keep their share of everything."""
    shares = _smoothed(seen, np.where(np.isin(np.arange(len(stated)), counted), 1e-12, stated), strength)
    shares[counted] = 1.0
    return shares


def _compute_rare(work: Round) -> None:
    """U of agreements that random pairs never show, from the register's own ids and dates."""
    connection, u = work.connection, work.model.comparisons["identity"].u

    def chance(expression: str, where: str = "sound") -> float:
        found = connection.execute(f"""SELECT sum(n * (n - 1)) / (sum(n) * (sum(n) - 1)) FROM (
            SELECT count(*) AS n FROM own_face WHERE {where} GROUP BY {expression})""").fetchall()[0][0]
        return max(float(found or 0), 1e-8)

    born = chance("birth", "birth IS NOT NULL")
    at = {name: place for place, name in enumerate(work.config.comparisons["identity"].level_names())}
    u["5"][at["出生日期相同"]] = born
    for mode in ("2", "3", "4"):
        u[mode][at["出生日期相同而证号不合"]] = u[mode][at["出生日期相同"]] = born
    u["1"][at["证号不同但出生日期性别相同"]] = u["6"][at["证号不同但出生日期性别相同"]] = born / 2
    u["3"][at["证号可见部分一致"]] = chance("left(id, 14)")
    u["4"][at["证号前六后四一致"]] = chance("left(id, 6) || right(id, 4)")
    # an id one slip away from another's: about eighteen repairs stand, of which those of the same place and day or a
    # neighbouring one are occupied as often as a sequence number of that place and day is
    slip = max(min(chance("left(id, 14)") * 18 / 400, 1e-5), 1e-9)
    u["2"][at["证号差一处"]], u["2"][at["证号差两处"]] = slip, min(slip * 40, 1e-4)


def _learn_m(work: Round) -> None:
    """M per source from hidden identities and the persons their ids prove them to be.

    An id proves nothing where the name contradicts it: how often a name is changed beyond recognition is learnt apart
    (`_learn_borrowed`).
    """
    connection, model = work.connection, work.model
    connection.execute(
        "CREATE OR REPLACE TABLE proven AS SELECT eid AS l, truth AS r, 0::BIGINT AS keys FROM hidden WHERE truth IS NOT NULL"
    )
    _levels(work, "hidden_face", "person_face", "proven")
    for name, comparison in work.config.comparisons.items():
        weights = model.comparisons[name]
        together = _shares(work, name).get("*")
        if name == "household" or together is None:
            continue
        unproven = AGREES if comparison.comparer == "chinese_name" else len(together)
        if comparison.mode:
            weights.m["5"] = _smoothed(together, weights.m["5"])
            continue
        weights.m["*"] = _up_to(unproven, together, weights.m["*"], _STRENGTH)
        for source, seen in _shares(work, name, by="h.source").items():
            weights.m[source] = _up_to(unproven, seen, weights.m["*"], 4 * _STRENGTH)


def _up_to(level: int, seen: NDArray[np.float64], stated: NDArray[np.float64], strength: float) -> NDArray[np.float64]:
    """Smoothed shares of the levels up to `level`; the others stay as stated."""
    shares = stated / stated.sum()
    shares[:level] = _smoothed(seen[:level], shares[:level], strength) * shares[:level].sum()
    return np.asarray(shares)


def _learn_borrowed(work: Round) -> None:
    """How often a row bears a relative's sound id, and how often a name is changed beyond recognition.

    Sound ids with a contradicting name, in `compared` (mode 1): where the owner's household holds somebody of the row's name,
    the id is borrowed; where not, it is borrowed elsewhere, or the name is the person's other one.
    """
    connection, model = work.connection, work.model
    total = connection.execute("SELECT count(*) FROM profile_face WHERE sound AND source_no <> ?", [work.register]).fetchall()[0][
        0
    ]
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE contradicted AS
        SELECT c.l, min(c.identity) FILTER (c.identity IN (3, 4, 5) AND c.name BETWEEN 1 AND {AGREES}) AS borrowed,
            min(c.name) FILTER (c.identity IN (1, 2) AND c.name > {AGREES}) AS name
        FROM compared AS c WHERE c.mode = 1 GROUP BY c.l HAVING bool_or(c.identity IN (1, 2))""")
    lent = np.zeros(4)  # from the household: the row's own birth date agrees, is not given, differs; from elsewhere
    for level, amount in connection.execute(
        "SELECT coalesce(borrowed - 3, 3), count(*) FROM contradicted JOIN unit_profile ON unit = l GROUP BY ALL"
    ).fetchall():
        lent[level] = amount
    identity = model.comparisons["identity"]
    model.borrowed = (lent[:3].sum() + _STRENGTH * model.borrowed) / (total + _STRENGTH)
    lent += _STRENGTH * np.array([0.45, 0.33, 0.02, 0.2])
    identity.m["1"][2:5] = lent[:3] / lent.sum()
    rows = connection.execute("""SELECT name, count(*) FROM contradicted JOIN unit_profile ON unit = l
        WHERE borrowed IS NULL AND name IS NOT NULL GROUP BY name""").fetchall()
    changed = np.zeros(len(work.config.comparisons["name"].level_names()))
    for level, amount in rows:
        changed[level - 1] = amount
    # the rest is borrowed from relatives elsewhere, whose names differ as relatives' do; of names wholly unlike, say half
    family = model.comparisons["name"].family["*"]
    elsewhere = 0.5 * changed[-1] * family / family[-1]
    changed = np.maximum(changed - elsewhere, 0.0)
    for table in model.comparisons["name"].m.values():
        table[AGREES:] = np.maximum((changed + _STRENGTH * table)[AGREES:] / (total + _STRENGTH), 2e-5)
        table /= table.sum()


def _learn_households(work: Round) -> None:
    """How often two members of one household of a source (or of one row) share a household in the register, per source."""
    rows = work.connection.execute("""
        WITH member AS (
            SELECT DISTINCT g.household, a.eid, p.source_no, h.household AS home
            FROM companion_group AS g JOIN assigned AS a USING (profile) JOIN profile AS p USING (profile)
            JOIN home AS h USING (eid)
        )
        SELECT source_no, count(*), count(*) FILTER (together) FROM (
            SELECT a.source_no, a.household, a.eid, bool_or(a.home = b.home) AS together
            FROM member AS a JOIN member AS b ON b.household = a.household AND b.eid <> a.eid GROUP BY ALL)
        GROUP BY source_no""").fetchall()
    names = {c.number: c.source for c in work.contracts.values()}
    m = work.model.comparisons["household"].m
    for number, members, together in sorted(rows):
        m[names[number]] = _smoothed(np.array([together, members - together], dtype=float), m["*"])


def _learn_damaged(work: Round) -> dict[str, object]:
    """M of the id levels for damaged, cut and masked ids, by expectation–maximisation over the patterns of their candidates."""
    connection, config, model = work.connection, work.config, work.model
    make_units(work, f"source_no <> {work.register}")
    _learn_households(work)
    open_faces(work)
    candidate_pairs(
        connection, config, "open_face", "person_face",
        relations={"repair": "repair", "companion": "companion", "owner_kin": "owner_kin"},
    )  # fmt: skip
    _levels(work, "open_face", "person_face", "pairs")
    _learn_borrowed(work)
    persons, relatives = register_size(connection)
    adapted = model.adapted(persons, relatives)
    names = list(config.comparisons)
    table = connection.sql(f"""SELECT '*' AS source, c.mode, {", ".join(names)}, c.tf, count(*) AS pairs
        FROM compared AS c GROUP BY ALL ORDER BY ALL""").to_arrow_table()
    patterns, counts = as_patterns(config, table), table.column("pairs").to_numpy().astype(float)
    column = names.index("identity")
    report: dict[str, object] = {}
    for mode in ("2", "3", "4"):
        chosen = patterns.modes == int(mode)
        if counts[chosen].sum() < 30:
            continue
        m = [_group(adapted.comparisons[name].m, mode if config.comparisons[name].mode else "*") for name in names]
        u = [_group(adapted.comparisons[name].u, mode if config.comparisons[name].mode else "*") for name in names]
        learnt = learn(
            patterns.levels[chosen], counts[chosen], m, u,
            share=1 / persons, strength=_STRENGTH, frequency=patterns.tf[chosen] / 4,
            fixed=frozenset(range(len(names))) - {column}, share_fixed=True,
        )  # fmt: skip
        report[f"em_mode_{mode}"] = {
            "rounds": len(learnt.log_likelihood),
            "log_likelihood": float(f"{learnt.log_likelihood[-1]:.6g}"),
            "healthy": learnt.healthy,
        }
        if learnt.healthy:
            model.comparisons["identity"].m[mode] = learnt.m[column]
    return report


def _group(tables: dict[str, NDArray[np.float64]], group: str) -> NDArray[np.float64]:
    return np.array(tables.get(group, tables.get("*", next(iter(tables.values())))))


def _examine(work: Round) -> dict[str, Any]:
    """Link the hidden identities without their ids; learn slope and intercept of the odds; say how often they are right."""
    connection, config, model = work.connection, work.config, work.model
    persons, relatives = register_size(connection)
    candidate_pairs(connection, config, "hidden_face", "person_face")
    _levels(work, "hidden_face", "person_face", "pairs")
    score_pairs(connection, config, model.adapted(persons, relatives), source="hidden")
    model.slope, model.intercept = 1.0, 0.0
    decide(connection, config, model, persons, relatives)
    best = connection.execute("""SELECT d.p, (d.r = h.truth)::INTEGER AS hit FROM decided AS d JOIN hidden AS h ON h.eid = d.l
        WHERE h.truth IS NOT NULL OR d.p IS NOT NULL ORDER BY h.eid""").fetchnumpy()
    model.slope, model.intercept = fit_odds(
        np.asarray(best["p"], dtype=float), np.nan_to_num(np.ma.filled(best["hit"], 0).astype(float))
    )
    decide(connection, config, model, persons, relatives)
    linked, right, asked, known = connection.execute("""
        SELECT count(*) FILTER (does = 'link'), count(*) FILTER (does = 'link' AND r = truth), count(*) FILTER (does = 'review'),
            (SELECT count(truth) FROM hidden)
        FROM decided AS d JOIN hidden AS h ON h.eid = d.l""").fetchall()[0]
    bands = connection.execute("""SELECT round(floor(d.p * 20) / 20, 2) AS band, count(*),
            avg(coalesce((d.r = h.truth)::INTEGER, 0))
        FROM decided AS d JOIN hidden AS h ON h.eid = d.l GROUP BY band ORDER BY band""").fetchall()
    return {
        "precision": round(right / linked, 6) if linked else 0.0,
        "recall": round(right / known, 6) if known else 0.0,
        "review": round(asked / max(known, 1), 6),
        "calibration": [[float(band), int(n), round(float(hit), 4)] for band, n, hit in bands],
    }


def fit_odds(p: NDArray[np.float64], hit: NDArray[np.float64]) -> tuple[float, float]:
    """Slope and intercept of the true log-odds over the stated ones (Platt), drawn towards 1 and 0 by twenty observations.

    Args:
        p: stated probabilities.
        hit: 1 where right, 0 where wrong.
    """
    from scipy.optimize import minimize

    if len(p) < 50:
        return 1.0, 0.0
    bounded = np.clip(p, 1e-3, 1 - 1e-3)  # beyond, the truth itself errs: a person's second id looks like nobody's
    x = np.log(bounded / (1 - bounded))

    def loss(theta: NDArray[np.float64]) -> float:
        z = theta[0] * x + theta[1]
        return float((np.logaddexp(0, z) - hit * z).sum() + 10 * ((theta[0] - 1) ** 2 + theta[1] ** 2))

    found = minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead", options={"xatol": 1e-4, "fatol": 1e-6})
    return float(np.clip(found.x[0], 0.3, 2.0)), float(np.clip(found.x[1], -3, 3))


def _refuse_bad(model: Model, batch: str) -> None:
    """A model that learnt nonsense must not be used.

    Raises:
        DataError: it has.
    """
    name: Weights = model.comparisons["name"]
    sane = all(m[0] > 0.3 and m[-1] < 0.3 for m in name.m.values())
    trained = [report for key, report in model.health.items() if key.startswith("em_")]
    if not sane or not all(report["healthy"] for report in trained) or model.health["precision"] < _LEAST_PRECISION:
        raise DataError(
            f"训练出的模型不可靠（隐藏证号检验的准确率 {model.health['precision']:.4f}），没有采用，继续用原来的模型。",
            where=f"批次 {batch}",
            todo="检查这个批次的数据是否完整、姓名列是否读对，再重新训练。",
        )

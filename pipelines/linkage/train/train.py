"""Training without labels: hide the sound ids, link on the rest, and hold the result against the hidden ids.

Belongs here: the order of the steps, what is hidden, the calibration and the health of a model. Does not belong here: what each
step learns (`strangers`, `matches`), using a model (`resolve.rounds`).

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
from pipelines.linkage.compare.keys import candidate_pairs
from pipelines.linkage.config import REGISTER, Config, load_config
from pipelines.linkage.decide.odds import decide, score_pairs
from pipelines.linkage.decide.weights import Model, Weights, current_model, save_model
from pipelines.linkage.resolve.decisions import load_decisions
from pipelines.linkage.resolve.earlier import nobody_before
from pipelines.linkage.resolve.exact import exact_probabilities, settle_exact
from pipelines.linkage.resolve.profile import batch_shape, coverage
from pipelines.linkage.resolve.records import load_records
from pipelines.linkage.resolve.register import add_faces, former_names, found_persons, prepare
from pipelines.linkage.resolve.rounds import Round, household_homes, register_size
from pipelines.linkage.train.matches import learn_leftovers, learn_matches, learn_open
from pipelines.linkage.train.strangers import learn_strangers, levels_of_pairs
from pipelines.progress import Reporter
from pipelines.storage import Home, check_batch

if TYPE_CHECKING:
    import duckdb

_PER_SOURCE = 15_000
"""Hidden identities per source: a level of one in a thousand is then known to a quarter."""
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
        learn_strangers(work)
        reporter.start("训练：同一个人的记录")
        learn_matches(work)
        trace = learn_leftovers(work)
        model.coverage = coverage(connection, contracts, model)
        reporter.start("训练：用隐藏的证号检验")
        health = _examine(work)
        learn_open(work)
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
    nobody_before(connection)
    prepare(connection)
    found_persons(connection, register, "2000-01")
    former_names(connection, register)
    household_homes(connection, register)
    settle_exact(connection, f"source_no <> {register}", exact_probabilities(model), loaded=True)
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
            p.own_birth, p.born_from, s.sex, NULL::VARCHAR AS id, 'missing' AS id_status, false AS sound,
            p.phone, p.town, p.village, p.address, 5::TINYINT AS mode, false AS companions
        FROM hidden AS h JOIN profile_face AS p USING (profile)
        JOIN (SELECT profile, CASE WHEN NOT coalesce(sex_from_id, false) THEN sex END AS sex FROM profile) AS s
            USING (profile)""")
    return int(connection.execute("SELECT count(*) FROM hidden").fetchall()[0][0])


def _examine(work: Round) -> dict[str, Any]:
    """Link the hidden identities without their ids; learn slope and intercept of the odds; say how often they are right."""
    connection, config, model = work.connection, work.config, work.model
    persons, relatives = register_size(connection)
    candidate_pairs(connection, config, "hidden_face", "person_face")
    levels_of_pairs(work, "hidden_face", "person_face", "pairs")
    score_pairs(connection, config, model.adapted(persons, relatives), source="hidden")
    model.slope, model.intercept = 1.0, 0.0
    decide(connection, config, model, persons, relatives, link=config.odds.link)
    best = connection.execute("""SELECT d.p, coalesce((d.r = h.truth)::INTEGER, 2) AS outcome
        FROM decided AS d JOIN hidden AS h ON h.eid = d.l ORDER BY h.eid""").fetchnumpy()
    model.slope, model.intercept, doubtful = fit_odds(np.asarray(best["p"], dtype=float), np.asarray(best["outcome"]))
    decide(connection, config, model, persons, relatives, link=config.odds.link)
    linked, right, asked, known = connection.execute("""
        SELECT count(*) FILTER (does = 'link'), count(*) FILTER (does = 'link' AND r = truth), count(*) FILTER (does = 'review'),
            (SELECT count(truth) FROM hidden)
        FROM decided AS d JOIN hidden AS h ON h.eid = d.l""").fetchall()[0]
    bands = connection.execute("""SELECT round(floor(d.p * 20) / 20, 2) AS band, count(*),
            avg(coalesce((d.r = h.truth)::INTEGER, 0))
        FROM decided AS d JOIN hidden AS h ON h.eid = d.l GROUP BY band ORDER BY band""").fetchall()
    return {
        "precision": round(right / linked, 6) if linked else 0.0,
        "precision_at_most": round(min(1.0, right / linked / (1 - doubtful)), 6) if linked else 0.0,
        "recall": round(right / known, 6) if known else 0.0,
        "review": round(asked / max(known, 1), 6),
        "doubtful_ids": round(doubtful, 6),
        "calibration": [[float(band), int(n), round(float(hit), 4)] for band, n, hit in bands],
    }


def fit_odds(p: NDArray[np.float64], outcome: NDArray[np.int64]) -> tuple[float, float, float]:
    """Slope and intercept of the true log-odds over the stated ones (Platt), and how often a hidden id misleads about its person.

    An id that stands in nobody's register row is somebody's who is not listed, or a listed person's other id. Were the second
    counted as wrong, even perfect links could be right at most as often as ids are, and all odds would be pressed down: the
    share of such ids is learnt along with the odds, by what is left of them where the odds leave no doubt.

    Args:
        p: stated probabilities.
        outcome: 1 the id's person, 0 another person, 2 the id is nobody's in the register.

    Returns:
        slope and intercept, drawn towards 1 and 0 by twenty observations; the share of ids that are a listed person's other one.
    """
    from scipy.optimize import minimize

    if len(p) < 50:
        return 1.0, 0.0, 0.0
    bounded = np.clip(p, 1e-4, 1 - 1e-4)
    x, place = np.unique(np.round(np.log(bounded / (1 - bounded)), 2), return_inverse=True)
    hit, other, unproven = (np.bincount(place, weights=outcome == kind, minlength=len(x)) for kind in (1, 0, 2))

    def loss(theta: NDArray[np.float64]) -> float:
        same = 1 / (1 + np.exp(-np.clip(theta[0] * x + theta[1], -50, 50)))
        doubtful, unlisted = 1 / (1 + np.exp(-np.clip(theta[2:], -15, 15)))
        said = hit * np.log(same * (1 - doubtful) + 1e-15) + other * np.log((1 - same) * (1 - unlisted) + 1e-15)
        said += unproven * np.log(same * doubtful + (1 - same) * unlisted + 1e-15)
        return float(-said.sum() + 10 * ((theta[0] - 1) ** 2 + theta[1] ** 2) + 0.1 * ((theta[2] + 6) ** 2 + theta[3] ** 2))

    found = minimize(
        loss, np.array([1.0, 0.0, -6.0, 0.0]), method="Nelder-Mead", options={"xatol": 1e-4, "fatol": 1e-4, "maxiter": 4000}
    )
    doubtful = float(1 / (1 + np.exp(-np.clip(found.x[2], -15, 15))))
    return float(np.clip(found.x[0], 0.3, 2.0)), float(np.clip(found.x[1], -3, 3)), doubtful


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

"""Training: how records of one person compare (m), and how often ids are lent.

Belongs here: shares of levels among pairs that an id proves to be one person, and among what the ids leave open. Does not belong
here: strangers and relatives (`strangers`), the order of the steps (`train`).
"""

import numpy as np
from numpy.typing import NDArray

from pipelines.linkage.compare.keys import blocked_by, candidate_pairs
from pipelines.linkage.decide.em import learn
from pipelines.linkage.decide.odds import as_patterns, decide, score_pairs
from pipelines.linkage.resolve.exact import AGREES
from pipelines.linkage.resolve.rounds import Round, make_units, open_faces, register_size
from pipelines.linkage.train.strangers import STRENGTH, learn_strange_ids, level_shares, levels_of_pairs, smoothed

_TURNS = 4
"""Rounds of weighing the open records and learning from it: the odds have settled to a thousandth by then."""


def learn_matches(work: Round) -> None:
    """M per source from hidden identities and the persons their ids prove them to be.

    An id proves nothing where the name contradicts it: how often a name is changed beyond recognition is learnt apart
    (`_learn_borrowed`).
    """
    connection, model = work.connection, work.model
    connection.execute(
        "CREATE OR REPLACE TABLE proven AS SELECT eid AS l, truth AS r, 0::BIGINT AS keys FROM hidden WHERE truth IS NOT NULL"
    )
    levels_of_pairs(work, "hidden_face", "person_face", "proven")
    for name, comparison in work.config.comparisons.items():
        weights = model.comparisons[name]
        together = level_shares(work, name).get("*")
        if name == "household" or together is None:
            continue
        unproven = AGREES if comparison.comparer == "chinese_name" else len(together)
        if comparison.mode:
            weights.m["5"] = smoothed(together, weights.m["5"])
            continue
        weights.m["*"] = _up_to(unproven, together, weights.m["*"], STRENGTH)
        for source, seen in level_shares(work, name, by="h.source").items():
            weights.m[source] = _up_to(unproven, seen, weights.m["*"], 4 * STRENGTH)


def learn_leftovers(work: Round) -> dict[str, object]:
    """What the open records show: m of damaged, cut and masked ids by expectation–maximisation, and how often ids are lent.

    Their candidates' levels are kept in `open_compared` for `learn_open`.

    Returns:
        by id mode: rounds, log-likelihood, and whether the learning was healthy.
    """
    connection = work.connection
    make_units(work, f"source_no <> {work.register}")
    _learn_households(work)
    open_faces(work)
    learn_strange_ids(work)
    candidate_pairs(
        connection, work.config, "open_face", "person_face",
        relations={"repair": "repair", "companion": "companion", "owner_kin": "owner_kin"},
    )  # fmt: skip
    levels_of_pairs(work, "open_face", "person_face", "pairs")
    _learn_borrowed(work)
    report = _learn_damaged(work)
    connection.execute("CREATE OR REPLACE TABLE open_compared AS FROM compared")
    return report


def _learn_damaged(work: Round) -> dict[str, object]:
    """M of the id levels within each mode of `compared`, all else as it is; kept where the learning was healthy."""
    connection, config, model = work.connection, work.config, work.model
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
            share=1 / persons, strength=STRENGTH, frequency=patterns.tf[chosen] / 4,
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


def learn_open(work: Round) -> None:
    """Move m from the records that their ids prove to those that are left open, where errors come together.

    Who writes an id badly writes the phone badly too: at 200,000 persons 12 % of the proven records show another phone than their
    person, but 22 % of the open ones, and a model of the proven alone let go of 47 true links in 11,900 for that. Each open
    candidate counts with its probability under the model as learnt so far; a comparison is counted over pairs found by a key
    that does not demand it. Names that contradict are left as they are: with a sound id they are open *because* they contradict.
    """
    connection, config, model = work.connection, work.config, work.model
    persons, relatives = register_size(connection)
    for _ in range(_TURNS):
        score_pairs(connection, config, model.adapted(persons, relatives), compared="open_compared")
        decide(connection, config, model, persons, relatives, link=config.odds.link)
        _learn_strangers_ids(work)
    for name, comparison in config.comparisons.items():
        if comparison.mode or name == "household":
            continue
        weights = model.comparisons[name]
        free = sum(config.key_bit(key) for key, stated in config.keys.items() if not blocked_by(stated, comparison))
        named = comparison.comparer == "chinese_name"
        size = AGREES if named else len(comparison.level_names())
        seen = np.zeros(size)
        for level, amount in connection.execute(f"""SELECT s.{name}, fsum(k.p) FROM scored AS s JOIN ranked AS k USING (l, r)
                WHERE s.{name} BETWEEN 1 AND {size} AND (s.keys & {free}) <> 0 AND {"s.mode > 1" if named else "true"}
                GROUP BY ALL ORDER BY ALL""").fetchall():
            seen[level - 1] = amount
        whole = _group(weights.m, "*")[:size]
        change = smoothed(seen, whole, 4 * STRENGTH) / (whole / whole.sum())
        for table in weights.m.values():
            share = table[:size].sum()
            moved = table[:size] * change
            table[:size] = moved / moved.sum() * share


def _learn_strangers_ids(work: Round) -> None:
    """How often a borrowed sound id is a stranger's: of rows with another's id, which were put to whom, by their probabilities.

    What is stated (17 in 100) made a rival of every namesake far away: with an own id and another given name, one row in fifteen
    was asked about for the sake of somebody who bears that name elsewhere.
    """
    m = work.model.comparisons["identity"].m["1"]
    at = {name: place for place, name in enumerate(work.config.comparisons["identity"].level_names())}
    relatives = [at[name] for name in at if name.startswith("证号是其家人的")]
    strangers = [at["证号不同但出生日期性别相同"], at["两个不同的有效证号"]]
    seen = np.zeros(len(at))
    for level, amount in work.connection.execute("""SELECT s.identity, fsum(k.p) FROM scored AS s JOIN ranked AS k USING (l, r)
            JOIN unit_profile AS u ON u.unit = s.l WHERE s.mode = 1 AND s.identity > 0 GROUP BY ALL ORDER BY ALL""").fetchall():
        seen[level - 1] = amount
    lent = seen[relatives].sum() + seen[strangers].sum()
    m[strangers] = (seen[strangers] + STRENGTH * np.array([0.02, 0.02])) / (lent + STRENGTH)


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
    model.borrowed = (lent[:3].sum() + STRENGTH * model.borrowed) / (total + STRENGTH)
    lent += STRENGTH * np.array([0.45, 0.33, 0.02, 0.2])
    identity.m["1"][2:5] = lent[:3] / lent.sum()
    size = len(work.config.comparisons["name"].level_names())
    changed, lenders = np.zeros(size), np.zeros(size)
    for lent_at_home, level, amount in connection.execute("""SELECT borrowed IS NOT NULL, name, count(*)
        FROM contradicted JOIN unit_profile ON unit = l WHERE name IS NOT NULL GROUP BY ALL""").fetchall():
        (lenders if lent_at_home else changed)[level - 1] = amount
    # the rest is borrowed from relatives elsewhere; of names wholly unlike, say half. Ids are lent by mothers and wives more than
    # by others, who bear another surname: a changed given name is the less likely to be a relative's
    family = model.comparisons["name"].family["*"]
    lenders = smoothed(lenders, family)
    model.elsewhere *= float(lenders[AGREES:-1].sum() / family[AGREES:-1].sum())
    elsewhere = 0.5 * changed[-1] * lenders / lenders[-1]
    changed = np.maximum(changed - elsewhere, 0.0)
    for table in model.comparisons["name"].m.values():
        table[AGREES:] = np.maximum((changed + STRENGTH * table)[AGREES:] / (total + STRENGTH), 2e-5)
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
        m[names[number]] = smoothed(np.array([together, members - together], dtype=float), m["*"])


def _up_to(level: int, seen: NDArray[np.float64], stated: NDArray[np.float64], strength: float) -> NDArray[np.float64]:
    """Smoothed shares of the levels up to `level`; the others stay as stated."""
    shares = stated / stated.sum()
    shares[:level] = smoothed(seen[:level], shares[:level], strength) * shares[:level].sum()
    return np.asarray(shares)


def _group(tables: dict[str, NDArray[np.float64]], group: str) -> NDArray[np.float64]:
    return np.array(tables.get(group, tables.get("*", next(iter(tables.values())))))

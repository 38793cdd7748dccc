"""Capture and recapture: how many true pairs did all keys miss?

Belongs here: the counts of which kinds of keys found the likely pairs of a batch, and the estimate from them. Does not belong
here: finding pairs (`compare.keys`), weighing them (`decide.odds`).

Kinds of keys are traps set independently of one another. Of the matches that the phone or the id found, what share did name
and birth date find as well? That is how often name and birth date find a match, also where nothing else could. Records differ in
what they give, so each is counted among those that give as much: a record of nothing but a name has one trap only. A pair
counts with its probability. Kinds that fail together (a name that is wholly another fails all of them that hold a name) make the
estimate too low: it is a lower bound, as Chao's is.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipelines.linkage.config import Config, Key
from pipelines.storage import Home, quoted, write_parquet

if TYPE_CHECKING:
    import duckdb
    import polars as pl
    from numpy.typing import NDArray

KINDS = ("id", "phone", "village", "birth", "name")
"""Kinds of keys: of an id or what is left of it; of a name with phone; with village; with birth date; of a rare name alone."""

_PRIOR = 2.0
"""So many matches of all modes weigh as much as those of one."""
_ROUNDS = 500


def kind_of(key: Key) -> str | None:
    """The kind of a key; None for keys through a household, which depend on what other keys found."""
    if key.source == "companion":
        return None
    if key.source in ("repair", "owner_kin"):
        return "id"
    demanded = " ".join([*key.same, *(key.against or [])])
    if "(id" in demanded or "id" in key.same:
        return "id"
    if "lunar" in demanded:
        return "birth"
    return next((kind for kind in ("phone", "village", "birth") if kind in demanded), "name")


def keep_key_patterns(connection: "duckdb.DuckDBPyConnection", config: Config, home: Home, batch: str) -> None:
    """Write `linkage/key_patterns` (schemas/lake/linkage.sql) of the open records' rounds.

    Args:
        connection: holds scored, ranked, decided, unit_profile, unit_row, unit_source of the last round; open units only.
        config: the keys.
        home: where the batch is.
        batch: the batch being linked.
    """
    given, found = [], []
    for kind in KINDS:
        keys = {name: key for name, key in config.keys.items() if kind_of(key) == kind}
        conditions = " OR ".join(_possible(key) for key in keys.values()) or "false"
        given.append(f"coalesce({conditions}, false) AS has_{kind}")
        found.append(f"bool_or((s.keys & {sum(config.key_bit(name) for name in keys)}) <> 0) AS by_{kind}")
    # a sound id of nobody in the register (mode 6) has nobody to find
    sql = Path(__file__).with_name("missed.sql").read_text(encoding="utf-8")
    parts = {
        "{given_of_unit}": ", ".join([*(f"bool_or(has_{kind}) AS has_{kind}" for kind in KINDS), "min(mode) AS mode"]),
        "{given}": ", ".join([*given, "CASE WHEN mode = 1 THEN 6 ELSE mode END AS mode"]),
        "{found}": ", ".join(found),
        "{given_column}": _listed("has", "g"),
        "{found_column}": _listed("by", "c"),
    }
    for name, text in parts.items():
        sql = sql.replace(name, text)
    for statement in sql.split(";\n"):
        if statement.strip():
            connection.execute(statement)
    write_parquet(connection, "SELECT * FROM key_pattern ORDER BY ALL", home.lake(batch, "linkage", "key_patterns"))


def _possible(key: Key) -> str:
    """Whether a record gives what a key needs; SQL over a face."""
    if key.source == "repair":
        return "(mode = 2)"
    if key.source == "owner_kin":
        return "(mode = 1)"
    return f"(({key.when}) AND {' AND '.join(f'({part}) IS NOT NULL' for part in key.same)})"


def _listed(prefix: str, alias: str) -> str:
    return "concat_ws('+', " + ", ".join(f"CASE WHEN {alias}.{prefix}_{kind} THEN '{kind}' END" for kind in KINDS) + ")"


@dataclass(frozen=True)
class Missed:
    """What the keys of a batch are estimated to have missed.

    Attributes:
        by_source: source; open identities; expected matches among the found pairs; how many of these were linked; expected
            matches that no key found.
        catches: by kind of key: the share of matches that it finds where the record gives what it needs.
    """

    by_source: "pl.DataFrame"
    catches: dict[str, float]

    @property
    def found_not_linked(self) -> float:
        """Expected matches that a key found and that were not linked: asked about, or too weak."""
        return float((self.by_source["found"] - self.by_source["linked"]).sum())

    @property
    def never_found(self) -> float:
        """Expected matches that no key found."""
        return float(self.by_source["missed"].sum())


def missed_matches(home: Home, batch: str) -> Missed | None:
    """Estimate what all keys missed from `linkage/key_patterns`; None for a batch that was linked before it was kept."""
    path = home.lake(batch, "linkage", "key_patterns")
    if not path.exists():
        return None
    with home.connect() as connection:
        table = connection.sql(f"SELECT * FROM read_parquet('{quoted(path)}') ORDER BY ALL").pl()
    return estimate(table)


def estimate(table: "pl.DataFrame") -> Missed:
    """Maximum likelihood of each kind's share of matches found, by mode of the id, and what follows for the unseen.

    Args:
        table: source, mode, given, found, open_identities, matches, linked: as kept.
    """
    import polars as pl

    table = table.with_columns(
        # the id of mode 6 is nobody's in the register: no key of ids could find its owner under another id
        given=pl.when(pl.col("mode") == 6).then(pl.col("given").str.replace("^id\\+?", "")).otherwise(pl.col("given"))
    )
    strata = (
        table.group_by("source", "mode", "given", maintain_order=True)
        .agg(pl.col("open_identities").sum(), pl.col("matches").sum(), pl.col("linked").sum())
        .sort("source", "mode", "given")
    )
    seen = table.filter((pl.col("found") != "") & (pl.col("matches") > 0))
    cells = seen.group_by("mode", "given", "found").agg(pl.col("matches").sum()).sort("mode", "given", "found")
    pooled = _catches(cells.group_by("given", "found").agg(pl.col("matches").sum()).sort("given", "found"), None)
    by_mode = {
        mode[0]: _catches(part, pooled)
        for mode, part in sorted(cells.partition_by("mode", as_dict=True).items(), key=lambda x: x[0])
    }
    missed = []
    for row in strata.iter_rows(named=True):
        escape = _escape(by_mode.get(row["mode"], pooled), row["given"])
        # nobody can be missed who is not open
        missed.append(min(row["matches"] * escape / (1 - escape) if escape < 1 else 0.0, row["open_identities"] - row["matches"]))
    by_source = (
        strata.with_columns(missed=pl.Series(missed, dtype=pl.Float64).clip(lower_bound=0))
        .group_by("source", maintain_order=True)
        .agg(
            open_identities=pl.col("open_identities").sum(), found=pl.col("matches").sum(),
            linked=pl.col("linked").sum(), missed=pl.col("missed").sum(),
        )
        .sort("source")
    )  # fmt: skip
    return Missed(by_source, {kind: float(share) for kind, share in zip(KINDS, pooled, strict=True)})


def _escape(catches: "NDArray[np.float64]", given: str) -> float:
    """The chance that no kind which the record gives finds the match; 1 where it gives none."""
    kinds = given.split("+")
    return float(np.prod([1 - share for kind, share in zip(KINDS, catches, strict=True) if kind in kinds]))


def _catches(cells: "pl.DataFrame", prior: "NDArray[np.float64] | None") -> "NDArray[np.float64]":
    """Each kind's share of matches found, by expectation–maximisation over what was found at all.

    Where a record gives one kind only, what was found by it says nothing of what it misses: such cells do not move the shares.
    """
    given = np.array([[kind in row.split("+") for kind in KINDS] for row in cells["given"].to_list()]).reshape(-1, len(KINDS))
    found = np.array([[kind in row.split("+") for kind in KINDS] for row in cells["found"].to_list()]).reshape(-1, len(KINDS))
    found &= given
    amount = cells["matches"].to_numpy() * (found.any(axis=1) & (given.sum(axis=1) > 1))
    shares = np.full(len(KINDS), 0.9) if prior is None else prior.copy()
    base, weight = shares.copy(), 0.0 if prior is None else _PRIOR
    for _ in range(_ROUNDS):
        escape = np.prod(np.where(given, 1 - shares, 1.0), axis=1)
        whole = amount / np.maximum(1 - escape, 1e-9)
        tried = (whole[:, None] * given).sum(axis=0) + weight
        caught = (amount[:, None] * found).sum(axis=0) + weight * base
        new = np.where(tried > 0, np.clip(caught / np.maximum(tried, 1e-12), 1e-6, 1 - 1e-6), base)
        settled = bool(np.abs(new - shares).max() < 1e-9)
        shares = new
        if settled:
            break
    return shares

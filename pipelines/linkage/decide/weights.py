"""What agreement weighs: the model file and scores in bits.

Belongs here: Fellegi–Sunter weights over patterns of levels. Does not belong here: how they are learnt (`em`), which pairs teach
them (`train.train`) and what is decided by them (`odds`).

Everything works on distinct patterns (a few thousand), never on pairs: the cost does not grow with the population.
"""

import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from pipelines.errors import DataError, DeclarationError
from pipelines.linkage.config import Config
from pipelines.storage import SCHEMAS, whole_or_absent

Floats = NDArray[np.float64]

STATED = SCHEMAS / "linkage" / "model-0.yaml"

FLOOR = 1e-9
"""Least probability of a level: what was never seen is not impossible."""


_SAME_BIRTHDAY = 4e-5
"""How often two strangers were born on one day."""


@dataclass
class Weights:
    """One comparison's probabilities of each level (level 1 first): m, u and family, by group (source or id mode; `*` all)."""

    m: dict[str, Floats]
    u: dict[str, Floats]
    family: dict[str, Floats]


@dataclass
class Model:
    """What a model file holds."""

    number: int
    comparisons: dict[str, Weights]
    coverage: dict[str, float] = field(default_factory=lambda: {"*": 0.97})
    borrowed: float = 0.003
    """How often a row bears somebody else's sound id."""
    elsewhere: float = 0.4
    """How often one whom the register does not list bears a given listed relative's sound id, in units of `borrowed`."""
    slope: float = 1.0
    intercept: float = 0.0
    basis: str = "stated"
    health: dict[str, Any] = field(default_factory=dict)
    name: str = "model-0"

    def adapted(self, persons: int, relatives: float) -> "Model":
        """The model for a register of `persons` where everybody has `relatives` others in the household.

        What concerns one person or one household in particular is by its nature as rare among strangers as the register is
        large; every other u is a share that does not depend on size.
        """
        model = copy.deepcopy(self)
        one, kin = 1 / max(persons, 2), max(relatives, 0.5) / max(persons, 2)
        if "identity" in model.comparisons and "1" in model.comparisons["identity"].u:
            # mode 1: a registered person's sound id under a name that is not theirs. Unless it is that person, it is borrowed:
            # everything but the owner is weighed given that it is.
            identity = model.comparisons["identity"]
            u, family = identity.u["1"], identity.family["1"]
            u[0], u[1] = self.borrowed * one, self.borrowed * one
            u[2], u[3], u[4] = kin * _SAME_BIRTHDAY, kin / 2, kin / 2
            family[0] = family[1] = self.elsewhere * self.borrowed
        if "household" in model.comparisons:
            model.comparisons["household"].u["*"][0] = kin
        return model


def load_model(path: Path, config: Config) -> Model:
    """Read a model file and hold it against the comparison file.

    A comparison that was declared after the model was learnt weighs as it is stated, until the next training.

    Raises:
        DeclarationError: it does not fit the comparisons.
    """
    declared = yaml.safe_load(path.read_text(encoding="utf-8"))
    weighed = declared.get("comparisons", {})
    if set(weighed) < set(config.comparisons) and path != STATED:
        weighed = {**yaml.safe_load(STATED.read_text(encoding="utf-8"))["comparisons"], **weighed}
    comparisons = {}
    for name, comparison in config.comparisons.items():
        stated = weighed.get(name)
        size = len(comparison.level_names())
        if stated is None or any(len(v) != size for kind in ("m", "u", "family") for v in stated.get(kind, {"": []}).values()):
            raise DeclarationError(
                f"匹配模型与比较规则不一致：{name} 应有 {size} 级。", where=path.name, todo="用 zhudong train 重新训练模型。"
            )
        comparisons[name] = Weights(
            **{kind: {str(g): np.array(v, dtype=float) for g, v in stated[kind].items()} for kind in ("m", "u", "family")}
        )
    return Model(
        number=int(declared["model"]),
        comparisons=comparisons,
        coverage={str(k): float(v) for k, v in declared.get("coverage", {"*": 0.97}).items()},
        borrowed=float(declared.get("borrowed", 0.003)),
        elsewhere=float(declared.get("elsewhere", 0.4)),
        slope=float(declared["calibration"]["slope"]),
        intercept=float(declared["calibration"]["intercept"]),
        basis=str(declared.get("basis", "")),
        health=declared.get("health", {}),
        name=path.stem,
    )


def save_model(model: Model, path: Path) -> None:
    """Write a model file: small, readable, four digits."""

    def plain(values: Floats) -> list[float]:
        return [float(f"{value:.4g}") for value in values]

    document = {
        "model": model.number,
        "basis": model.basis,
        "coverage": {k: float(f"{v:.6g}") for k, v in model.coverage.items()},
        "borrowed": float(f"{model.borrowed:.4g}"),
        "elsewhere": float(f"{model.elsewhere:.4g}"),
        "calibration": {"slope": float(f"{model.slope:.6g}"), "intercept": float(f"{model.intercept:.6g}")},
        "comparisons": {
            name: {kind: {g: plain(v) for g, v in getattr(weights, kind).items()} for kind in ("m", "u", "family")}
            for name, weights in model.comparisons.items()
        },
        "health": model.health,
    }
    with whole_or_absent(path) as new:
        new.write_text(
            yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=200, default_flow_style=None), encoding="utf-8"
        )


def current_model(models: Path, config: Config) -> Model:
    """The newest model: of the home folder if it has one, else the newest that is shipped.

    Raises:
        DataError: none fits.
    """
    for folder in (models, SCHEMAS / "linkage"):
        files = sorted(folder.glob("model-*.yaml"), key=lambda file: int(file.stem.removeprefix("model-")))
        if files:
            return load_model(files[-1], config)
    raise DataError("找不到匹配模型。", where="schemas/linkage", todo="恢复 schemas/linkage/model-*.yaml，或运行 zhudong train。")


@dataclass(frozen=True)
class Patterns:
    """Distinct patterns of levels: `groups` (source keys), `modes`, `levels` (patterns x comparisons), `tf` in quarter bits."""

    groups: NDArray[np.object_]
    modes: NDArray[np.int64]
    levels: NDArray[np.int64]
    tf: NDArray[np.int64]


def score(config: Config, model: Model, patterns: Patterns) -> tuple[Floats, Floats]:
    """Evidence of each pattern, in bits.

    Returns:
        for one person against strangers; for members of one household against strangers.
    """
    parts = evidence(config, model, patterns)
    frequency = patterns.tf / 4
    return parts[0].sum(axis=1) + frequency, parts[1].sum(axis=1) + frequency


def evidence(config: Config, model: Model, patterns: Patterns) -> tuple[Floats, Floats]:
    """Bits of each comparison in each pattern, without the frequencies: (one person, one household), patterns x comparisons."""
    same = np.zeros(patterns.levels.shape)
    kin = np.zeros(patterns.levels.shape)
    for column, (name, comparison) in enumerate(config.comparisons.items()):
        weights = model.comparisons[name]
        groups = patterns.modes.astype(str).astype(object) if comparison.mode else patterns.groups
        level = patterns.levels[:, column]
        for group in sorted(set(groups.tolist())):
            rows = groups == group
            u = _logs(weights.u, group)
            for counted in comparison.frequency:
                u[counted] = 0.0  # the frequency itself stands in tf
            same[rows, column] = (_logs(weights.m, group) - u)[level[rows]]
            kin[rows, column] = (_logs(weights.family, group) - u)[level[rows]]
    return same, kin


def _logs(tables: dict[str, Floats], group: str) -> Floats:
    """Binary logarithms with a leading 0 for 'says nothing'."""
    table = tables.get(group, tables.get("*"))
    if table is None:
        table = next(iter(tables.values()))
    return np.concatenate([[0.0], np.log2(np.maximum(table, FLOOR))])

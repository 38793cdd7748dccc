"""How often what goes wrong: `schemas/sample/defects.yaml`, another file laid over it, and luck that sticks to a person.

Belongs here: rates and repeatable choices. Does not belong here: the defects (`defects`, `spelling`).
"""

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from pipelines.errors import UsageError
from pipelines.storage import SCHEMAS

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Channel:
    """The declared rates, `over` laid on top: a file of the same shape as `defects.yaml`."""

    spec: dict[str, Any]
    source: str

    def rate(self, defect: str) -> float:
        """Share of the rows that a defect can happen to."""
        own = self.spec["sources"].get(self.source, {})
        base = own.get(defect, self.spec["default"].get(defect, 0.0))
        return float(base) * float(self.spec.get("scale", {}).get(defect, 1.0))


@functools.cache
def channel_spec(over: str | None) -> dict[str, Any]:
    """`defects.yaml` with another file over it (a path, or None).

    Keys of `default`, `scale`, `persons` and of each source are replaced one by one; the rest as a whole.
    """
    spec: dict[str, Any] = yaml.safe_load((SCHEMAS / "sample" / "defects.yaml").read_text(encoding="utf-8"))
    if over:
        laid = _laid_over(Path(over), spec)
        for part in ("default", "scale", "persons"):
            spec[part] = {**spec.get(part, {}), **laid.get(part, {})}
        for source, rates in laid.get("sources", {}).items():
            spec["sources"][source] = {**spec["sources"].get(source, {}), **rates}
    return spec


def _laid_over(path: Path, spec: dict[str, Any]) -> dict[str, Any]:
    """The channel file, whose every rate must be one that `spec` knows.

    Raises:
        UsageError: it is not there, not YAML, or names a part, source or defect that does not exist.
    """
    try:
        laid = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        raise UsageError(f"差错率文件 {path} 不存在或者不是有效的 YAML。") from None
    if not isinstance(laid, dict):
        raise UsageError(
            f"差错率文件 {path} 的形状不对：要像 schemas/sample/defects.yaml 那样分 default、scale、sources、persons。"
        )
    parts = {"default": spec["default"], "scale": spec["default"], "persons": spec["persons"], "sources": spec["sources"]}
    unknown = [str(part) for part in laid if part not in parts]
    for part, known in parts.items():
        unknown += [f"{part}.{name}" for name in laid.get(part) or {} if name not in known and part != "sources"]
    for source, rates in (laid.get("sources") or {}).items():
        unknown += [f"sources.{source}"] if source not in contract_names() else []
        unknown += [f"sources.{source}.{name}" for name in rates if name not in spec["default"]]
    if unknown:
        raise UsageError(f"差错率文件 {path} 里有不认识的项：{'、'.join(unknown)}。能写的项见 schemas/sample/defects.yaml。")
    return {part: laid.get(part) or {} for part in parts}


def contract_names() -> set[str]:
    """The sources there are contracts for."""
    return {path.stem for path in (SCHEMAS / "sources").glob("*.yaml")}


def luck(keys: Array, *salt: int | str) -> Array:
    """A number for each key that looks random and depends on nothing else (splitmix64)."""
    mixed = np.frombuffer(hashlib.blake2b(repr(salt).encode(), digest_size=8).digest(), dtype=np.uint64)
    return _mix(keys.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) ^ mixed)


def _mix(values: Array) -> Array:
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Array = values ^ (values >> np.uint64(31))
    return mixed


def share(numbers: Array) -> Array:
    """Hashes as numbers from 0 to 1."""
    fractions: Array = (numbers >> np.uint64(11)) / float(1 << 53)
    return fractions

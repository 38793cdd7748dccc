"""Masking: how much of a name, an id, a phone and an address a role may see.

Belongs here: the declared roles (`schemas/masking.yaml`) and how one value is masked. Does not belong here: who has which role
(`schemas/worklist.yaml`, the command line) and the analysts' copy, which has pseudonyms instead (`pipelines.publish.masked`).

Masked values hold `*`: no spreadsheet takes them for a number. Work per string; call it once per distinct value.
"""

import csv
import functools
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipelines.errors import DeclarationError, UsageError
from pipelines.storage import SCHEMAS

Kind = Literal["name", "id_number", "phone", "address"]


class Role(BaseModel):
    """What one role sees of each kind of value."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    name: Literal["full", "ends", "surname", "none"]
    id_number: Literal["full", "first6_last4", "last4", "none"]
    phone: Literal["full", "middle", "none"]
    address: Literal["full", "none"]


class _Roles(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    roles: Annotated[dict[str, Role], Field(min_length=1)]


@functools.cache
def load_roles(path: Path = SCHEMAS / "masking.yaml") -> dict[str, Role]:
    """The declared roles by key.

    Raises:
        DeclarationError: the file has a mistake.
    """
    import yaml
    from pydantic import ValidationError

    try:
        return _Roles.model_validate(yaml.safe_load(path.read_text(encoding="utf-8"))).roles
    except (yaml.YAMLError, ValidationError):
        raise DeclarationError("脱敏规定写得不对。", where=path.name, todo="照着文件开头的说明改正。") from None


def load_role(role: str) -> Role:
    """One role.

    Raises:
        UsageError: there is no such role.
    """
    roles = load_roles()
    if role not in roles:
        raise UsageError(f"没有“{role}”这个角色。可用的角色：{'、'.join(roles)}。")
    return roles[role]


def mask(value: str | None, kind: Kind, role: str) -> str:
    """What `role` sees of one value; nothing of what is not there.

    >>> mask("张三丰", "name", "district"), mask("欧阳明日", "name", "village"), mask("13812345678", "phone", "village")
    ('张*丰', '欧阳*', '138****5678')
    """
    if not value:
        return ""
    how = getattr(load_role(role), kind)
    if how == "none":
        return ""
    return value if how == "full" else _MASKS[how](value)


def _surname(name: str) -> str:
    """The surname and a star. A name with a dot has none: its first character stands."""
    return name[: _surname_length(name)] + "*"


def _ends(name: str) -> str:
    """The surname and the last character; of a name whose given name is one character, the surname alone."""
    length = _surname_length(name)
    return _surname(name) if len(name) <= length + 1 else name[:length] + "*" * (len(name) - length - 1) + name[-1]


def _surname_length(name: str) -> int:
    return 2 if "·" not in name and len(name) > 2 and name[:2] in _compound_surnames() else 1


@functools.cache
def _compound_surnames() -> frozenset[str]:
    with (SCHEMAS / "codes" / "surnames.csv").open(encoding="utf-8", newline="") as file:
        return frozenset(row["surname"] for row in csv.DictReader(file) if len(row["surname"]) == 2)


def _first6_last4(number: str) -> str:
    """An id that is too short to hide anything between its ends shows its end only."""
    return number[:6] + "*" * (len(number) - 10) + number[-4:] if len(number) >= 15 else _last4(number)


def _last4(number: str) -> str:
    """At least as many stars as digits shown: half of a damaged id is still somebody's."""
    shown = min(4, len(number) // 2)
    return "*" * (len(number) - shown) + number[len(number) - shown :]


def _middle(phone: str) -> str:
    return phone[:3] + "****" + phone[-4:] if len(phone) >= 11 else "*" * (len(phone) - 2) + phone[-2:]


_MASKS = {"surname": _surname, "ends": _ends, "first6_last4": _first6_last4, "last4": _last4, "middle": _middle}

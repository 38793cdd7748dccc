"""Who becomes head of a household when its head's row has left the register, and what the others are then called.

Belongs here: relations to the head as the register writes them. Does not belong here: true kinship (`households`).
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.sample.households import (
    CHILD_SPOUSE,
    CHILDREN,
    FATHER,
    GRANDCHILDREN,
    HEAD,
    HER_FATHER,
    HER_MOTHER,
    MOTHER,
    SPOUSE,
)

Array = npt.NDArray[Any]
Columns = dict[str, Array]

_ORDER = (HER_FATHER, HER_MOTHER, HEAD, SPOUSE, *CHILDREN, FATHER, MOTHER, CHILD_SPOUSE, *GRANDCHILDREN)
_RANK = np.array([_ORDER.index(slot) if slot in _ORDER else 99 for slot in range(16)])


def relations(people: Columns, who: Array) -> Array:
    """The relation of each registered person to the head of their household.

    Args:
        people: the people; `relation` is what they were when the head was there.
        who: whose rows are in the register.

    Returns:
        relations in the order of `who`; where the head's row is gone the first of spouse, children, parents is the head.
    """
    relation = people["relation"][who].copy()
    household = people["hh"][who]
    headed = np.zeros(int(people["hh"].max()) + 1, dtype=bool)
    headed[household[(relation == "户主") | people["collective"][who]]] = True
    orphaned = np.flatnonzero(~headed[household])
    rank = _RANK[people["slot"][who]] + np.where(people["age"][who] < 18, 50, 0)
    for one in np.unique(household[orphaned]):
        rows = orphaned[household[orphaned] == one]
        head = rows[np.argmin(rank[rows])]
        for row in rows:
            relation[row] = "户主" if row == head else _called(people, int(who[row]), int(who[head]), str(relation[row]))
    return relation


def _called(people: Columns, person: int, head: int, before: str) -> str:
    """What `person` is to a new head."""
    slot, of = int(people["slot"][person]), int(people["slot"][head])
    man = people["sex"][person] == 1
    if of in (HER_MOTHER, HER_FATHER) or (of == SPOUSE and slot not in (FATHER, MOTHER)):
        return before
    if of == SPOUSE:
        return "公婆岳父母"
    if of in CHILDREN:
        if slot in CHILDREN:
            older = people["birth"][person] < people["birth"][head]
            return ("兄" if older else "弟") if man else ("姐" if older else "妹")
        known = {FATHER: "祖父", MOTHER: "祖母", CHILD_SPOUSE: "配偶"}
        return known.get(slot) or ("子" if man else "女")
    if of in (FATHER, MOTHER):
        if slot in (FATHER, MOTHER):
            return "配偶"
        return ("孙子" if man else "孙女") if slot in CHILDREN else "其他亲属"
    if of == CHILD_SPOUSE and slot in GRANDCHILDREN:
        return "子" if man else "女"
    return "其他亲属"

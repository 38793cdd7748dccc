"""The planted families: what `schemas/sample/cases.yaml` says of them, set on top of whatever was drawn.

Belongs here: reading a declared fact into the arrays of `lives`. Does not belong here: drawing (`lives`), making the
families themselves (`households`).
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.sample.days import FAR, NEVER, last_day
from pipelines.sample.households import CHILDREN, FATHER, HEAD, MOTHER, SPOUSE, declared
from pipelines.sample.lives import CATEGORIES, CLASSES, EMPLOYED, REGISTERED_UNEMPLOYED, STOPPED

Array = npt.NDArray[Any]
Columns = dict[str, Array]

WHO = {
    "head": (HEAD,),
    "spouse": (SPOUSE,),
    "child": tuple(CHILDREN),
    "first_child": (CHILDREN[0],),
    "father": (FATHER,),
    "mother": (MOTHER,),
}


def plant(people: Columns, base: int) -> None:
    """Set what the planted cases declare, on top of whatever was drawn."""
    planted = people["case"] >= 0
    people["death"][planted] = NEVER
    people["left_for"][planted] = ""
    people["enrol_state"][planted], people["enrol_year"][planted] = "正常参保", base // 12
    people["subsidy_stop"][planted] = FAR
    for number, case in enumerate(declared()["cases"].values()):
        mine = people["case"] == number
        if not mine.any():
            continue
        for who, slots in (("all", None), *WHO.items()):
            where = np.flatnonzero(mine if slots is None else mine & np.isin(people["slot"], slots))
            for fact, value in case.get(who, {}).items():
                _set(people, where, fact, value, base)


def _set(people: Columns, where: Array, fact: str, value: Any, base: int) -> None:
    """One declared fact of the persons at `where`."""
    today = last_day(base)
    if fact == "disability":
        people["dis_cat"][where] = CATEGORIES.index(value[0]) if value[0] in CATEGORIES else 7
        people["dis_text"][where], people["dis_grade"][where] = value
        people["cert_state"][where], people["cert_to"][where] = "正常", today + 900
    elif fact == "custody":  # months held so far, months of the whole sentence (0 open)
        people["custody_from"][where] = today - round(value[0] * 30.5) - 3
        people["custody_to"][where] = NEVER if not value[1] else people["custody_from"][where] + round(value[1] * 30.5)
    elif fact == "died":
        people["death"][where], people["death_lag"][where] = today - value[0], 5
        people["row_lag"][where] = value[1]
    elif fact in ("roster", "roster_single"):
        people["roster"][where] = CLASSES.index(value) if isinstance(value, str) else 0
        people["roster_single"][where] = fact == "roster_single"
        people["roster_ended"][where] = NEVER
    elif fact in ("roster_ended", "unemployed_months", "stopped_months", "monitored"):
        _set_history(people, where, fact, value, base)
    elif fact == "report":
        people["report"][where], people["report_kind"][where] = base, value
    elif fact == "cert_lapsed":
        people["cert_to"][where], people["cert_state"][where] = today - 100, "正常"
    elif fact in ("grave", "wage", "pension", "income_per_head"):
        people[fact][where] = NEVER if value is None else value * 100
        if fact == "wage":
            people["job"][where], people["taxed"][where], people["pension_scheme"][where] = EMPLOYED, True, 0
    else:
        people[fact][where] = value


def _set_history(people: Columns, where: Array, fact: str, value: Any, base: int) -> None:
    if fact == "roster_ended":
        people["roster"][where], people["roster_ended"][where] = 0, base - value
    elif fact == "unemployed_months":
        people["job"][where], people["taxed"][where] = REGISTERED_UNEMPLOYED, False
        people["unemployed_on"][where] = last_day(base - value) - 9
        people["pension_scheme"][where], people["school"][where] = 0, 0
    elif fact == "stopped_months":
        people["job"][where], people["taxed"][where] = STOPPED, False
        people["last_paid"][where] = base - value
        people["pension_scheme"][where], people["school"][where] = 0, 0
    else:  # monitored: state, cleared
        people["monitored"][where], people["risk_cleared"][where] = value

"""Doubtful pairs: the list, one pair, its answer.

Belongs here: their pages. Does not belong here: which pairs are doubtful and what an answer does (`pipelines.linkage.review`).
"""

from starlette.responses import Response

from pipelines.casework.access import Entry, demand, record
from pipelines.casework.store import TakenError
from pipelines.desk.waterfall import LABEL, ROW, WIDTH, waterfall
from pipelines.desk.web import MASKED_AS, Call, go, page, show
from pipelines.errors import DataError
from pipelines.linkage.review.pair import Question, answer_question, open_questions, read_pair, read_question
from pipelines.linkage.review.sheet import ANSWERS

REASONS = ("电话核实", "入户核实", "查了纸质档案", "资料相符", "资料矛盾", "看不出来")
"""Why an answer was given; words of one's own could name somebody."""


def _batch(call: Call) -> str:
    return str(call.desk.published.batch()["batch"])


def _list(call: Call) -> Response:
    town = call.actor.town if call.actor.role == "town" else None
    return show(call, "pairs.html", found=open_questions(call.desk.home, _batch(call), town))


def _question(call: Call, action: str) -> Question:
    question = read_question(call.desk.home, _batch(call), call.request.path_params["number"])
    demand(call.store, call.actor, (question.town, None), action, question.person_id)
    return question


def _show(call: Call) -> Response:
    question = _question(call, "查看待判断")
    record(call.store, Entry(call.actor, "查看待判断", question.number, [question.person_id], [question.source]))
    pair = read_pair(call.desk.home, _batch(call), question, MASKED_AS[call.actor.role])
    return show(
        call, "pair.html", question=question, pair=pair, drawing=waterfall(pair), answers=ANSWERS, reasons=REASONS, width=WIDTH,
        label=LABEL, height=ROW,
    )  # fmt: skip


def _answer(call: Call) -> Response:
    reason, said, number = call.text("reason"), call.text("answer"), call.request.path_params["number"]
    if said not in ANSWERS or reason not in REASONS:
        raise DataError("没有选是不是同一个人，或没有选理由。", todo="两项都选好后再提交。")
    question = _question(call, "判断是否同一人")
    if not answer_question(call.desk.home, question, said, call.actor.name):
        raise TakenError
    told = Entry(call.actor, f"判断是否同一人：{said}", f"{number} {reason}", [question.person_id], [question.source])
    record(call.store, told)
    return go("/pairs")


_STAFF = ("district", "town")

PAGES = [
    page("/pairs", _list, roles=_STAFF),
    page("/pair/{number}", _show, roles=_STAFF),
    page("/pair/{number}", _answer, method="POST", roles=_STAFF),
]

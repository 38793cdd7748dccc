"""Alerts: told once, at the hour, one step up the later it is; carried to real servers until they took it."""

import datetime as dt
import email
import email.policy
import http.server
import json
import socket
import socketserver
import threading

import pytest
from sqlalchemy import func, select, update

from pipelines.casework.alerts import latest_alerts, tell, tell_overdue
from pipelines.casework.answering import Visit, record_visit
from pipelines.casework.clock import day_of, now
from pipelines.casework.files import history, read_file
from pipelines.casework.levels import set_level
from pipelines.casework.sending import FIRST, LONGEST, load_channels, send_alerts
from pipelines.casework.tables import outbox, transfer, visit_due
from pipelines.casework.transfers import Move, move, report
from pipelines.errors import DataError
from pipelines.month import SHANGHAI
from pipelines.storage import Home
from tests.casework.conftest import DISTRICT, OTHER_TOWN, TOWN, VILLAGE, household

HOUR = dt.timedelta(hours=1)


def at(month, day, hour=9, minute=0):
    return dt.datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI)


def due(store, file_no, **values):
    with store.write() as connection:
        connection.execute(update(visit_due).where(visit_due.c.file_no == file_no).values(**values))


def written(store):
    with store.read() as connection:
        return [dict(row) for row in connection.execute(select(outbox).order_by(outbox.c.number)).mappings()]


def readers(store, kind="走访超期"):
    return [row["reader"] for row in written(store) if row["kind"] == kind]


@pytest.mark.parametrize(
    ("due_by", "moment", "told"),
    [
        (dt.date(2026, 11, 2), at(11, 2, 23, 59), []),
        (dt.date(2026, 11, 2), at(11, 3, 0), ["town"]),
        (dt.date(2026, 11, 2), at(11, 4, 23, 59), ["town"]),
        (dt.date(2026, 11, 2), at(11, 5, 0), ["town", "district"]),
        (dt.date(2026, 11, 6), at(11, 8, 12), []),  # a Friday; Saturday and Sunday do not count
        (dt.date(2026, 11, 6), at(11, 9, 0), ["town"]),
        (dt.date(2026, 9, 30), at(10, 7, 23), []),  # the National Day holiday does not count
        (dt.date(2026, 9, 30), at(10, 8, 0), ["town"]),
    ],
)
def test_overdue_goes_up_by_worked_days(store, due_by, moment, told):
    file_no = household(store, level="orange")
    due(store, file_no, due_by=due_by, by_hour=None)
    assert tell_overdue(store, moment) == len(told)
    assert tell_overdue(store, moment) == 0
    assert readers(store) == told
    assert [e["kind"] for e in history(store, read_file(store, file_no, TOWN), TOWN)].count("超期") == len(told)


@pytest.mark.parametrize(
    ("hours", "told"), [(11.99, []), (12, ["town"]), (23.99, ["town"]), (24, ["town", "district"])],
)  # fmt: skip
def test_an_urgent_lead_goes_up_by_clock_hours_through_a_holiday(store, hours, told):
    reported = at(10, 1, 20)
    file_no = household(store, level="red", urgent=True)
    due(store, file_no, due_by=dt.date(2026, 10, 2), by_hour=reported + 24 * HOUR)
    tell_overdue(store, reported + hours * HOUR)
    assert readers(store) == told


def test_a_late_transfer_goes_up_and_one_that_is_done_does_not(store):
    file_no = household(store)
    with store.write() as connection:
        first, second = (report(connection, file_no, VILLAGE, {"matter": m, "wanted": "核实"}, key=m) for m in ("住房", "就业"))
        connection.execute(update(transfer).values(state="办理中", due=dt.date(2026, 11, 2)))
        connection.execute(update(transfer).where(transfer.c.transfer_id == second).values(state="已办结"))
    assert tell_overdue(store, at(11, 3)) == 1
    assert tell_overdue(store, at(11, 5)) == 1
    assert tell_overdue(store, at(11, 6)) == 0
    assert [(row["ref"], row["reader"]) for row in written(store)] == [(first, "town"), (first, "district")]


def test_red_is_told_in_the_transaction_that_raises_it(store):
    file_no = household(store, level="red")
    assert [(row["kind"], row["level"], row["town"]) for row in written(store)] == [("红色", "red", "王台街道")]
    number = household(store, "H00000000002")
    file = read_file(store, number, TOWN)
    with pytest.raises(DataError):
        set_level(store, file | {"version": 99}, "red", "危重", TOWN)
    assert len(written(store)) == 1
    set_level(store, file, "red", "危重", TOWN)
    assert [row["file_no"] for row in written(store)] == [file_no, number]


def test_what_was_answered_is_not_told_off(store):
    file_no = household(store, level="orange", raised_days_ago=3)
    due(store, file_no, due_by=day_of(now()) - dt.timedelta(days=9))
    file = read_file(store, file_no, TOWN)
    record_visit(store, file_no, file["version"], Visit(day_of(now()), "电话", ("甲",), "H1"), TOWN)
    assert tell_overdue(store) == 0


def test_a_household_of_no_known_town_is_told_to_the_district(store):
    household(store, level="red", town=None)
    assert [row["reader"] for row in written(store)] == ["district"]


def test_each_reads_its_own_on_the_desk(lite):
    file_no = household(lite, level="red")
    with lite.write() as connection:
        tell(connection, file_no, "走访超期", key="up", reader="district")
    seen = {actor.name: [row["kind"] for row in latest_alerts(lite, actor)] for actor in (TOWN, OTHER_TOWN, DISTRICT, VILLAGE)}
    assert seen == {"wang": ["红色"], "li": [], "qu": ["走访超期"], "zhao": []}


class Hook(http.server.ThreadingHTTPServer):
    """A real HTTP server that takes alerts, or answers as told."""

    daemon_threads = True

    def __init__(self):
        self.taken, self.answers, self.elsewhere = [], [], []
        super().__init__(("127.0.0.1", 0), _Taking)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/alerts"


class _Taking(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        code = self.server.answers.pop(0) if self.server.answers else 200
        if code < 300:
            self.server.taken.append((dict(self.headers), json.loads(body)))
        self.send_response(code)
        if code in (302, 307):
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self):
        self.server.elsewhere.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


class Post(socketserver.ThreadingTCPServer):
    """A real SMTP server, as much of it as taking a mail needs; `refuse` many times first."""

    daemon_threads = allow_reuse_address = True

    def __init__(self):
        self.mails, self.refuse = [], 0
        super().__init__(("127.0.0.1", 0), _Mailbox)

    @property
    def port(self):
        return self.server_address[1]


class _Mailbox(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        self.say("220 here")
        to = []
        for line in self.rfile:
            word = line.split()[0].upper() if line.split() else b""
            if word == b"RCPT":
                to.append(line.decode().strip())
            if word == b"DATA":
                self.say("354 go on")
                text = b"".join(iter(self.rfile.readline, b".\r\n"))
                if self.server.refuse:
                    self.server.refuse -= 1
                    self.say("451 later")
                    continue
                self.server.mails.append((to, email.message_from_bytes(text, policy=email.policy.default)))
            if word == b"QUIT":
                self.say("221 bye")
                return
            self.say("250 ok")


def running(made):
    threading.Thread(target=made.serve_forever, daemon=True).start()
    return made


@pytest.fixture
def hook():
    made = running(Hook())
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def post():
    made = running(Post())
    yield made
    made.shutdown()
    made.server_close()


def channels(tmp_path, hook=None, post=None, to="{区: [qu@x.cn], 王台街道: [wt@x.cn, wt2@x.cn]}"):
    text = "link: https://banli.example.cn/\n"
    if hook:
        text += f"webhook: {{url: '{hook if isinstance(hook, str) else hook.url}'}}\n"
    if post:
        port = post if isinstance(post, int) else post.port
        text += f"smtp: {{host: 127.0.0.1, port: {port}, security: none, sender: desk@x.cn, to: {to}}}\n"
    (tmp_path / "alerts.yaml").write_text(text, encoding="utf-8")
    return load_channels(Home(tmp_path))


def nobody_listens():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_an_alert_reaches_both_once_with_a_number_a_level_and_a_link(store, tmp_path, hook, post, monkeypatch):
    monkeypatch.setenv("ZHUDONG_WEBHOOK_SECRET", "s")
    file_no = household(store, level="red")
    both = channels(tmp_path, hook, post)
    assert send_alerts(store, both) == {"sent": 1, "failed": 0, "waiting": 0}
    assert send_alerts(store, both) == {"sent": 0, "failed": 0, "waiting": 0}
    [(headers, told)], [(to, mail)] = hook.taken, post.mails
    assert told == {
        "key": headers["Idempotency-Key"], "kind": "红色", "file_no": file_no, "level": "red", "town": "王台街道", "reader": "town",
        "link": f"https://banli.example.cn/file/{file_no}",
    }  # fmt: skip
    assert len(headers["Idempotency-Key"]) == 64
    assert headers["X-Zhudong-Signature"].startswith("sha256=")
    assert ["wt@x.cn" in to[0], "wt2@x.cn" in to[1]] == [True, True]
    assert f"https://banli.example.cn/file/{file_no}" in mail.get_content()
    assert "H00000000001" not in str(told) + mail.as_string() + mail.get_content()


def test_alerts_to_one_reader_go_in_one_mail(lite, tmp_path, post):
    for number in range(3):
        household(lite, f"H0000000000{number}", level="red")
    household(lite, "H00000000009", level="red", town="泊里镇")
    assert send_alerts(lite, channels(tmp_path, post=post))["sent"] == 4
    assert sorted(mail["Subject"] for _, mail in post.mails) == ["[主动发现] 1 条提醒", "[主动发现] 3 条提醒"]


def test_what_is_not_taken_is_sent_again_later_and_later_and_nothing_twice(lite, tmp_path, hook, post):
    household(lite, level="red")
    both, moment = channels(tmp_path, hook, post), now() + HOUR
    hook.answers, waits = [500, 503, 404], []
    for attempt in range(3):
        assert send_alerts(lite, both, moment) == {"sent": 0, "failed": 1, "waiting": 0}, attempt
        row = written(lite)[0]
        waits.append(row["next_at"] - moment)
        assert row["failure"] == "webhook HTTPError"
        assert send_alerts(lite, both, row["next_at"] - dt.timedelta(seconds=1)) == {"sent": 0, "failed": 0, "waiting": 1}
        moment = row["next_at"]
    assert waits == [FIRST, 2 * FIRST, 4 * FIRST]
    assert send_alerts(lite, both, moment)["sent"] == 1
    assert (len(hook.taken), len(post.mails)) == (1, 1)


def test_a_mail_server_that_says_later_is_asked_again_with_the_same_key(lite, tmp_path, post):
    household(lite, level="red")
    mail, post.refuse = channels(tmp_path, post=post), 1
    assert send_alerts(lite, mail)["failed"] == 1
    assert send_alerts(lite, mail, now() + HOUR)["sent"] == 1
    assert len({mail["Message-ID"] for _, mail in post.mails}) == 1


def test_a_server_that_is_not_there_loses_nothing_and_the_wait_has_an_end(lite, tmp_path):
    household(lite, level="red")
    gone = channels(tmp_path, f"http://127.0.0.1:{nobody_listens()}/", nobody_listens())
    moment = now()
    for _ in range(14):
        assert send_alerts(lite, gone, moment)["failed"] == 1
        wait = written(lite)[0]["next_at"] - moment
        moment += wait
    assert wait == LONGEST
    assert written(lite)[0]["sent_at"] is None


def test_nothing_is_sent_on_to_where_a_server_points(lite, tmp_path, hook):
    household(lite, level="red")
    hook.answers = [302, 307]
    for hours in range(2):
        assert send_alerts(lite, channels(tmp_path, hook), now() + hours * HOUR)["failed"] == 1
    assert hook.elsewhere == []


def test_a_town_without_a_reader_is_told_to_the_district_and_without_any_it_waits(lite, tmp_path, post):
    household(lite, level="red", town="泊里镇")
    assert send_alerts(lite, channels(tmp_path, post=post, to="{王台街道: [a@x.cn]}"))["failed"] == 1
    assert send_alerts(lite, channels(tmp_path, post=post), now() + HOUR)["sent"] == 1
    assert "qu@x.cn" in post.mails[0][0][0]


def test_two_who_send_at_once_send_it_once(store, tmp_path, hook):
    for number in range(6):
        household(store, f"H0000000000{number}", level="red")
    ways, counts = channels(tmp_path, hook), []
    threads = [threading.Thread(target=lambda: counts.append(send_alerts(store, ways))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sum(one["sent"] for one in counts), len(hook.taken)) == (6, 6)
    assert len({told["key"] for _, told in hook.taken}) == 6


def test_without_channels_alerts_wait_on_the_desk(lite, tmp_path):
    household(lite, level="red")
    assert load_channels(Home(tmp_path)) is None
    assert send_alerts(lite, None) == {"sent": 0, "failed": 0, "waiting": 1}


@pytest.mark.parametrize(
    "text", ["link: ftp://x\n", "smtp: {}\n", "link: https://x\nsmpt: {}\n", "link: https://x\nwebhook: {url: x}\n"]
)
def test_a_mistake_in_the_channels_is_told_plainly(tmp_path, text):
    (tmp_path / "alerts.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"alerts\.yaml"):
        load_channels(Home(tmp_path))


def test_a_transfer_that_moves_meanwhile_is_not_told_of(store):
    file_no = household(store)
    with store.write() as connection:
        number = report(connection, file_no, VILLAGE, {"matter": "住房", "wanted": "核实"}, key="a")
    move(store, number, Move("已受理", 1, "b"), TOWN)
    assert tell_overdue(store, at(12, 31)) == 0
    with store.read() as connection:
        assert connection.execute(select(func.count()).select_from(outbox)).scalar() == 0

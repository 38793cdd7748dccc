"""The command line: parses, calls, prints.

Belongs here: commands, their options, exit codes, what a person reads at the end. Does not belong here: anything that computes.
Everything heavy is imported by the command that uses it: `zhudong --help` must answer at once.

Exit codes: 0 done; 1 the data stopped it; 2 wrong usage; 130 interrupted.
"""

import argparse
import importlib.metadata
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pipelines.errors import DataError, UsageError
from pipelines.progress import Bars, PlainLines, Reporter
from pipelines.storage import Home, check_batch


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    os.umask(0o077)  # what is written holds people's data: the owner's alone unless the bureau decides otherwise
    parser = build_parser()
    given = parser.parse_args(arguments)
    try:
        return int(given.command(given) or 0)
    except UsageError as error:
        print(f"用法不对：{error}", file=sys.stderr)
        return 2
    except DataError as error:
        if given.debug:
            raise
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\n已中断；已发布的数据没有改变，可以重新运行。", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if given.debug:
            raise
        # The text of an unforeseen error may quote a row: only its kind is shown.
        print(
            f"\n程序出错（{type(error).__name__}），已发布的数据没有改变。\n处理：重新运行一次；仍然出错请加 --debug 再运行，"
            "把输出交给维护人员（其中可能含有个人信息，请勿外传）。",
            file=sys.stderr,
        )
        return 1


def reporter() -> Reporter:
    """Bars in a terminal, lines in a log."""
    return Bars() if sys.stderr.isatty() else PlainLines()


def build_parser() -> argparse.ArgumentParser:
    """Every command with its help."""
    parser = argparse.ArgumentParser(prog="zhudong", description="主动发现：把各部门的数据合成线索，发现可能需要帮助的家庭。")
    parser.add_argument("--version", action="version", version=f"zhudong {importlib.metadata.version('zhudong')}")
    parser.set_defaults(debug=False)
    commands = parser.add_subparsers(title="命令", metavar="命令", required=True)
    for add in (
        _sample,
        _check,
        _fetch,
        _run,
        _accept,
        _returns,
        _explain,
        _simulate,
        _parameters,
        _rules,
        _train,
        _review,
        _evaluate,
        _masked,
        _dev,
        _desk,
        _account,
        _check_household,
        _recheck,
        _alerts,
    ):
        add(commands)
    return parser


def _command(
    commands: Any, name: str, text: str, function: Callable[[argparse.Namespace], int | None]
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    parser.add_argument("--debug", action="store_true", help="出错时显示完整的程序信息（可能含有个人信息，请勿外传）")
    parser.set_defaults(command=function)
    return parser


def _with_home(parser: argparse.ArgumentParser, *, batch: bool = False) -> None:
    default = os.environ.get("ZHUDONG_HOME", "home")
    parser.add_argument("--home", type=Path, default=Path(default), metavar="DIR", help=f"工作文件夹（默认 {default}）")
    parser.add_argument("--memory", default="5GB", metavar="N", help="数据库内存上限（默认 5GB）")
    parser.add_argument("--threads", type=int, metavar="N", help="线程数（默认为处理器核数）")
    if batch:
        parser.add_argument("--batch", metavar="年-月", help="批次，例如 2026-10（默认为最近的批次）")


def _home(given: argparse.Namespace) -> Home:
    return Home(given.home.resolve(), memory=given.memory, threads=given.threads)


def _batch(given: argparse.Namespace, home: Home) -> str:
    if given.batch:
        return check_batch(given.batch)
    batches = home.batches()
    if not batches:
        raise UsageError(f"{home.root} 里还没有任何批次。请先运行 zhudong run。")
    return batches[-1]


def _sample(commands: Any) -> None:
    def command(given: argparse.Namespace) -> None:
        from pipelines.sample.district import write_district

        batches = following_months(check_batch(given.batch), given.months)
        extra = {"channel": given.channel} if given.channel else {}
        counts = write_district(given.folder, given.persons, given.seed, batches, reporter(), **extra)
        print(f"样本区已写好：{given.folder}")
        for name, count in counts.items():
            print(f"  {name}\t{count:,}")

    parser = _command(commands, "sample", "写一个合成的区（含真值），用来试用和测试", command)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--persons", type=int, default=3000, metavar="N", help="人口（默认 3000）")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="随机种子：相同则结果相同（默认 1）")
    parser.add_argument("--batch", default="2026-10", metavar="年-月", help="第一个批次（默认 2026-10）")
    parser.add_argument("--months", type=int, default=1, metavar="N", help="连续几个批次（默认 1）")
    parser.add_argument("--channel", type=Path, metavar="YAML", help="另一份差错率（默认 schemas/sample/defects.yaml）")


def following_months(batch: str, months: int) -> list[str]:
    """`months` batches in a row, the first being `batch`."""
    year, month = map(int, batch.split("-"))
    return [f"{year + (month - 1 + n) // 12}-{(month - 1 + n) % 12 + 1:02d}" for n in range(months)]


def _check(commands: Any) -> None:
    def command(given: argparse.Namespace) -> int:
        from pipelines.contracts import load_contracts
        from pipelines.quality.check import as_json, check, print_all

        home = Home(given.home.resolve()) if given.home else None
        files, values = check(given.folder, load_contracts(), reporter(), home)
        if not given.json:
            return print_all(files, values)
        print(as_json(files, values))
        return int(any(one.stops for one in files) or any(one.stops for one in values))

    parser = _command(commands, "check", "只检查收到的文件：哪些读不了、哪些行会退回、哪些值读不懂；不留下任何东西", command)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--home", type=Path, metavar="DIR", help="工作文件夹：与其中上次的数据相比")
    parser.add_argument("--json", action="store_true", help="写成程序可读的 JSON")


def _fetch(commands: Any) -> None:
    def command(given: argparse.Namespace) -> None:
        from pipelines.contracts import load_contracts
        from pipelines.fetch.ledger import read_fetched
        from pipelines.fetch.stage import fetch
        from pipelines.fetch.view import print_fetched

        home, batch, told = _home(given), check_batch(given.batch), reporter()
        try:
            new = fetch(home, batch, given.extracts.resolve(), load_contracts(), told)
        finally:
            getattr(told, "close", lambda: None)()
        if new is None:
            raise UsageError(f"{home.root} 里没有 sources.yaml，没有要取的数据。写法见数据员手册“数据在别处”一节。")
        print_fetched(new, batch, read_fetched(home, batch))

    parser = _command(commands, "fetch", "按工作文件夹里的 sources.yaml，把别处的数据取到数据文件夹；run 也会先取", command)
    parser.add_argument("--extracts", type=Path, required=True, metavar="DIR", help="数据文件夹，取回的文件放在这里")
    parser.add_argument("--batch", required=True, metavar="年-月", help="批次，例如 2026-10")
    _with_home(parser)


def _run(commands: Any) -> None:
    def command(given: argparse.Namespace) -> None:
        from pipelines.publish.summary import print_summary

        home, batch = _home(given), check_batch(given.batch)
        if not given.extracts.is_dir():
            raise UsageError(f"找不到数据文件夹 {given.extracts}。")
        result = orchestrator("dagster")(home, given.extracts.resolve(), batch, reporter(), debug=given.debug)
        print_summary(home, batch, result)

    parser = _command(commands, "run", "运行一个批次：读取 → 标准化 → 归并 → 建户 → 研判 → 发布 → 走访清单", command)
    parser.add_argument("--extracts", type=Path, required=True, metavar="DIR", help="数据文件夹，其中每个批次一个子文件夹")
    parser.add_argument("--batch", required=True, metavar="年-月", help="批次，例如 2026-10")
    _with_home(parser)


def _accept(commands: Any) -> None:
    def command(given: argparse.Namespace) -> None:
        from pipelines.acceptance import accept, asked

        home = _home(given)
        batch = _batch(given, home)
        if not given.name:
            for one in asked(home, batch):
                print(f"{one.name}\t{one.what}")
            return
        for one in accept(home, batch, given.name, given.answer, given.clerk, given.reason):
            print(f"已记下：{one.name}　{one.what}")
        print(f"再运行一次：zhudong run --extracts 数据文件夹 --home {given.home} --batch {batch}")

    parser = _command(commands, "accept", "确认使批次停下的疑点（行数少、缺一部分、重复送），记下谁、何时、为什么", command)
    parser.add_argument("name", nargs="?", metavar="数据源[/文件或镇街]", help="提示里写的名字；不写就列出等待确认的")
    parser.add_argument("--clerk", default="", metavar="姓名", help="谁确认的")
    parser.add_argument("--reason", default="", metavar="原因", help="为什么是对的")
    answer = parser.add_mutually_exclusive_group()
    answer.add_argument("--instead", dest="answer", action="store_const", const="instead", help="后来的文件代替先前的")
    answer.add_argument("--both", dest="answer", action="store_const", const="both", help="两个文件都要算")
    _with_home(parser, batch=True)


def orchestrator(name: str) -> Callable[..., Any]:
    """Whoever runs the month's job: looked up as an entry point, because nothing here may import `assets`."""
    found = importlib.metadata.entry_points(group="zhudong.orchestrator", name=name)
    if not found:
        raise DataError("zhudong 没有装好：找不到运行月度任务的部分。", todo="在项目文件夹里运行 make install。")
    function: Callable[..., Any] = next(iter(found)).load()
    return function


def _returns(commands: Any) -> None:
    def command(given: argparse.Namespace) -> None:
        from pipelines.returns.stage import COUNTS, read_returns

        counts = read_returns(given.folder, _home(given), reporter())
        for name, count in counts.items():
            print(f"{COUNTS.get(name, name)}\t{count:,}")

    parser = _command(commands, "returns", "读回填好的走访清单", command)
    parser.add_argument("folder", type=Path, metavar="DIR", help="放着收回的清单的文件夹")
    _with_home(parser)


def _explain(commands: Any) -> None:
    def command(given: argparse.Namespace) -> None:
        home = _home(given)
        if given.subject.startswith("L"):
            from pipelines.assess.explain.explain import explain_lead, explain_lead_html

            print(explain_lead(home, given.subject, given.role))
            if given.html:
                given.html.write_text(explain_lead_html(home, given.subject, given.role), encoding="utf-8")
                print(f"\n网页：{given.html}")
        else:
            from pipelines.linkage.review.explain import explain_person

            print(explain_person(home, given.subject, given.role))

    parser = _command(commands, "explain", "说明一条线索为什么提出，或几条记录为什么是同一个人", command)
    parser.add_argument("subject", metavar="编号", help="线索编号（L…）、人员编号（P…），或来源行 数据源:文件:行号")
    parser.add_argument(
        "--role", default="district", choices=["district", "town", "village", "public"], help="按哪一级的权限遮盖姓名和证号"
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="另写一个网页")
    _with_home(parser)


def _simulate(commands: Any) -> None:
    def command(given: argparse.Namespace) -> None:
        from pipelines.assess.whatif.simulate import simulate
        from pipelines.assess.whatif.view import print_simulation

        home = _home(given)
        settings = dict(_key_value(text) for text in given.set)
        print_simulation(simulate(home, _batch(given, home), settings), given.picture)

    parser = _command(commands, "simulate", "假如参数变了，线索会怎样变；不改动已发布的数据", command)
    parser.add_argument(
        "--set", action="append", required=True, metavar="参数=值", help="可写多次，例如 med_alert.absolute=25000"
    )
    parser.add_argument("--picture", type=Path, metavar="FILE", help="另画一张图（.svg 或 .png）")
    _with_home(parser, batch=True)


def _key_value(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key or not value:
        raise UsageError(f"“{text}”应写成 参数=值，例如 med_alert.absolute=25000。")
    return key, value


def _parameters(commands: Any) -> None:
    def command(given: argparse.Namespace) -> None:
        from pipelines.parameters import print_parameters

        print_parameters(given.on, given.area)

    parser = _command(commands, "parameters", "某一天各参数取什么值，哪些还待确认", command)
    parser.add_argument("--on", metavar="日期", help="例如 2026-10-31（默认今天）")
    parser.add_argument("--area", default="370211", metavar="区划", help="GB/T 2260 代码（默认 370211）")


def _rules(commands: Any) -> None:
    def command(given: argparse.Namespace) -> int:
        from pipelines.assess.rules.cases import rules_new, rules_test

        if given.action == "test":
            return 0 if rules_test(reporter()) else 1
        if not given.rule:
            raise UsageError("请写新规则的编号和名字，例如 zhudong rules new U40_heating_cost。")
        print(f"已写好骨架：{rules_new(given.rule)}")
        return 0

    parser = _command(commands, "rules", "运行规则自带的用例（test），或新建一条规则的骨架（new）", command)
    parser.add_argument("action", choices=["test", "new"])
    parser.add_argument("rule", nargs="?", metavar="编号_名字")


def _train(commands: Any) -> None:
    def command(given: argparse.Namespace) -> None:
        from pipelines.contracts import load_contracts
        from pipelines.linkage.train.train import train

        home = _home(given)
        for name, value in train(home, _batch(given, home), load_contracts(), reporter()).items():
            print(f"{name}\t{value}")

    _with_home(_command(commands, "train", "用一个批次重新学习归并的权重（不需要人工标注）", command), batch=True)


def _review(commands: Any) -> None:
    def command(given: argparse.Namespace) -> None:
        from pipelines.linkage.review.questions import export_review, import_review

        home = _home(given)
        if given.action == "export":
            print(f"待判断清单：{export_review(home, _batch(given, home), given.file, given.role)}")
            return
        if not given.file:
            raise UsageError("请写填好的清单，例如 zhudong review import 待判断清单.xlsx。")
        for name, count in import_review(home, given.file, given.clerk).items():
            print(f"{name}\t{count:,}")

    parser = _command(commands, "review", "写出拿不准的归并请人判断（export），或读回判断（import）", command)
    parser.add_argument("action", choices=["export", "import"])
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE")
    parser.add_argument("--role", default="district", choices=["district", "town", "village"], help="按哪一级的权限遮盖")
    parser.add_argument("--clerk", default="", metavar="姓名", help="谁做的判断")
    _with_home(parser, batch=True)


def _evaluate(commands: Any) -> None:
    def command(given: argparse.Namespace) -> None:
        from pipelines.assess.measure.evaluate import evaluate_findings
        from pipelines.linkage.measure.evaluate import evaluate_linkage

        home = _home(given)
        batch = _batch(given, home)
        print(evaluate_linkage(home, batch, given.truth))
        if given.truth:
            print(evaluate_findings(home, batch, given.truth))

    parser = _command(commands, "evaluate", "对照真值算归并和规则的准确率、召回率；没有真值时用隐藏证号估计归并", command)
    parser.add_argument("--truth", type=Path, metavar="DIR", help="真值文件夹（样本区的 truth/）")
    _with_home(parser, batch=True)


def _masked(commands: Any) -> None:
    def command(given: argparse.Namespace) -> None:
        from pipelines.publish.masked import build_masked

        home = _home(given)
        if not home.warehouse.exists():
            raise UsageError(f"{home.root} 里还没有发布的数据库。请先运行 zhudong run。")
        for name, count in build_masked(home, reporter()).items():
            print(f"{name}\t{count:,}")
        print(f"脱敏副本：{home.masked_warehouse}")

    _with_home(_command(commands, "masked", "重做给分析人员的脱敏副本", command))


def _dev(commands: Any) -> None:
    def command(given: argparse.Namespace) -> int:
        return int(orchestrator("dev")(_home(given), given.extracts.resolve(), given.port) or 0)

    parser = _command(commands, "dev", "打开 Dagster 界面（只在本机）", command)
    parser.add_argument("--extracts", type=Path, default=Path("extracts"), metavar="DIR", help="数据文件夹（默认 extracts）")
    parser.add_argument("--port", type=int, default=3000, metavar="N", help="端口（默认 3000）")
    _with_home(parser)


def _desk(commands: Any) -> None:
    def command(given: argparse.Namespace) -> None:
        from pipelines.desk.app import serve

        serve(_home(given), given.host, given.port, tuple(given.name))

    parser = _command(commands, "desk", "打开办理台（默认只在本机）", command)
    parser.add_argument("--host", default="127.0.0.1", metavar="地址", help="在哪个地址上提供（默认 127.0.0.1，只在本机）")
    parser.add_argument("--port", type=int, default=8620, metavar="N", help="端口（默认 8620）")
    parser.add_argument("--name", action="append", default=[], metavar="域名", help="反向代理所用的域名，可写多次")
    _with_home(parser)


def _account(commands: Any) -> None:
    def command(given: argparse.Namespace) -> None:
        from pipelines.casework import accounts
        from pipelines.casework.store import open_store

        store = open_store(_home(given))
        if given.action == "list":
            for one in accounts.accounts(store):
                state = "已停用" if one["disabled_at"] else "可用"
                print("\t".join([one["name"], one["role"], one["town"] or "", one["village"] or "", state]))
            return
        if given.action == "demo":
            made = accounts.demo_account(store)
            print(
                f"演示账号：{made[0]}　密码：{made[1]}　（只能在本机使用）"
                if made
                else "演示账号已经有了；忘了密码请用 password 重设。"
            )
            return
        if not given.account:
            raise UsageError("请写账号名，例如 zhudong account add 张三 --role town --town 王台街道。")
        if given.action == "disable":
            accounts.disable(store, given.account)
            print(f"已停用：{given.account}")
            return
        password = _password()
        if given.action == "password":
            accounts.set_password(store, given.account, password)
        else:
            place = {"town": given.town, "village": given.village, "organisation": given.organisation, "title": given.title}
            accounts.add_account(store, given.account, password, given.role, **place)
        print(f"{'已重设密码' if given.action == 'password' else '已建立账号'}：{given.account}")

    parser = _command(commands, "account", "办理台的账号：新建、列出、重设密码、停用；demo 建一个只在本机可用的演示账号", command)
    parser.add_argument("action", choices=["add", "list", "password", "disable", "demo"])
    parser.add_argument("account", nargs="?", metavar="账号")
    parser.add_argument(
        "--role", default="town", choices=["district", "town", "village", "organisation"], help="角色（默认 town）"
    )
    parser.add_argument("--town", metavar="镇街")
    parser.add_argument("--village", metavar="村居")
    parser.add_argument("--organisation", metavar="机构")
    parser.add_argument("--title", metavar="姓名")
    _with_home(parser)


def _check_household(commands: Any) -> None:
    def command(given: argparse.Namespace) -> int:
        from pipelines.casework.access import Actor
        from pipelines.casework.store import open_store
        from pipelines.check.form import read_form
        from pipelines.check.perform import perform
        from pipelines.check.report import printed, read_report, render_html, write_results, write_xlsx

        home = _home(given)
        store, actor = open_store(home), Actor("command", "district", title="命令行")
        applications, refused = read_form(given.file)
        done = perform(home, store, applications, actor)
        given.out.mkdir(parents=True, exist_ok=True, mode=0o700)
        reports = []
        for one in done:
            if one.check_id:
                printing, report = printed(store, one.check_id), read_report(store, one.check_id, actor)
                write_xlsx(given.out / f"{one.check_id}_核对报告.xlsx", report, printing)
                (given.out / f"{one.check_id}_核对报告.html").write_text(render_html(report, printing), encoding="utf-8")
                reports.append(report)
        stopped: list[tuple[str, int | str, str]] = [(one.application_no, one.row_no, one.reason) for one in refused]
        stopped += [(one.application_no, "", one.refused) for one in done if not one.check_id]
        write_results(given.out / "核对结果.csv", reports, stopped)
        for number, row, reason in stopped:
            print(f"没有核对：申请 {number}{f' 第 {row} 行' if row else ''}：{reason}", file=sys.stderr)
        print(f"核对 {len(reports)} 户，没有核对 {len(stopped)} 条；报告在 {given.out}")
        return 1 if stopped and not reports else 0

    parser = _command(commands, "check-household", "逢进必核：按申请表核对家庭，每个申请编号一份报告", command)
    parser.add_argument("file", type=Path, metavar="FILE", help="申请表（CSV 或 XLSX），一人一行")
    parser.add_argument("--out", type=Path, default=Path("核对报告"), metavar="DIR", help="报告写到哪里（默认 核对报告）")
    _with_home(parser)


def _recheck(commands: Any) -> None:
    def command(given: argparse.Namespace) -> None:
        from pipelines.casework.store import open_store
        from pipelines.check.recheck import recheck

        home = _home(given)
        for name, count in recheck(home, open_store(home), reporter(), classes=given.classes or (), due_only=given.due).items():
            print(f"{ {'households': '复核（户）', 'reported': '上报转办'}.get(name, name) }\t{count:,}")

    parser = _command(commands, "recheck", "存量复核：在册家庭与上次复核比较，只列有变化的", command)
    parser.add_argument("--class", dest="classes", nargs="*", metavar="类别", choices=["低保", "特困", "低保边缘", "刚性支出"])
    parser.add_argument("--due", action="store_true", help="只复核到期的（民发〔2021〕57号 第三十一条）")
    _with_home(parser)


def _alerts(commands: Any) -> None:
    def command(given: argparse.Namespace) -> int:
        from pipelines.casework.alerts import tell_overdue
        from pipelines.casework.orders import lapse_orders
        from pipelines.casework.sending import load_channels, send_alerts
        from pipelines.casework.store import open_store

        home = _home(given)
        channels, store = load_channels(home), open_store(home)
        lapsed, told = lapse_orders(store), tell_overdue(store)
        counts = send_alerts(store, channels)
        print(f"到期变动的服务订单\t{lapsed:,}\n新写的超期提醒\t{told:,}")
        print(f"发出\t{counts['sent']:,}\n没发出，稍后再试\t{counts['failed']:,}\n等待\t{counts['waiting']:,}")
        if channels is None:
            print("没有 alerts.yaml：提醒只显示在办理台。", file=sys.stderr)
        return 1 if counts["failed"] else 0

    parser = _command(commands, "alerts", "提醒：写下超期的，发出还没发的；每小时运行一次，多运行没有害处", command)
    parser.add_argument("action", choices=["send"])
    _with_home(parser)


def _password() -> str:
    """A password from `ZHUDONG_PASSWORD` or typed twice; never from the command line, which others can read."""
    given = os.environ.get("ZHUDONG_PASSWORD")
    if given:
        return given
    import getpass

    first = getpass.getpass("密码：")
    if first != getpass.getpass("再写一遍："):
        raise UsageError("两次写的密码不一样。")
    return first


if __name__ == "__main__":
    sys.exit(main())

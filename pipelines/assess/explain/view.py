"""The page that explains a lead, as text and as HTML.

Belongs here: how the page reads. Does not belong here: what stands on it (`explain`).
"""

from pathlib import Path

from pipelines.assess.explain.page import Explanation, Ground

LEVELS = {"red": "红色", "orange": "橙色", "yellow": "黄色"}
DIRECTIONS = {"under": "疑似应保未保", "over": "疑似应退未退"}
OUTCOMES = {"true": "数据显示成立，须入户核实", "unknown": "资料不全，须先核实"}
CAUTION = "线索只是疑似，不是认定：未经申请受理、家庭经济状况调查和审核确认，不得纳入或退出（民发〔2021〕57号 第二十八条）。"


def as_text(page: Explanation) -> str:
    """The page in plain text, readable aloud from top to bottom."""
    lines = [
        f"线索 {page.lead_id}　{DIRECTIONS[page.direction]}　{LEVELS[page.level]}　{page.status}",
        f"批次 {page.batch}（数据截至 {page.as_of}）　{page.place}　建议时限 {page.due_date or '无'}",
        f"第 {page.times_raised} 次提出" + (f"，上次结论 {page.last_outcome}" if page.last_outcome else ""),
        f"住址 {page.address or '不显示'}　电话 {page.phone or '无'}　（按{page.role}权限遮盖）",
        CAUTION,
        "",
        "一、家庭",
    ]
    for member in page.members:
        about = "，".join(
            part for part in (member.relation, member.sex, f"{member.age} 岁" if member.age is not None else "") if part
        )
        gone = f"　{member.left}" if member.left else ""
        lines.append(f"  {member.name}　{about}　{member.id_number}　在册：{member.covered}{gone}")
    if page.disputed:
        lines.append(f"  注意：{page.disputed}。")
    lines += ["", "二、为什么提出"]
    for number, ground in enumerate(page.grounds, 1):
        lines += _ground_lines(number, ground)
    lines += ["", "三、需要核实"]
    lines += [f"  □ {ask}" for ask in dict.fromkeys(ground.ask for ground in page.grounds)]
    if page.programmes:
        lines += ["", f"四、可能适用：{'、'.join(page.programmes)}（以申请和审核为准）"]
    return "\n".join(lines)


def _ground_lines(number: int, ground: Ground) -> list[str]:
    lines = [
        f"  {number}. {ground.rule_id} {ground.title}（{ground.whom}，{LEVELS[ground.level]}；{OUTCOMES[ground.outcome]}）",
        f"     {ground.reason}",
        f"     依据：{'；'.join(ground.law)}",
    ]
    for meaning, what, source in ground.missing:
        lines.append(f"     尚不知道：{meaning}。{f'请 {source} 补：{what}' if source else what}")
    lines.append("     所用数据：")
    for meaning, value, window, sources in ground.facts:
        told = "；".join(part for part in (window, sources) if part)
        lines.append(f"       {meaning} = {value}" + (f"（{told}）" if told else ""))
    if ground.parameters:
        lines.append("     所用参数：")
        lines += [
            f"       {title} = {value}，{since} 起，{document}，{state}"
            for title, value, since, document, state in ground.parameters
        ]
    if ground.records:
        lines.append("     来源行：")
        lines += [f"       {source}　{file}　第 {rows} 行" for source, file, rows in ground.records]
    lines.append(f"     规则版本 {ground.version}")
    return lines


def as_html(page: Explanation) -> str:
    """The page as HTML of its own: no script, nothing loaded from anywhere."""
    import jinja2

    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string(Path(__file__).with_name("view.html.j2").read_text(encoding="utf-8"))
    return template.render(page=page, levels=LEVELS, directions=DIRECTIONS, outcomes=OUTCOMES, caution=CAUTION)

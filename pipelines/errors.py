"""The errors a person is meant to read.

Belongs here: exceptions whose text an officer can act on. Does not belong here: anything that carries a name,
an id or a row's content; an error says which file and which row *number*, never what stands in it.
"""


class DataError(Exception):
    """The data stopped the work (exit code 1).

    Args:
        what: what happened, one plain Chinese sentence.
        where: file, row number or declared thing it happened at; no personal data.
        todo: what the officer can do about it.
    """

    def __init__(self, what: str, *, where: str = "", todo: str = "") -> None:
        self.what, self.where, self.todo = what, where, todo
        super().__init__(what, where, todo)

    def __str__(self) -> str:
        """Three short lines: what, where, what to do."""
        lines = [self.what]
        if self.where:
            lines.append(f"位置：{self.where}")
        if self.todo:
            lines.append(f"处理：{self.todo}")
        return "\n".join(lines)


class DeclarationError(DataError):
    """A contract, rule, parameter or code table is wrong: found before anything runs (exit code 1)."""


class UsageError(Exception):
    """The command was called wrongly (exit code 2)."""

"""Wide rows: one row of a source → one row per member it names, by the contract's declaration alone.

Belongs here: the unpivot. Does not belong here: reading any value.
"""

from pipelines.contracts import IDENTITY_FIELDS, Contract


def people(contract: Contract, rows: str) -> str:
    """A query with one row per source row and member that has a name or an id, or (of a household's row) an address.

    Args:
        contract: says which columns speak of which member.
        rows: a relation with file_no, file, row_no and the contract's text columns.

    Returns:
        SQL giving file_no, file, row_no, member_no, `i_<field>` for each identity field (NULL where nobody says it),
        i_fixed_sex, and `a_<column>` for each attribute; all texts as written.
    """
    attributes = "".join(f', "{name}" AS a_{name}' for name in contract.attributes())
    named = "WHERE i_name IS NOT NULL OR i_id_number IS NOT NULL"
    if contract.subject == "household":
        named += " OR i_address IS NOT NULL"
    members = [_member(contract, number, fields) for number, fields in contract.members().items()]
    if len(members) == 1:
        columns = ", ".join(f"{said} AS {column}" for column, said in members[0].items())
        return f"SELECT * FROM (SELECT file_no, file, row_no, {columns}{attributes} FROM {rows}) {named}"
    structs = ", ".join("{" + ", ".join(f"'{column}': {said}" for column, said in member.items()) + "}" for member in members)
    unpivoted = f"SELECT file_no, file, row_no, unnest([{structs}]) AS member{attributes} FROM {rows}"
    kept = "".join(f", a_{name}" for name in contract.attributes())
    return f"SELECT * FROM (SELECT file_no, file, row_no, member.*{kept} FROM ({unpivoted})) {named}"


def column_of(contract: Contract, field: str) -> str | None:
    """SQL for the name of the column that says an identity field, member by member; None where no member has it."""
    columns = {number: fields[field].removesuffix(".id") for number, fields in contract.members().items() if field in fields}
    if not columns:
        return None
    if len(set(columns.values())) == 1:
        return f"'{next(iter(columns.values()))}'"
    return "CASE member_no " + " ".join(f"WHEN {number} THEN '{column}'" for number, column in columns.items()) + " END"


def columns_of(contract: Contract, field: str) -> list[str]:
    """The distinct columns that say an identity field, of whichever member."""
    return list(dict.fromkeys(f[field].removesuffix(".id") for f in contract.members().values() if field in f))


def _member(contract: Contract, number: int, fields: dict[str, str]) -> dict[str, str]:
    sex = contract.fixed_sex().get(number)
    member = {"member_no": f"{number}::TINYINT", "i_fixed_sex": f"'{sex}'" if sex else "NULL::VARCHAR"}
    for field in IDENTITY_FIELDS:
        column = fields.get(field, "").removesuffix(".id")
        member[f"i_{field}"] = f'"{column}"' if column else "NULL::VARCHAR"
    return member

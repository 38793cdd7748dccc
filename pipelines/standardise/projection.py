"""The one query of the stage: texts of the extract → the declared columns.

Belongs here: which expression gives which declared column, and which warnings a row keeps. Does not belong here: how a text
is read (ids, names, dates, codes, amounts, addresses).
"""

from pipelines.contracts import Column, Contract
from pipelines.standardise import ids, members, output

_IDENTIFYING = (
    "source", "name", "former_name", "id_number", "id_status", "sex", "birth_date", "phone", "address", "town", "village",
    "grid", "household_key",
)  # fmt: skip
"""What a source says of who somebody is. Never reorder: rows of earlier batches are known by the hash of these."""


class Projection:
    """Builds the query for one contract and batch; needs the tables that the stage makes of distinct texts.

    Args:
        contract: the source's.
        batch: the month.
    """

    def __init__(self, contract: Contract, batch: str) -> None:
        self._contract, self._batch = contract, batch
        self._joins: list[str] = []
        self._readings: dict[str, str] = {}
        """column → expression over a row's texts"""
        self._warnings: list[tuple[str, str]] = []
        """(condition, SQL text of the warning)"""

    def query(self, rows: str) -> str:
        """The query over a relation with file_no, file, row_no and the contract's text columns."""
        filled = self._identity()
        for name, column in self._contract.attributes().items():
            filled |= self._attribute(name, column)
        filled["warnings"] = self._collected()
        # a layer of their own below everything: once a row though warnings ask for them again, and on Parquet's dictionaries
        readings = "".join(f", {expression} AS {column}" for column, expression in self._readings.items())
        source = f"(SELECT *{readings} FROM ({members.people(self._contract, rows)}))"
        by_certificate = any(fields.get("id_number", "").endswith(".id") for fields in self._contract.members().values())
        source = f"({ids.reading(source, 'i_id_number', 'identity', self._batch, certificate=by_certificate)})"
        for name, column in self._contract.attributes().items():
            if column.type in ("id_number", "disability_certificate"):
                certificate = column.type == "disability_certificate"
                source = f"({ids.reading(source, f'a_{name}', f'x_{name}', self._batch, certificate=certificate)})"
        declared = output.columns(self._contract)
        # Texts stay VARCHAR up to the Parquet writer. As ENUMs they cost a fifth to write, but DuckDB 2.0.0 then wrote '' for a
        # value in one of 27 row groups (12 of 3,363,084 surnames, found by comparing every row): a saving of 5 % is not that.
        columns = ",\n    ".join(
            f'CAST({filled[name]} AS {sql_type}) AS "{name}"' for name, sql_type in declared.items() if name in filled
        )
        joins, in_order = "\n".join(self._joins), ", ".join(f'"{name}"' for name in declared)
        read = f"SELECT\n    {columns}\nFROM {source} AS r\n{joins}"
        return f"SELECT {in_order} FROM (SELECT *, hash({', '.join(_IDENTIFYING)}) AS identity_hash FROM ({read}))"

    def _identity(self) -> dict[str, str]:
        name = self._name("i_name", "name")
        has_former = members.column_of(self._contract, "former_name") is not None
        former = f"{self._name('i_former_name', 'former_name')}.name" if has_former else "NULL"
        sex, birth_date = self._said_sex(), self._said_birth_date()
        sound = "identity_status IN ('valid', 'lifted')"
        address = self._address()
        return {
            "record_id": f"{self._contract.number << 56} + (file_no << 40) + (row_no::BIGINT << 4) + member_no",
            "source": f"'{self._contract.source}'",
            "file": "file",
            "row_no": "row_no",
            "member_no": "member_no",
            "name": f"{name}.name",
            "name_key": f"{name}.name_key",
            "name_pinyin": f"{name}.name_pinyin",
            "surname": f"{name}.surname",
            "former_name": former,
            "id_number": "identity_number",
            "id_status": "identity_status",
            "sex": f"coalesce({sex}, identity_sex)",
            "birth_date": f"coalesce({birth_date}, CASE WHEN {sound} THEN identity_born END)",
            "sex_from_id": f"{sex} IS NULL AND identity_sex IS NOT NULL",
            "birth_date_from_id": f"{birth_date} IS NULL AND {sound}",
            "phone": self._phone("i_phone", members.column_of(self._contract, "phone")),
            **address,
            "grid": self._reading("plain_text", "i_grid"),
            "household_key": self._reading("plain_text", "i_household_key"),
        }

    def _name(self, raw: str, field: str) -> str:
        alias = self._join("name_values", raw)
        column = members.column_of(self._contract, field)
        if column:
            self._warn(f"{alias}.said IS NOT NULL", f"{column} || ':' || {alias}.said")
        return alias

    def _said_sex(self) -> str:
        said = members.columns_of(self._contract, "sex")
        if not said:
            return "i_fixed_sex"
        values = []
        for column in said:  # each has its own table: one source may write 0 and 1 in one column and 男 and 女 in another
            whose = [str(n) for n, fields in self._contract.members().items() if fields.get("sex") == column]
            alias = self._join(f"code_{column}", "i_sex", f" AND member_no IN ({', '.join(whose)})")
            self._warn(f"NOT {alias}.known", f"'{column}:unknown_code'")
            values.append(f"{alias}.value")
        return f"coalesce({', '.join(values)}, i_fixed_sex)"

    def _said_birth_date(self) -> str:
        column = members.column_of(self._contract, "birth_date")
        if column is None:
            return "NULL::DATE"
        said = self._date("i_birth_date", column, [])
        lived = f"{said} BETWEEN DATE '1880-01-01' AND last_day(DATE '{self._batch}-01')"
        self._warn(f"NOT ({lived})", f"{column} || ':not_possible'")
        return f"CASE WHEN {lived} THEN {said} END"

    def _address(self) -> dict[str, str]:
        """Town and village by their own columns, else by the address; the address below them."""
        if not any(members.columns_of(self._contract, field) for field in ("address", "town", "village")):
            return {"address": "NULL", "town": "NULL", "village": "NULL"}
        address = self._join("address_values", "i_address")
        town, village = self._join("town_values", "i_town"), self._join("village_values", "i_village")
        town_there = self._join("town_values", f"{address}.town_raw")
        village_there = self._join("village_values", f"{address}.village_raw")
        column = members.column_of(self._contract, "town")
        if column:
            self._warn(f"NOT {town}.known", f"{column} || ':unknown_town'")
        # 徐家12号 beside 徐家村: the address says the village without its kind
        kind = "'^(?:村|社区)(?:村?委会|居委会)?'"
        below = f"""CASE WHEN {address}.village_raw = '' AND starts_with({address}.rest, {village}.value)
            THEN nullif(regexp_replace(substr({address}.rest, length({village}.value) + 1), {kind}, ''), '')
            ELSE {address}.rest END"""
        return {
            "address": below,
            "town": f"coalesce({town}.value, {town_there}.value, {village}.town)",
            "village": f"coalesce({village}.value, {village_there}.value)",
        }

    def _attribute(self, name: str, column: Column) -> dict[str, str]:
        raw, said = f"a_{name}", f"'{name}'"
        made = name if name not in output.identity_columns() else f"{name}_said"
        match column.type:
            case "name":
                value = f"{self._join('name_values', raw)}.name"
            case "id_number":
                value = f"x_{name}_number"
            case "disability_certificate":
                return self._certificate(name, made)
            case "date":
                value = self._date(raw, said, column.open)
            case "month":
                value = f"date_trunc('month', {self._date(raw, said, column.open)})"
            case "money":
                value = self._read("money", raw, said, "not_an_amount")
            case "integer":
                value = self._read("whole_number", raw, said, "not_a_whole_number")
            case "decimal":
                value = self._read("decimal_number", raw, said, "not_a_number")
            case "age":
                return self._age(name, made, column)
            case "phone":
                value = self._phone(raw, said)
            case "code" | "set" | "sex":
                alias = self._join(f"code_{name}", raw)
                self._warn(f"NOT {alias}.known", f"'{name}:unknown_code'")
                value = f"{alias}.value"
            case _:
                return self._text(name, made, column)
        return {made: value}

    def _text(self, name: str, made: str, column: Column) -> dict[str, str]:
        """As written, and what a table says the wording is."""
        value = self._reading("plain_text", f"a_{name}")
        if not column.map:
            return {made: value}
        alias = self._join(f"code_{name}", f"a_{name}")
        self._warn(f"NOT {alias}.known", f"'{name}' || ':not_mapped'")
        return {made: value, f"{made}_as": f"{alias}.value", f"{made}_class": f"{alias}.class"}

    def _age(self, name: str, made: str, column: Column) -> dict[str, str]:
        """Whole years, and the two years of birth they leave possible: who is 63 on a day was born 64 or 63 years before it."""
        years = self._read("whole_number", f"a_{name}", f"'{name}'", "not_an_age")
        self._warn(f"NOT ({years} BETWEEN 0 AND 130)", f"'{name}:not_an_age'")
        age = f"CASE WHEN {years} BETWEEN 0 AND 130 THEN {years} END"
        end = f"last_day(DATE '{self._batch}-01')"
        on = f"{self._join('date_values', f'a_{column.age_on}')}.value" if column.age_on else end
        year = f"year(CASE WHEN {on} <= {end} THEN {on} END)"
        return {made: age, f"{made}_born_from": f"{year} - {age} - 1", f"{made}_born_to": f"{year} - {age}"}

    def _certificate(self, name: str, made: str) -> dict[str, str]:
        number, status, category, grade = (f"x_{name}_{part}" for part in ("number", "status", "category", "grade"))
        return {
            made: f"{number} || coalesce({category} || {grade}, '')",
            f"{made}_status": f"""
                CASE WHEN {status} IN ('valid', 'lifted') AND {category} IS NULL THEN 'malformed' ELSE {status} END""",
            f"{made}_category": category,
            f"{made}_grade": grade,
        }

    def _date(self, raw: str, column: str, is_open: list[str]) -> str:
        alias = self._join("date_values", raw)
        texts = ", ".join("'" + text.replace("'", "''") + "'" for text in is_open)
        but_open = f" AND {raw} NOT IN ({texts}) AND NOT starts_with({raw}, '9999')" if texts else ""
        self._warn(f"{alias}.value IS NULL AND {raw} IS NOT NULL{but_open}", f"{column} || ':not_a_date'")
        return f"{alias}.value"

    def _phone(self, raw: str, column: str | None) -> str:
        if column is None:
            return "NULL::VARCHAR"
        return self._read("phone", raw, column, "not_a_phone")

    def _read(self, macro: str, raw: str, column: str, what: str) -> str:
        value = self._reading(macro, raw)
        self._warn(f"{value} IS NULL AND {raw} IS NOT NULL", f"{column} || ':{what}'")
        return value

    def _reading(self, macro: str, raw: str) -> str:
        """A column with what a macro reads in a text."""
        self._readings[f"read_{raw}"] = f"{macro}({raw})"
        return f"read_{raw}"

    def _join(self, table: str, raw: str, more: str = "") -> str:
        alias = f"j{len(self._joins)}"
        self._joins.append(f"LEFT JOIN {table} AS {alias} ON {alias}.raw = {raw}{more}")
        return alias

    def _warn(self, condition: str, text: str) -> None:
        self._warnings.append((condition, text))

    def _collected(self) -> str:
        """The row's warnings; the list is only built where there is one, as most rows have none."""
        if not self._warnings:
            return "[]"
        anything = " OR ".join(f"coalesce({condition}, FALSE)" for condition, _ in self._warnings)
        each = ", ".join(f"CASE WHEN {condition} THEN {text} END" for condition, text in self._warnings)
        return f"CASE WHEN {anything} THEN list_filter([{each}], lambda w: w IS NOT NULL) ELSE [] END"

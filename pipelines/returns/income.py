"""Answers to the lists' income questions: whose income of which class they say.

Belongs here: giving each answer the person and class that its batch's list asked about. Does not belong here: reading what was
written (`answers`), what an answer does to a household's income (`pipelines.assess.income`).

The list asks one question of a household, the one that would decide (`household_income.next_question` of that batch); the answer
speaks of the person and class of that question and of nothing else.
"""

from typing import TYPE_CHECKING

from pipelines.storage import Home, quoted, write_parquet

if TYPE_CHECKING:
    import duckdb


def write_income_answers(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str) -> int:
    """Write `returns/income_answers` of a batch: of each lead's answers the last that says an amount.

    Args:
        connection: holds the batch's `followups` and the empty declared table `income_answers`.
        home: where.
        batch: whose lists were answered.

    Returns:
        how many answers there are.
    """
    asked = home.lake(batch, "assess", "household_income")
    if asked.exists():
        connection.execute(f"""
            INSERT INTO income_answers BY NAME
            SELECT f.lead_id, q.question_person_id AS person_id, q.question_class AS class, f.income_amount AS amount,
                coalesce(f.visited_on, f.received_at::DATE) AS stated_on, f.file, f.row_no
            FROM followups AS f
            JOIN read_parquet('{quoted(home.lake(batch, "assess", "leads"))}') AS l USING (lead_id)
            JOIN read_parquet('{quoted(asked)}') AS q USING (household_id)
            WHERE f.income_amount IS NOT NULL AND q.question_person_id IS NOT NULL
            QUALIFY row_number() OVER (
                PARTITION BY f.lead_id ORDER BY f.received_at DESC, f.visited_on DESC NULLS LAST, f.file DESC, f.row_no DESC) = 1
        """)
    return write_parquet(connection, "FROM income_answers ORDER BY lead_id", home.lake(batch, "returns", "income_answers"))

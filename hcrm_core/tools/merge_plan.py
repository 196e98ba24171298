"""What moves when one card comes to stand for another: the seam ``_hcrm_merge_plan``."""

from typing import NamedTuple


class Move(NamedTuple):
    """A column that names a person.

    ``unique`` are the other columns of its unique key: a row that the new card has
    already is deleted from the old one. ``unless`` keeps rows where they are, and
    ``only`` those it is not true of; both are conditions on ``t``, the moving row.
    """

    model: str
    column: str = "partner_id"
    unique: tuple[str, ...] = ()
    unless: str = "false"
    only: str = "true"


# notes, files, followers and reminders name any record by model and id
ON_ANY_RECORD = (
    Move("mail.message", "res_id", only="t.model = 'res.partner'"),
    Move("mail.activity", "res_id", only="t.res_model = 'res.partner'"),
    Move(
        "mail.followers",
        "res_id",
        unique=("res_model", "partner_id"),
        only="t.res_model = 'res.partner'",
    ),
    # pictures and other fields of the old card stay with it
    Move(
        "ir.attachment",
        "res_id",
        only="t.res_model = 'res.partner' AND t.res_field IS NULL",
    ),
)

from odoo import api, models

from .feed_reason import Lenient


class HcrmFeedReason(models.AbstractModel):
    _inherit = "hcrm.feed.reason"

    def _sentences(self) -> dict[str, str]:
        return {
            **super()._sentences(),
            "column_date": self.env._(
                "%(value)s in %(column)s is not a date written as %(format)s. Correct how"
                " the column is read."
            ),
            "column_number": self.env._("%(value)s in %(column)s is not a number."),
        }

    @api.model
    def _value_sentence(self, problem) -> str:
        """The sentence of a value that could not be read."""
        return self._sentences()[problem.code] % Lenient(problem.values)

    def _table_sentences(self) -> dict[str, str]:
        """What is wrong with a SELECT or a mapping, and what to do."""
        return {
            "no_tables": self.env._(
                "This source has no tables yet. Add one, or import a mapping."
            ),
            "driver_missing": self.env._(
                "The server cannot speak to %(dialect)s: the Python package %(package)s is"
                " not installed. Have it installed, then test again."
            ),
            "unknown_dialect": self.env._(
                "%(dialect)s is not a database system we read."
            ),
            "unknown_encoding": self.env._("%(encoding)s is not an encoding we know."),
            "select_empty": self.env._("%(table)s: write the SELECT."),
            "select_only": self.env._(
                "%(table)s: this begins with %(word)s, but only a SELECT is allowed:"
                " nothing is ever written to the HIS."
            ),
            "select_several": self.env._(
                "%(table)s: write one SELECT, without a semicolon in it."
            ),
            "select_writes": self.env._(
                "%(table)s: %(word)s would change or lock something at the HIS and is not"
                " allowed. If it is the name of a column, put it into quotes."
            ),
            "select_acts": self.env._(
                "%(table)s: the function %(word)s acts on the server and is not allowed."
            ),
            "select_comment": self.env._(
                "%(table)s: write comments with -- or /* */, and without hints."
            ),
            "select_quoting": self.env._(
                "%(table)s: a quotation mark is open, or written with a backslash or a"
                " dollar sign. Double it instead: ''."
            ),
            "select_failed": self.env._(
                "%(table)s: the database refuses this SELECT: %(error)s"
            ),
            "select_time": self.env._(
                "%(table)s: the database needs more than %(seconds)s s. Make the pages of"
                " the source smaller, ask for an index on the key, or allow longer queries."
            ),
            "no_column": self.env._(
                "%(table)s: the SELECT gives no column %(column)s. It gives: %(known)s"
            ),
            "group_too_large": self.env._(
                "%(table)s: too many rows share one key. Check the key columns, or what"
                " the SELECT joins."
            ),
            "bad_stamp": self.env._(
                "%(table)s: %(value)s is not a time written as %(format)s."
            ),
            "bad_target": self.env._(
                "%(table)s: %(target)s is neither a field of the list nor a path of FHIR."
            ),
            "bad_transform": self.env._(
                "%(table)s: %(transform)s is not a way to read a column."
            ),
        }

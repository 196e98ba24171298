from collections import defaultdict

from psycopg2 import IntegrityError

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL, split_every

from ...tools.person_parts import group_by_changes
from ...tools.staging import stage
from ..people.person_details import PERSON_COLUMNS
from .people_columns import CONSTANT, DERIVED, SELF, UNUSUAL, Frame

ORM_BATCH = 500
COLUMN_TYPES = {
    "id": "int",
    **dict.fromkeys(PERSON_COLUMNS, "varchar"),
    "hcrm_other_names": "text",
    "state_id": "int",
    "country_id": "int",
    "hcrm_birthdate": "date",
    "hcrm_deceased_date": "date",
    **dict.fromkeys(DERIVED, "varchar"),
}


class HcrmFeedPeopleWriter(models.AbstractModel):
    """The two ways into ``res_partner``: in sets, or by the ORM in batches."""

    _inherit = "hcrm.feed.people.writer"

    def _partner_defaults(self):
        """Return the columns of a new person before anything is told of it."""
        defaults = self._default_columns()
        return {name: defaults.get(name) for name in PERSON_COLUMNS}

    def _default_columns(self):
        """Return column -> value that ``create`` writes when it is given nothing."""
        Partner = self.env["res.partner"]
        return {
            name: Partner._fields[name].convert_to_column_insert(value, Partner)
            for name, value in Partner._add_missing_default_values({}).items()
            if Partner._fields[name].store and Partner._fields[name].column_type
        }

    def _save_partners(self, people, written):
        """Create and update the partners of people; sets the id of new ones."""
        new = [person for person in people if person.is_new]
        changed = [p for p in people if not p.is_new and p.changes()]
        if written.path == "orm":
            self._create_by_orm(new)
            self._update_by_orm(changed)
            return
        self._insert_people(new)
        unusual = self._unusual([person.id for person in changed])
        self._update_by_orm([p for p in changed if p.id in unusual])
        self._update_people([p for p in changed if p.id not in unusual])

    # ------------------------------------------------------------------
    # SETS
    # ------------------------------------------------------------------

    def _stage_people(self, people, name):
        """Stage people with the columns that follow from what is told."""
        frame = Frame(self.env)
        rules = [rule for _compute, rule in DERIVED.values()]
        return stage(
            self.env.cr,
            name,
            COLUMN_TYPES,
            (
                (
                    person.id,
                    *map(person.values.get, PERSON_COLUMNS),
                    *(rule(person.values, frame) for rule in rules),
                )
                for person in people
            ),
        )

    def _insert_people(self, people):
        """Insert new people, with their metrics row, in one pass.

        Ids are taken from the sequence first, so that a person can be its own
        commercial entity and point to its metrics without a second update.
        """
        if not people:
            return
        self.env.cr.execute(
            SQL(
                """SELECT nextval(pg_get_serial_sequence('res_partner', 'id'))
                   FROM generate_series(1, %s)""",
                len(people),
            )
        )
        for person, (partner_id,) in zip(people, self.env.cr.fetchall(), strict=True):
            person.id = partner_id
            person.has_metrics = True
        staged = self._stage_people(people, "new_people")
        columns = {name: SQL.identifier(name) for name in COLUMN_TYPES}
        columns["hcrm_metrics_id"] = SQL.identifier("id")
        for name, value in self._constant_columns().items():
            columns[name] = SQL.identifier("id") if value is SELF else SQL("%s", value)
        self.env.cr.execute(
            SQL(
                """WITH made AS (
                       INSERT INTO res_partner (%s) SELECT %s FROM %s RETURNING id
                   )
                   INSERT INTO hcrm_person_metrics (id) SELECT id FROM made""",
                SQL(", ").join(map(SQL.identifier, columns)),
                SQL(", ").join(columns.values()),
                staged,
            )
        )

    def _constant_columns(self):
        """Return column -> value that is the same for every new person."""
        columns = {
            name: value
            for name, (_compute, value) in CONSTANT.items()
            if self._is_computed_column(name)
        }
        columns.update(
            (name, value)
            for name, value in self._default_columns().items()
            if name not in COLUMN_TYPES
        )
        now, uid = self.env.cr.now(), self.env.uid
        columns.update(create_uid=uid, write_uid=uid, create_date=now, write_date=now)
        return {name: value for name, value in columns.items() if value is not None}

    def _is_computed_column(self, name):
        """Tell a column that is computed here: hr computes what base only stores."""
        field = self.env["res.partner"]._fields.get(name)
        return bool(field and field.compute and field.column_type)

    def _update_people(self, people):
        """Update changed people, then let the ORM recompute what depends on them."""
        if not people:
            return
        staged = self._stage_people(people, "old_people")
        columns = [name for name in COLUMN_TYPES if name != "id"]
        self.env.cr.execute(
            SQL(
                """UPDATE res_partner p SET %s, write_uid = %s, write_date = %s
                   FROM %s s WHERE p.id = s.id""",
                SQL(", ").join(
                    SQL("%s = s.%s", SQL.identifier(name), SQL.identifier(name))
                    for name in columns
                ),
                self.env.uid,
                self.env.cr.now(),
                staged,
            )
        )
        self.env.invalidate_all(flush=False)
        self._notify_changes(people)

    def _notify_changes(self, people):
        """Recompute stored fields of other models that look at a changed column."""
        Partner = self.env["res.partner"]
        ids_by_name = defaultdict(list)
        for person in people:
            for name in person.changes():
                ids_by_name[name].append(person.id)
        partners = Partner.browse(person.id for person in people)
        for name in sorted(ids_by_name):
            Partner.browse(ids_by_name[name]).modified([name])
        for name in (*DERIVED, *CONSTANT):
            if name in Partner._fields:
                self.env.remove_to_compute(Partner._fields[name], partners)
        self.env.flush_all()

    def _unusual(self, partner_ids):
        """Return those people for whom ``write`` does more than set columns."""
        if not partner_ids:
            return set()
        tables = {model._table for model in self.pool.values() if not model._abstract}
        others = [
            SQL(
                "EXISTS (SELECT FROM %s c WHERE %s)",
                SQL.identifier(table),
                SQL(condition),
            )
            for table, condition in UNUSUAL.items()
            if table in tables
        ]
        self.env.cr.execute(
            SQL(
                """SELECT id FROM res_partner p
                   WHERE id = ANY(%s) AND (
                       parent_id IS NOT NULL OR company_id IS NOT NULL OR is_company
                       OR company_name IS NOT NULL OR type IS DISTINCT FROM 'contact'
                       OR %s)""",
                list(partner_ids),
                SQL(" OR ").join(others),
            )
        )
        return {partner_id for (partner_id,) in self.env.cr.fetchall()}

    # ------------------------------------------------------------------
    # ORM
    # ------------------------------------------------------------------

    def _create_by_orm(self, people):
        """Create people in batches; of a batch that fails, each on its own."""
        Partner = self.env["res.partner"]
        for batch in map(list, split_every(ORM_BATCH, people)):
            vals_list = [self._orm_vals(person.values) for person in batch]
            partners, error = self._attempt(Partner.create, vals_list)
            if not error:
                for person, partner in zip(batch, partners, strict=True):
                    person.id = partner.id
                continue
            for person, vals in zip(batch, vals_list, strict=True):
                partner, person.problem = self._attempt(Partner.create, vals)
                person.id = partner.id if partner else 0

    def _update_by_orm(self, people):
        """Write people with the same changes together; of those refused, each alone."""
        Partner = self.env["res.partner"]
        for changes, group in group_by_changes(people):
            vals = self._orm_vals(changes)
            partners = Partner.browse(person.id for person in group)
            _done, problem = self._attempt(partners.write, vals)
            if not problem:
                continue
            for person, partner in zip(group, partners, strict=True):
                if len(group) > 1:
                    _done, problem = self._attempt(partner.write, vals)
                person.problem = problem

    def _attempt(self, method, vals):
        """Return the result of a call, and why it was refused, if so."""
        try:
            with self.env.cr.savepoint():
                result = method(vals)
                self.env.flush_all()
        except (UserError, IntegrityError) as error:
            self.env.invalidate_all(flush=False)
            return None, str(error)
        return result, ""

    def _orm_vals(self, columns):
        return {
            name: False if value is None else value for name, value in columns.items()
        }

from operator import itemgetter

from odoo import models
from odoo.tools import SQL

from ...tools.person_parts import Line, Person, first_good, group_by_changes
from ...tools.staging import copy_rows, stage

# columns of res_partner that the suite keeps for a person
PERSON_COLUMNS = (
    "name",
    "street",
    "street2",
    "city",
    "zip",
    "state_id",
    "country_id",
    "phone",
    "email",
    "lang",
    "hcrm_gender",
    "hcrm_birthdate",
    "hcrm_birthdate_precision",
    "hcrm_status",
    "hcrm_deceased_date",
    "hcrm_confidentiality",
    "hcrm_other_names",
)
# of a contact that a HIS in this database keeps, these are the HIS's
HIS_COLUMNS = tuple(name for name in PERSON_COLUMNS if not name.startswith("hcrm_"))
LEVELS = ("normal", "staff", "public", "sensitive")

# detail tables: columns and their SQL types, as far as they are written in sets
IDENTIFIER_COLUMNS = {
    "type_id": "int",
    "company_id": "int",
    "value": "varchar",
    "value_norm": "varchar",
    "assigner": "varchar",
    "date_start": "date",
    "date_end": "date",
    "is_unique": "bool",
    "hint": "varchar",
}
CONTACT_COLUMNS = {
    "company_id": "int",
    "system": "varchar",
    "use": "varchar",
    "rank": "int",
    "value": "varchar",
    "number": "varchar",
    "e164": "varchar",
    "extension": "varchar",
    "whose": "varchar",
    "is_verified": "bool",
    "is_shared": "bool",
    "is_wrong": "bool",
    "is_junk": "bool",
    "is_feed": "bool",
}
FILE_COLUMNS = {
    "company_id": "int",
    "class_id": "int",
    "confidentiality": "varchar",
    "alias": "varchar",
    "is_vip": "bool",
    "alert": "varchar",
    "disclosure": "varchar",
    "opened_at": "timestamp",
    "opened_by_id": "int",
    "opened_touchpoint": "varchar",
    "campus_id": "int",
}
PROFILE_COLUMNS = {
    "company_id": "int",
    "preferred_time": "varchar",
    "spoken_language": "varchar",
    "diet": "varchar",
    "occupation": "varchar",
    "education": "varchar",
    "marital_status": "varchar",
}
# attribute of Person, table, columns, what identifies a line within the person
TABLES = (
    (
        "identifiers",
        "hcrm_person_identifier",
        IDENTIFIER_COLUMNS,
        lambda v: (v["type_id"], v["company_id"] or 0, v["value_norm"]),
    ),
    (
        "contacts",
        "hcrm_contact_point",
        CONTACT_COLUMNS,
        lambda v: (v["company_id"], v["system"], v["number"]),
    ),
    ("files", "hcrm_person_company", FILE_COLUMNS, lambda v: v["company_id"]),
    ("profiles", "hcrm_person_profile", PROFILE_COLUMNS, lambda v: v["company_id"]),
)
LOGGED_TABLES = ("hcrm_person_profile",)
LOG_COLUMNS = ("create_uid", "write_uid", "create_date", "write_date")
# a line may clash with one of somebody else, written at the same time
CLAIMED_TABLES = ("hcrm_person_identifier",)


class HcrmPersonDetails(models.AbstractModel):
    """Everything of a person that stands beside the partner, written in sets.

    One way for the feed, the forms and the API: people are loaded, merged in
    memory with what is told (``_add_*``) and saved; only differences are
    written, in a number of queries that does not grow with the people.

    For callers that hold partner ids: ``_set_identifiers``,
    ``_set_contact_points``, ``_ensure_files``, ``_refresh_tokens``. All of them
    run with the rights of the caller's own check: this model asks for none.
    """

    _name = "hcrm.person.details"
    _description = "Details of People"

    # ------------------------------------------------------------------
    # FOR CALLERS WITH PARTNERS
    # ------------------------------------------------------------------

    def _set_identifiers(self, items_by_partner, company_id):
        """Add identity numbers to people.

        :param items_by_partner: partner id -> list of dicts ``type`` (code),
            ``value``, and as known ``assigner``, ``start``, ``end``
        :param company_id: legal entity that gave the numbers that are per entity
        :return: partner id -> ids of the people who hold one of the numbers
        """
        people = self._load_people(items_by_partner)
        lookups = self._lookups()
        for partner_id, items in items_by_partner.items():
            parts = self._parse_identifiers(lookups, company_id, items)
            self._add_identifiers(people[partner_id], parts)
        rivals = self._claim_identifiers(people.values())
        self._save_people(people.values())
        return self._queue_rivals(rivals)

    def _set_contact_points(self, items_by_partner, company_id, campus_id=None):
        """Add or change contact points that people told us (not the HIS).

        :param items_by_partner: partner id -> list of dicts ``system``, ``value``
            and as known ``use``, ``rank``, ``whose``
        """
        people = self._load_people(items_by_partner)
        lookups = self._lookups()
        for partner_id, items in items_by_partner.items():
            parts = self._parse_contacts(lookups, company_id, campus_id, items)
            self._add_contacts(people[partner_id], parts, is_feed=False)
        self._save_people(people.values())

    def _ensure_files(self, vals_by_partner, company_id):
        """Open the file of people at a hospital, or bring it up to date.

        Makes a person of the suite of each partner: metrics row, presence,
        search tokens.

        :param vals_by_partner: partner id -> dict as ``_add_file`` takes it
        """
        people = self._load_people(vals_by_partner)
        lookups = self._lookups()
        for partner_id, vals in vals_by_partner.items():
            self._add_file(lookups, people[partner_id], company_id, vals)
        self._save_people(people.values(), tokens="all")

    def _refresh_tokens(self, partner_ids, numbers=()):
        """Replace the search tokens of people, and phone, email and class with them.

        :param numbers: pairs of system and number that were theirs until now
        """
        people = self._load_people(partner_ids).values()
        self._save_people(people, tokens="all", numbers=numbers)

    # ------------------------------------------------------------------
    # LOAD
    # ------------------------------------------------------------------

    def _load_people(self, partner_ids):
        """Return the stored state of people: partner id -> Person."""
        partner_ids = [partner_id for partner_id in partner_ids if partner_id]
        if not partner_ids:
            return {}
        self.env.flush_all()
        people = {}
        columns = (*PERSON_COLUMNS, "hcrm_metrics_id")
        for row in self._select("res_partner", columns, "id", partner_ids):
            partner_id, metrics_id = row.pop("id"), row.pop("hcrm_metrics_id")
            people[partner_id] = Person(
                id=partner_id, old=row, values=dict(row), has_metrics=bool(metrics_id)
            )
        for partner_id in self.env["hcrm.feed.adoption"]._owned(partner_ids):
            people[partner_id].kept = HIS_COLUMNS
        for attribute, table, columns, key in TABLES:
            for row in self._select(
                table, ("partner_id", *columns), "partner_id", partner_ids
            ):
                line_id, partner_id = row.pop("id"), row.pop("partner_id")
                line = Line(row, line_id)
                getattr(people[partner_id], attribute)[key(row)] = line
        return people

    def _select(self, table, columns, by, ids):
        """Yield rows of ``table`` as dicts, with their id."""
        names = ("id", *columns)
        self.env.cr.execute(
            SQL(
                "SELECT %s FROM %s WHERE %s = ANY(%s) ORDER BY id",
                SQL(", ").join(map(SQL.identifier, names)),
                SQL.identifier(table),
                SQL.identifier(by),
                list(ids),
            )
        )
        for row in self.env.cr.fetchall():
            yield dict(zip(names, row, strict=True))

    # ------------------------------------------------------------------
    # SAVE
    # ------------------------------------------------------------------

    def _save_people(self, people, tokens="changed", numbers=()):
        """Write what differs: partner columns by the ORM, details in sets."""
        people = list(people)
        self._derive_columns(people, {system for system, _number in numbers})
        moved = self._save_details(people, tokens, numbers)
        Partner = self.env["res.partner"].sudo()
        Partner = Partner.with_context(hcrm_details_in_sets=True)
        for vals, group in group_by_changes(people):
            Partner.browse(person.id for person in group).write(vals)
        self.env.flush_all()
        self.env.invalidate_all()
        if moved:
            self._save_people(self._load_people(moved).values(), tokens="all")

    def _derive_columns(self, people, former_systems=frozenset()):
        """Set the partner columns that follow from details of the person."""
        for person in people:
            values = person.values
            systems = {system for _company_id, system, _number in person.contacts}
            systems |= former_systems
            if "phone" in systems:
                phone = first_good(person.contacts, "phone")
                values["phone"] = phone and (phone["e164"] or phone["value"])
            if "email" in systems:
                email = first_good(person.contacts, "email")
                values["email"] = email and email["value"]
            if not person.files:
                continue
            level = max(
                (
                    LEVELS.index(f.values["confidentiality"])
                    for f in person.files.values()
                ),
                default=0,
            )
            values["hcrm_confidentiality"] = LEVELS[level] if level else None
        for person in people:
            person.keep()

    def _save_details(self, people, tokens="changed", numbers=()):
        """Write the rows beside the partner; the partners are stored already.

        :return: ids of people who may hold another number now, as one of theirs
            became junk, or ceased to be: to be loaded, derived and saved again
        """
        self._save_metrics(people)
        # what gives a number up comes before what claims it
        doomed = [line_id for person in people for line_id in person.doomed]
        if doomed:
            self.env.cr.execute(
                SQL("DELETE FROM hcrm_person_identifier WHERE id = ANY(%s)", doomed)
            )
        for attribute, table, columns, _key in TABLES:
            self._save_lines(people, attribute, table, columns)
        moved = self._refresh_numbers(people, tokens == "all", numbers)
        self._save_tokens([p for p in people if tokens == "all" or p.search_changed()])
        return moved

    def _save_metrics(self, people):
        """Give everybody their metrics row and remember it on the partner."""
        ids = [person.id for person in people if not person.has_metrics]
        if not ids:
            return
        self.env.cr.execute(
            SQL(
                """INSERT INTO hcrm_person_metrics (id) SELECT unnest(%s)
                   ON CONFLICT (id) DO NOTHING""",
                ids,
            )
        )
        self.env.cr.execute(
            SQL(
                """UPDATE res_partner SET hcrm_metrics_id = id
                   WHERE id = ANY(%s) AND hcrm_metrics_id IS DISTINCT FROM id""",
                ids,
            )
        )

    def _save_lines(self, people, attribute, table, columns):
        """Insert new lines and update changed ones of one detail table."""
        first, new, changed = [], [], []
        pick = itemgetter(*columns)
        for person in people:
            added = first if person.is_new else new
            for line in getattr(person, attribute).values():
                if line.id is None:
                    added.append((person.id, *pick(line.values)))
                elif line.is_changed:
                    changed.append((line.id, *pick(line.values)))
        if changed:
            self._update_lines(table, columns, changed)
        columns = {"partner_id": "int", **columns}
        if first and table not in CLAIMED_TABLES:
            self._copy_lines(table, columns, first)
            first = []
        if first or new:
            self._insert_lines(table, columns, first + new)

    def _copy_lines(self, table, columns, rows):
        """Add lines of people made in this transaction: nobody else can have."""
        if table in LOGGED_TABLES:
            stamps = (self.env.uid, self.env.uid, self.env.cr.now(), self.env.cr.now())
            columns = (*columns, *LOG_COLUMNS)
            rows = [(*row, *stamps) for row in rows]
        copy_rows(self.env.cr, table, columns, rows)

    def _insert_lines(self, table, columns, rows):
        staged = stage(self.env.cr, f"new_{table}", columns, rows)
        names = SQL(", ").join(map(SQL.identifier, columns))
        logs, stamps = SQL(), SQL()
        if table in LOGGED_TABLES:
            logs = SQL(", %s", SQL(", ").join(map(SQL.identifier, LOG_COLUMNS)))
            stamps = SQL(
                ", %(uid)s, %(uid)s, %(now)s, %(now)s",
                uid=self.env.uid,
                now=self.env.cr.now(),
            )
        self.env.cr.execute(
            SQL(
                "INSERT INTO %s (%s%s) SELECT %s%s FROM %s ON CONFLICT DO NOTHING",
                SQL.identifier(table),
                names,
                logs,
                names,
                stamps,
                staged,
            )
        )

    def _update_lines(self, table, columns, rows):
        staged = stage(self.env.cr, f"old_{table}", {"id": "int", **columns}, rows)
        sets = [
            SQL("%s = s.%s", SQL.identifier(name), SQL.identifier(name))
            for name in columns
        ]
        if table in LOGGED_TABLES:
            sets += [
                SQL("write_uid = %s", self.env.uid),
                SQL("write_date = %s", self.env.cr.now()),
            ]
        self.env.cr.execute(
            SQL(
                "UPDATE %s t SET %s FROM %s s WHERE t.id = s.id",
                SQL.identifier(table),
                SQL(", ").join(sets),
                staged,
            )
        )

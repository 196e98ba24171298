"""The suite comes onto a live database of 100,000 partners and goes again.

Installing hcrm_core takes less than two minutes and rewrites no existing row of
res_partner; uninstalling leaves every partner as it was (DESIGN.md section 8).
"""

from __future__ import annotations

import time

from .world import World

PARTNERS = 100_000
LIMIT = 120  # seconds
STOCK = """
INSERT INTO res_partner
    (name, complete_name, active, type, is_company, company_id, email, phone, lang,
     create_uid, write_uid, create_date, write_date)
SELECT 'Partner ' || n, 'Partner ' || n, true, 'contact', n %% 10 = 0, NULL,
       'partner' || n || '@example.com', '+86 21 5' || lpad(n::text, 7, '0'), 'en_US',
       1, 1, now(), now()
  FROM generate_series(1, %(count)s) n
"""
# The row's version and values before the suite came.
REMEMBER = """
CREATE TABLE e2e_before AS
SELECT id, xmin::text AS version, md5(p::text) AS content, to_jsonb(p) AS row
  FROM res_partner p
"""
# Rows of another version, with the columns that differ.
REWRITTEN = """
SELECT b.id, ARRAY(SELECT old.key FROM jsonb_each(b.row) old
                    WHERE old.value IS DISTINCT FROM to_jsonb(p) -> old.key)
  FROM e2e_before b LEFT JOIN res_partner p ON p.id = b.id
 WHERE p.xmin::text IS DISTINCT FROM b.version
 ORDER BY b.id LIMIT 20
"""
CHANGED = """
SELECT b.id, ARRAY(SELECT old.key FROM jsonb_each(b.row) old
                    WHERE old.value IS DISTINCT FROM to_jsonb(p) -> old.key)
  FROM e2e_before b LEFT JOIN res_partner p ON p.id = b.id
 WHERE md5(p::text) IS DISTINCT FROM b.content
 ORDER BY b.id LIMIT 20
"""
# Whoever gives a user a group makes Odoo look at partner_share of that user again.
ADMINISTRATORS = """
SELECT partner_id FROM res_users u JOIN ir_model_data d ON d.res_id = u.id
 WHERE d.model = 'res.users' AND d.module = 'base'
   AND d.name IN ('user_root', 'user_admin')
"""
COLUMNS = """
SELECT string_agg(column_name, ',' ORDER BY ordinal_position)
  FROM information_schema.columns WHERE table_name = 'res_partner'
"""


def run(world: World) -> None:
    with world.clone_of_base("live") as database:
        _fill(world, database)
        file_before = _file(world, database)
        columns_before = world.sql(COLUMNS, database=database)
        start = time.monotonic()
        install = ["server", "-c", world.conf, "-d", database, "-i", "hcrm_core"]
        world.odoo("e2e-live-install", *install, "--stop-after-init", "--no-http")
        seconds = time.monotonic() - start
        rewritten = _without_administrators(world, database, REWRITTEN)
        print(f"  -i hcrm_core on {PARTNERS:,} partners: {seconds:.0f} s")
        print(f"  rows of res_partner rewritten: {len(rewritten)}")
        assert not rewritten, f"the installation rewrote partners: {rewritten}"
        assert _file(world, database) == file_before, "the whole table was rewritten"
        assert seconds < LIMIT, f"the installation took {seconds:.0f} s, not {LIMIT} s"
        _uninstall(world, database, columns_before)


def _fill(world: World, database: str) -> None:
    """Add ordinary partners, as a database that has lived for years holds them."""
    world.sql(STOCK, {"count": PARTNERS}, database)
    world.sql(
        "UPDATE res_partner SET commercial_partner_id = id"
        " WHERE commercial_partner_id IS NULL",
        database=database,
    )
    world.sql(REMEMBER, database=database)
    world.sql("ANALYZE res_partner", database=database)


def _file(world: World, database: str) -> list:
    """The file of the table: another one after ALTER TABLE rewrote it."""
    return world.sql("SELECT pg_relation_filenode('res_partner')", database=database)


def _uninstall(world: World, database: str, columns_before: list) -> None:
    start = time.monotonic()
    world.odoo(
        "e2e-live-install",
        *["module", "uninstall", "-c", world.conf, "-d", database, "hcrm_core"],
    )
    changed = _without_administrators(world, database, CHANGED)
    seconds = time.monotonic() - start
    print(f"  uninstalled in {seconds:.0f} s, partners changed: {len(changed)}")
    columns = world.sql(COLUMNS, database=database)
    assert columns == columns_before, f"columns of res_partner are left: {columns}"
    assert not changed, f"partners are not as they were: {changed}"


def _without_administrators(world: World, database: str, query: str) -> list:
    """The rows of a query, but for the two administrators' new write_date.

    The suite gives them a role; that they have another write_date, and nothing else,
    is Odoo's own doing and told in the output.
    """
    administrators = {row[0] for row in world.sql(ADMINISTRATORS, database=database)}
    rows = world.sql(query, database=database)
    touched = [
        row for row in rows if row[0] in administrators and row[1] == ["write_date"]
    ]
    if touched:
        print(f"  ({len(touched)} administrators: another write_date, nothing else)")
    return [row for row in rows if row not in touched]

"""`make e2e`: run tests/e2e against a running server on a throw-away database."""

from steps import (
    browser,
    entry,
    fhir_server,
    gammu,
    gnuhealth,
    kannel,
    mariadb,
    settings,
)

# what a journey needs beside Odoo, by the name of the journey
PARTS = {
    "fhir_rest": fhir_server.prepare,
    "gnuhealth": gnuhealth.prepare,
    "kannel": kannel.prepare,
    "modem": gammu.prepare,
    "tables": mariadb.prepare,
}


def main(argv):
    """Prepare what the wanted journeys need and hand the arguments on."""
    settings.make_folders()
    browser.prepare()
    parts = [part for name, part in PARTS.items() if not argv or name in argv]
    return entry.run("e2e", argv, serve=True, parts=parts)

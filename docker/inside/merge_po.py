"""Bring the terms of a .pot into a .po, keeping the translations made so far."""

import sys
from pathlib import Path

import polib


def main(pot_path, po_path):
    """Update the catalogue; exit 1 and name the terms that lack a translation."""
    pot = polib.pofile(pot_path, wrapwidth=78)
    known = polib.pofile(po_path) if Path(po_path).exists() else []
    texts = {(entry.msgid, entry.msgctxt): entry.msgstr for entry in known}
    # The dates of an export say nothing and make every export a change.
    for key in ("POT-Creation-Date", "PO-Revision-Date"):
        pot.metadata.pop(key, None)
    pot.save(pot_path)
    for entry in pot:
        entry.msgstr = texts.get((entry.msgid, entry.msgctxt), "")
    pot.metadata["Language"] = "zh_CN"
    pot.metadata["Plural-Forms"] = "nplurals=1; plural=0;"
    missing = [entry.msgid for entry in pot if not entry.msgstr]
    pot.save(po_path)
    print(f"{len(pot)} terms, {len(missing)} not translated")
    for msgid in missing[:50]:
        print(f"    {msgid!r}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

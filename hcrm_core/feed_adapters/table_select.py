"""Only a SELECT reaches the HIS: what an administrator wrote is checked first.

The read-only session of the dialect refuses a write as well; this check says so
in words before anything is sent, and keeps out functions that act from within a
SELECT (sequences, sleeping, other servers, files).
"""

from __future__ import annotations

import re

from .base import AdapterError

# statements and clauses that write, lock or call; REPLACE() the function is fine
_FORBIDDEN = frozenset(
    "INSERT UPDATE DELETE MERGE UPSERT CREATE ALTER DROP TRUNCATE RENAME GRANT REVOKE"
    " CALL EXEC EXECUTE DO COPY LOCK UNLOCK INTO OUTFILE DUMPFILE HANDLER LOAD ATTACH"
    " BEGIN COMMIT ROLLBACK SAVEPOINT VACUUM ANALYZE LISTEN NOTIFY PREPARE DECLARE"
    " SHUTDOWN KILL USE PRAGMA WAITFOR".split()
)
# functions that act although they stand in a SELECT
_ACTING = re.compile(
    r"\b(nextval|setval|set_config|pg_sleep\w*|sleep|benchmark|get_lock|lo_\w+|dblink\w*"
    r"|pg_read_\w+|pg_ls_\w+|pg_terminate_backend|pg_cancel_backend|pg_advisory\w*"
    r"|pg_notify|query_to_xml\w*|load_file|openrowset|openquery|opendatasource|xp_\w+"
    r"|sp_\w+|dbms_\w+|utl_\w+)\s*[(.]",
    re.IGNORECASE,
)
_LOCKING = re.compile(r"\bFOR\s+(NO\s+KEY\s+)?(UPDATE|SHARE|KEY\s+SHARE)\b", re.I)
_PIECES = re.compile(
    r"""
      (?P<comment> --[^\n]* | /\*.*?\*/ )
    | (?P<text> '(?:[^']|'')*' )
    | (?P<name> "(?:[^"]|"")*" | `[^`]*` | \[[^\]\n]*\] )
    """,
    re.VERBOSE | re.DOTALL,
)


def check_select(sql: str, name: str = "") -> str:
    """The statement without its closing semicolon, if it is one SELECT.

    :raises AdapterError: ``select_*``, which makes a sentence
    """
    text = sql.strip().rstrip(";").strip()
    if not text:
        raise AdapterError("select_empty", table=name)
    if "\\'" in text or "$$" in text or re.search(r"\$\w+\$", text):
        raise AdapterError("select_quoting", table=name)
    if "/*!" in text or "/*+" in text or re.search(r"(^|\s)#", _bare(text)):
        raise AdapterError("select_comment", table=name)
    bare = _bare(text)
    if "'" in bare or '"' in bare or "`" in bare or "/*" in bare:
        raise AdapterError("select_quoting", table=name)
    if ";" in bare:
        raise AdapterError("select_several", table=name)
    words = re.findall(r"[^\W\d]\w*", bare)
    if not words or words[0].upper() not in ("SELECT", "WITH"):
        raise AdapterError("select_only", table=name, word=words[0] if words else "-")
    if re.match(r"\W*SELECT\s", bare, re.I) is None and words[0].upper() == "SELECT":
        raise AdapterError("select_only", table=name, word=words[0])
    locking = _LOCKING.search(bare)
    if locking:
        raise AdapterError("select_writes", table=name, word=locking.group(0).upper())
    for word in words:
        if word.upper() in _FORBIDDEN:
            raise AdapterError("select_writes", table=name, word=word.upper())
    acting = _ACTING.search(bare)
    if acting:
        raise AdapterError("select_acts", table=name, word=acting.group(1))
    return text


def _bare(text: str) -> str:
    """The statement without comments, literals and quoted names."""
    return _PIECES.sub(lambda m: " x " if m.group("name") else " ", text)

import random
import time

from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

# senders, the worker of receipts and a stop write to the same rows within moments
TRIES = 10
PAUSE = 0.02  # seconds, growing


def settled(env, work):
    """Do ``work`` in a transaction of its own and commit; returns what it returned.

    Where somebody else changed the same rows meanwhile it is done once more on what
    they left. It must therefore bear being done twice, reach nothing outside the
    database, and be called where nothing waits for a commit.
    """
    for attempt in range(TRIES):
        try:
            result = work()
            env.flush_all()
            env["ir.cron"]._commit_progress(0)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            env.cr.rollback()
            if attempt == TRIES - 1:
                raise
            time.sleep(random.uniform(0.5, 1) * PAUSE * 2 ** min(attempt, 5))
        else:
            return result
    return None

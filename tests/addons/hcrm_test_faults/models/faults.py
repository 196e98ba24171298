"""The steps of a page, each with a trap before and behind it."""

import logging
import os
import signal
import threading

from odoo import models

_logger = logging.getLogger(__name__)
_lock = threading.Lock()
_passed = dict.fromkeys(["point", "nth"])
_passed["point"], _, _nth = os.environ.get("HCRM_FAULT", "").partition(":")
_passed["nth"] = int(_nth or 1)


def _trap(point):
    """End this process without a word when it passes ``point`` for the n-th time."""
    if point != _passed["point"]:
        return
    with _lock:
        _passed["nth"] -= 1
        if _passed["nth"] == 0:
            _logger.info("killed at %s", point)
            os.kill(os.getpid(), signal.SIGKILL)


class HcrmFeedStage(models.AbstractModel):
    _inherit = "hcrm.feed.stage"

    def _select(self, *args):
        _trap("before_stage")
        result = super()._select(*args)
        _trap("after_stage")
        return result


class HcrmFeedPipeline(models.AbstractModel):
    _inherit = "hcrm.feed.pipeline"

    def _write_batch(self, *args):
        _trap("before_write")
        result = super()._write_batch(*args)
        _trap("after_write")
        return result


class HcrmFeedRecordEvents(models.AbstractModel):
    _inherit = "hcrm.feed.record.events"

    def _write_stage(self, *args):
        _trap("before_event")
        result = super()._write_stage(*args)
        _trap("after_event")
        return result


class HcrmFeedRun(models.Model):
    _inherit = "hcrm.feed.run"

    def _book(self, *args):
        _trap("before_cursor")
        result = super()._book(*args)
        _trap("after_cursor")
        return result

    def _enqueue(self, *args, **kwargs):
        _trap("before_enqueue")
        result = super()._enqueue(*args, **kwargs)
        _trap("after_enqueue")
        return result

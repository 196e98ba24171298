"""What the person at the terminal reads."""

import contextlib
import errno
import sys
import threading
import time

HEARTBEAT = 10  # seconds of silence before a long step says that it lives


class Stop(Exception):
    """A foreseeable end, told in a sentence that says what to do."""


def line(text=""):
    """Print one line at once, also into a pipe."""
    print(text, flush=True)


def explain_os_error(error):
    """Return the sentence for an OSError that a person can act on, or None."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            "the disk is full. Make room (a first run needs about 4 GB under "
            ".local/) and run the same command again; finished steps are kept."
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"no permission for {error.filename}: make it writable for you."
    return None


@contextlib.contextmanager
def step(title, log=None):
    """Announce a long step, show that it lives, and tell how long it took."""
    line(f"- {title} ...")
    start = time.monotonic()
    done = threading.Event()

    def beat():
        while not done.wait(HEARTBEAT):
            seconds = time.monotonic() - start
            line(f"  {title}: {seconds:.0f} s{_last_words(log)}")

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    seconds = time.monotonic() - start
    if seconds >= 1:
        line(f"  {title}: done in {seconds:.0f} s")


def _last_words(log):
    """Return the end of the log as a hint of what is going on."""
    words = tail(log, 1) if log else ""
    return f" ({words[:90]})" if words else ""


def tail(log, count=12):
    """Return the last lines of a log file."""
    try:
        with open(log, "rb") as stream:
            stream.seek(0, 2)
            stream.seek(max(0, stream.tell() - 8192))
            text = stream.read().decode("utf-8", "replace")
    except OSError:
        return ""
    lines = [row.rstrip() for row in text.replace("\r", "\n").splitlines()]
    return "\n".join([row for row in lines if row][-count:])


def warn(text):
    """Tell something the person should know but need not stop for."""
    print(f"  Note: {text}", file=sys.stderr, flush=True)

"""`python3 docker COMMAND`: what the Makefile calls. See docker/README.md."""

import sys

if sys.version_info < (3, 10):  # noqa: UP036
    sys.exit(
        "HCRM needs Python 3.10 or newer to prepare a machine; this one is "
        "older. Call a newer one: make PYTHON=python3.12 run"
    )

import importlib  # noqa: E402
import signal  # noqa: E402

from steps import say  # noqa: E402

COMMANDS = (
    "prepare",
    "run",
    "stop",
    "test",
    "lint",
    "format",
    "i18n",
    "bench",
    "e2e",
    "shell",
    "container",
    "serve",
    "healthy",
)


def main(argv):
    """Run one command; every foreseeable failure ends in one sentence."""
    if not argv or argv[0] not in COMMANDS:
        sys.exit(f"Usage: python3 docker {'|'.join(COMMANDS)}")
    # Being told to end is an ordinary end: what was started is put away.
    signal.signal(signal.SIGTERM, lambda *_args: sys.exit(143))
    try:
        return importlib.import_module(f"commands.{argv[0]}").main(argv[1:])
    except say.Stop as stop:
        say.line(f"\nStopped: {stop}")
        return 1
    except KeyboardInterrupt:
        say.line("\nStopped by you. Run the same command again to go on from here.")
        return 130
    except OSError as error:
        sentence = say.explain_os_error(error)
        if not sentence:
            raise
        say.line(f"\nStopped: {sentence}")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`make bench`: run tests/bench on a throw-away database."""

from steps import entry


def main(argv):
    """Hand the arguments on."""
    return entry.run("bench", argv)

"""`make bench`: run tests/bench on a throw-away database."""

from steps import entry


def main(argv):
    """Hand the arguments on, with the database to clone."""
    return entry.run("bench", ["--conf", "{conf}", "--template", "{name}", *argv])

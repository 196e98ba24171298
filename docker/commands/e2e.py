"""`make e2e`: run tests/e2e against a running server on a throw-away database."""

from steps import browser, entry, settings


def main(argv):
    """Hand the arguments on."""
    settings.make_folders()
    browser.prepare()
    return entry.run("e2e", argv, serve=True)

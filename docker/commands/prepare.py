"""`make prepare`: fetch what is missing, start nothing."""

from steps import machine, say


def main(_argv):
    """Prepare the machine only."""
    machine.prepare()
    say.line("Everything is here.")
    return 0

"""`make test`: every test of the suite, closed by one line that counts them."""

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass

from steps import browser, log_gate, odoo, say, settings, shell, test_log, throwaway

GATE = "The log must be free of warnings"


@dataclass
class Tally:
    """How many tests passed, failed, were skipped; what else is wrong."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def add(self, passed, failed, skipped):
        """Count the tests of one runner."""
        self.passed += passed
        self.failed += failed
        self.skipped += skipped

    def complain(self, title, lines):
        """Count a broken promise of a whole run as one failure."""
        if lines:
            self.failed += 1
            say.line(f"\n{title}:")
            for line in lines[:40]:
                say.line(f"  {line}")


def main(argv):
    """Run everything, or only the Odoo tests with the given tags."""
    tally = Tally()
    try:
        settings.make_folders()
        browser.prepare()
        with throwaway.world("test") as world:
            tally.complain(GATE, log_gate.complaints(throwaway.INSTALL_LOG))
            _odoo_tests(world, tally, argv)
            if not argv:
                _hoot_tests(world, tally)
                _python_tests(world, tally)
    except say.Stop as stop:
        tally.failed += 1
        say.line(f"\nStopped: {stop}")
    say.line(f"\n{tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped")
    return 1 if tally.failed else 0


def _odoo_tests(world, tally, tags):
    """Reload the data of our addons and run their tests."""
    names = settings.addons()
    tags = tags or [f"/{name}" for name in names]
    log = settings.LOG / "test.log"
    args = ["-u", ",".join(names), "--test-tags", ",".join(tags)]
    with say.step("running the tests of the addons", log):
        code = _run(world, log, args)
    counts = test_log.counts(log)
    if not counts:
        raise say.Stop(f"Odoo ended before the tests did.\n\n{say.tail(log, 30)}")
    tally.add(*counts)
    tally.complain("Failed", test_log.failures(log))
    if counts[1]:
        tally.failed -= 1  # the failures are counted already
    elif code:
        tally.complain("Odoo ended with an error", [f"exit code {code}"])
    tally.complain(GATE, log_gate.complaints(log))
    if len(tags) == len(names):
        tally.complain("Tours", test_log.tour_complaints(log))


def _hoot_tests(world, tally):
    """Run the JavaScript suites of our addons with the runner of `web`."""
    names = [
        name
        for name in settings.addons()
        if any((settings.ROOT / name / "static" / "tests").rglob("*.test.js"))
    ]
    if not names:
        return
    log = settings.LOG / "test-js.log"
    runner = "/web:WebSuite.test_unit_desktop"
    tags = ",".join(f"{runner}[@{name}]" for name in names)
    with say.step("running the JavaScript tests", log):
        code = _run(world, log, ["--test-tags", tags])
    counts = test_log.counts(log) or (0, 1, 0)
    tally.add(*counts)
    if code:
        tally.complain("JavaScript tests", test_log.failures(log))
        tally.failed -= 1
    tally.complain(GATE, log_gate.complaints(log))
    tally.complain("JavaScript tests", test_log.hoot_complaints(log, names))


def _run(world, log, args):
    """Run Odoo with tests and its output in a fresh log."""
    log.unlink(missing_ok=True)
    shots = settings.LOG / "screenshots"
    options = ["-d", world.name, f"--screenshots={shots}", "--stop-after-init"]
    command = odoo.command(world.conf, *options, *args)
    return shell.log_to(log, command, world.environment(), cwd=settings.ROOT)


def _python_tests(world, tally):
    """Run what stands under tests/ for pytest."""
    report = settings.LOG / "pytest.xml"
    log = settings.LOG / "pytest.log"
    for path in (report, log):
        path.unlink(missing_ok=True)
    command = [settings.PYTHON, "-m", "pytest", f"--junitxml={report}", "tests"]
    with say.step("running the tests under tests/", log):
        code = shell.log_to(log, command, world.environment(), cwd=settings.ROOT)
    if code == 5:  # pytest's word for: there are no tests
        return
    suite = ElementTree.parse(report).getroot().find("testsuite")
    count, failures, errors, skipped = (
        int(suite.get(key)) for key in ("tests", "failures", "errors", "skipped")
    )
    tally.add(count - failures - errors - skipped, failures + errors, skipped)
    if code:
        say.line(say.tail(log, 60))

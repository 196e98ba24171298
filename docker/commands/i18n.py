"""`make i18n`: export the terms, update zh_CN, tell what is not translated."""

from steps import odoo, say, settings, shell, throwaway

WHY = "the terms could not be exported."


def main(_argv):
    """Update i18n/ of every addon; exit 1 when a term lacks its Chinese."""
    missing = 0
    with throwaway.world("i18n") as world:
        for name in settings.addons():
            with say.step(f"exporting the terms of {name}"):
                (settings.ROOT / name / "i18n").mkdir(exist_ok=True)
                args = ["-d", world.name, name]
                odoo.run(world.conf, world.server, args, "i18n", WHY, "i18n export")
            missing += _merge(settings.ROOT / name / "i18n", name)
    return 1 if missing else 0


def _merge(folder, name):
    """Bring the terms into zh_CN.po; return whether some are not translated."""
    script = settings.INSIDE / "merge_po.py"
    code, out = shell.capture(
        [settings.PYTHON, script, folder / f"{name}.pot", folder / "zh_CN.po"]
    )
    say.line(f"  {name}: {out}")
    return bool(code)

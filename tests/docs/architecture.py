"""Draw the architecture page from what stands in the repository.

``python -m tests.docs.architecture`` writes the page and its picture; with
``--check`` it writes nothing and fails when they differ from the manifests and
folders. Nothing on the page is typed by hand but the rooms' one-line meanings,
which are the docstrings of the rooms' models.
"""

from __future__ import annotations

import argparse
import ast
import sys
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = Path("hcrm_core/readme/ARCHITECTURE.md")
PICTURE = Path("hcrm_core/static/description/architecture.svg")
BOX_WIDTH, ROW_HEIGHT, GAP = 230, 22, 34


def manifests(root: Path = ROOT) -> dict[str, dict]:
    """The addons of the suite and their manifests, by name."""
    found = {}
    for path in sorted(root.glob("hcrm_*/__manifest__.py")):
        found[path.parent.name] = ast.literal_eval(path.read_text(encoding="utf-8"))
    return found


def dependencies(root: Path = ROOT) -> dict[str, list[str]]:
    """What each addon depends on, as its manifest says."""
    return {name: data["depends"] for name, data in manifests(root).items()}


def rooms(addon: Path) -> dict[str, list[tuple[str, str]]]:
    """The rooms of an addon: model name and first docstring line of each model."""
    found = {}
    for folder in sorted(p for p in (addon / "models").iterdir() if p.is_dir()):
        models = [
            entry for file in sorted(folder.glob("*.py")) for entry in _models(file)
        ]
        if models:
            found[folder.name] = models
    return found


def _models(file: Path) -> list[tuple[str, str]]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    found = []
    for node in tree.body:
        if not isinstance(node, ast.ClassDef):
            continue
        name = _value(node, "_name")
        inherited = _value(node, "_inherit") or []
        # a model that inherits itself is an extension of somebody else's
        if name and name not in (
            [inherited] if isinstance(inherited, str) else inherited
        ):
            doc = (ast.get_docstring(node) or "").strip().split("\n\n")[0]
            found.append((name, " ".join(doc.split())))
    return found


def _value(node: ast.ClassDef, wanted: str):
    """The literal a class attribute is set to, or None."""
    for item in node.body:
        if isinstance(item, ast.Assign):
            if any(getattr(target, "id", "") == wanted for target in item.targets):
                return ast.literal_eval(item.value)
    return None


def page() -> str:
    lines = [
        "# Architecture",
        "",
        "Generated from the manifests and folders by",
        "`python -m tests.docs.architecture`; do not edit.",
        "",
        f"![Addons and rooms](../static/description/{PICTURE.name})",
        "",
    ]
    for name, data in manifests().items():
        lines += [f"## {name}", "", f"{data['summary']}.", ""]
        lines += [
            "Depends on " + ", ".join(f"`{d}`" for d in data["depends"]) + ".",
            "",
        ]
        for room, models in rooms(ROOT / name).items():
            lines += [f"### {room}", "", "| model | what one record is |", "|---|---|"]
            lines += [f"| `{model}` | {doc} |" for model, doc in models]
            lines.append("")
    return "\n".join(lines)


def picture() -> str:
    """An SVG: one box per addon with its rooms, arrows along the dependencies."""
    addons = list(manifests())
    core = [a for a in addons if a == "hcrm_core"]
    others = [a for a in addons if a != "hcrm_core"]
    width = max(1, len(others)) * (BOX_WIDTH + GAP) + GAP
    width = max(width, 2 * BOX_WIDTH + 3 * GAP)
    shapes, bottom = [], GAP
    places = {}
    for row in (others, core, ["odoo"]):
        if not row:
            continue
        tallest = 0
        left = (width - len(row) * (BOX_WIDTH + GAP) + GAP) / 2
        for index, addon in enumerate(row):
            texts = _box_texts(addon)
            height = (len(texts) + 1) * ROW_HEIGHT + 12
            x = left + index * (BOX_WIDTH + GAP)
            places[addon] = (x + BOX_WIDTH / 2, bottom, bottom + height)
            shapes.append(_box(x, bottom, height, addon, texts))
            tallest = max(tallest, height)
        bottom += tallest + 2 * GAP
    for addon in others:
        shapes.append(_arrow(places[addon], places["hcrm_core"]))
    shapes.append(_arrow(places["hcrm_core"], places["odoo"]))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {bottom:.0f}" '
        'font-family="sans-serif" font-size="13">\n'
        '<defs><marker id="a" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0,0L8,4L0,8z" fill="#555"/></marker></defs>\n'
        + "\n".join(shapes)
        + "\n</svg>\n"
    )


def _box_texts(addon: str) -> list[str]:
    if addon == "odoo":
        return manifests()["hcrm_core"]["depends"]
    return [
        f"{room} · {len(models)} models" for room, models in rooms(ROOT / addon).items()
    ]


def _box(x: float, y: float, height: float, title: str, texts: list[str]) -> str:
    label = "Odoo 19 and OCA" if title == "odoo" else title
    fill = "#f1f3f5" if title == "odoo" else "#e7f5f2"
    parts = [
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{BOX_WIDTH}" height="{height:.0f}" rx="8" '
        f'fill="{fill}" stroke="#2a7f6f"/>',
        f'<text x="{x + 12:.0f}" y="{y + 22:.0f}" font-weight="bold">{escape(label)}</text>',
    ]
    for index, text in enumerate(texts, 2):
        parts.append(
            f'<text x="{x + 12:.0f}" y="{y + 4 + index * ROW_HEIGHT:.0f}">{escape(text)}</text>'
        )
    return "\n".join(parts)


def _arrow(source: tuple, target: tuple) -> str:
    return (
        f'<path d="M{source[0]:.0f},{source[2]:.0f}L{target[0]:.0f},{target[1]:.0f}" '
        'stroke="#555" fill="none" marker-end="url(#a)"/>'
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = []
    for path, content in ((PAGE, page()), (PICTURE, picture())):
        target = ROOT / path
        if target.exists() and target.read_text(encoding="utf-8") == content:
            continue
        stale.append(str(path))
        if not check:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content, encoding="utf-8")
    verb = "differs from the code" if check else "written"
    for path in stale:
        print(f"{path}: {verb}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())

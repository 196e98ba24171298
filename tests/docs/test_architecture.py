"""The architecture page is what the code is (F254)."""

from . import architecture


def test_page_and_picture_are_current():
    """F254: page and picture equal manifests and folders."""
    command = "run python -m tests.docs.architecture"
    page = (architecture.ROOT / architecture.PAGE).read_text(encoding="utf-8")
    picture = (architecture.ROOT / architecture.PICTURE).read_text(encoding="utf-8")
    assert page == architecture.page(), command
    assert picture == architecture.picture(), command


def test_every_model_says_what_a_record_is():
    for addon in architecture.manifests():
        for room, models in architecture.rooms(architecture.ROOT / addon).items():
            silent = [name for name, doc in models if not doc]
            assert not silent, f"{addon}/{room}: no docstring on {silent}"

"""Make every asset bundle once, so that clones of this database have them."""

# ruff: noqa: F821
with env.registry.cursor() as cr:  # leaves with a commit, or with nothing
    env(cr=cr)["ir.qweb"]._pregenerate_assets_bundles()

"""Make every asset bundle once, so that clones of this database have them."""

# ruff: noqa: F821
env["ir.qweb"]._pregenerate_assets_bundles()
env.cr.commit()

"""The people of rule R25, planted by hand and counted."""

from __future__ import annotations


def write(block, plan):
    pass


def write_shared(block, plan):
    pass


def summary(clock, planted):
    return planted

"""Journeys across addons, APIs and real data, each against a real server."""

"""Metrics: the one catalogue of what a node measures, and the helpers that keep it cheap and bounded."""

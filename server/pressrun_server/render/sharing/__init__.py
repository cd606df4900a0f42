"""Sharing: what the nodes of a cluster have in common in the Redis that never evicts, templates and pushed content."""

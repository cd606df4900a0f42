"""Any HTTP endpoint as a source: caching (RFC 9111), conditional requests (RFC 9110), digests (RFC 9530)."""

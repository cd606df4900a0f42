"""The content-addressed store: blobs by digest, in tiers."""

"""A stand-in of an HTTP endpoint that serves approved content with validators, caching headers and digests."""

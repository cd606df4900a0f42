"""The demo: sandbox, one node and the client library, and 1,000 statements through them."""

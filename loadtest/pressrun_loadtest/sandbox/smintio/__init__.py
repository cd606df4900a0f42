"""A stand-in of Smint.io: authority, Portals Frontend API, CLAPI-C's licence feed, and the store of downloads."""

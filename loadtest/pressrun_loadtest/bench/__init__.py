"""The bench: what a document costs here, checked before it is believed."""

"""Emit: from placed pages to the bytes of a document; pure."""

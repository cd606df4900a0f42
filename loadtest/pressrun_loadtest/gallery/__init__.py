"""The gallery: a document for each way in which the five systems give assets, rendered against the sandbox."""

"""For authors of templates: check, test and preview a bundle without a node."""

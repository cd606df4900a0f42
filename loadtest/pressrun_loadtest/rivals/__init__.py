"""The same statement made by other engines beside ours: what a document costs, and whether it is complete."""

"""The source `pushed`: content that was pushed to us, kept in versions in a folder of this node."""

"""What `pressrun top` shows: nodes as their metrics tell of them, between two readings."""

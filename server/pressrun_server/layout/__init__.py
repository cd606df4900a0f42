"""Layout: from content to placed pages; sans-I/O, integer arithmetic."""

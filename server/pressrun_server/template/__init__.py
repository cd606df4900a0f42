"""Templates: from a bundle to a program, and from a program and a record to content; pure."""

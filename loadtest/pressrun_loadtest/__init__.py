"""What load testers use: sandbox, sample template, seeded records, demo and benchmark."""

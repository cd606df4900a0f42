"""The source `iconik`: its API describes assets, versions and approvals; signed URLs give their files."""

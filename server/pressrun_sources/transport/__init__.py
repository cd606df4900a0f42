"""HTTP as all sources use it: limits, time limits, retries, guarded addresses, one translation of errors."""

"""One module for each engine, all behind `roster.Engine`."""

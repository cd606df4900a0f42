"""Smint.io: assets of a portal (Portals Frontend API) and the licences behind them (CLAPI-C)."""

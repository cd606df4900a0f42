"""Preparers: limited helper processes that decode, compile and rasterise untrusted bytes."""

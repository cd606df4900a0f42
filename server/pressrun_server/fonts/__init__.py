"""Fonts: the open fonts that every node has, cut into shards for embedding."""

"""Stands in for Cloudinary: the Admin API on one port, delivery with real renditions on another."""

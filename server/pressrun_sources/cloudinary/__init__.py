"""The source `cloudinary`: its Admin API describes assets, its delivery URLs give renditions."""

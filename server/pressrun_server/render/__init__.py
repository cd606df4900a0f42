"""Render: admission, pipeline, composers; one record to one document."""

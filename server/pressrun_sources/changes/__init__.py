"""News of changed assets: webhooks of the systems, verified, as hints to ask the source again."""

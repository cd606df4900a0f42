"""A node under load as Prometheus sees it, through the shipped dashboards and rules: what `make observe` shows."""

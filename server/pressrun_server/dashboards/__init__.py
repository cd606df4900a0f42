"""Grafana dashboards as code; `python -m pressrun_server.dashboards FOLDER` writes what the Helm chart ships."""

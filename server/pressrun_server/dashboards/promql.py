"""The few shapes of PromQL that the dashboards are made of, each limited to the nodes that the reader chose."""

from __future__ import annotations

__all__ = ["increase", "mean", "quantile", "rate", "ratio", "series", "total"]

_CHOSEN = 'job=~"$job",instance=~"$node"'
_WINDOW = "$__rate_interval"


def series(metric: str, labels: str = "") -> str:
    """A metric of the chosen nodes.

    Args:
        metric: its name.
        labels: more matchers, e.g. `tier="disk"`.
    """
    return f"{metric}{{{_CHOSEN}{',' if labels else ''}{labels}}}"


def total(metric: str, by: str = "", labels: str = "", *, function: str = "sum") -> str:
    """A gauge, put together over the chosen nodes."""
    return f"{function}{_by(by)} ({series(metric, labels)})"


def rate(metric: str, by: str = "", labels: str = "", *, window: str = _WINDOW) -> str:
    """A counter a second, added up over the chosen nodes.

    Args:
        metric: a counter's name.
        by: the labels to tell apart, comma separated.
        labels: more matchers.
        window: of time, e.g. `1h`; by default as long as Grafana finds right for what it shows.
    """
    return f"sum{_by(by)} (rate({series(metric, labels)}[{window}]))"


def increase(metric: str, window: str, by: str = "", labels: str = "") -> str:
    """What a counter of rare things grew by, added up over the chosen nodes.

    Args:
        metric: a counter's name.
        window: of time, e.g. `1h`.
        by: the labels to tell apart, comma separated.
        labels: more matchers.
    """
    return f"sum{_by(by)} (increase({series(metric, labels)}[{window}]))"


def ratio(part: str, whole: str) -> str:
    """One expression divided by another; no value where the whole is 0, since nothing happened then."""
    return f"{part} / ({whole} > 0)"


def quantile(share: float, histogram: str, by: str = "", labels: str = "", *, window: str = _WINDOW) -> str:
    """A quantile out of a histogram's buckets, over the chosen nodes.

    Args:
        share: e.g. 0.99.
        histogram: its name without `_bucket`.
        by: the labels to tell apart.
        labels: more matchers.
        window: as for `rate`.
    """
    buckets = rate(f"{histogram}_bucket", f"{by}, le" if by else "le", labels, window=window)
    return f"histogram_quantile({share:g}, {buckets})"


def mean(histogram: str, by: str = "", labels: str = "") -> str:
    """The mean of what a histogram saw."""
    return ratio(rate(f"{histogram}_sum", by, labels), rate(f"{histogram}_count", by, labels))


def _by(labels: str) -> str:
    return f" by ({labels})" if labels else ""

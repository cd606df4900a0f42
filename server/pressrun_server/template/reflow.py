"""Tables of many columns on narrow screens: the cells of a row stand beside each other as far as there is room.

The widest column, which is that without a width of its own, takes what the first one leaves of a line, or a whole one.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["reflow_class", "reflow_rules"]


def reflow_class(main: int) -> str:
    """The class of a table.

    Args:
        main: its widest column, from 1.
    """
    return f"w{main}"


def reflow_rules(used: Iterable[int], padding: str) -> str:
    """The rules of such tables; none where there are none.

    Args:
        used: the widest columns of all of them.
        padding: of a row, a value of CSS.
    """
    mains = sorted(used)
    if not mains:
        return ""

    def each(rest: str) -> str:
        return ",".join(
            f".{reflow_class(main)}>{group}{rest}" for main in mains for group in ("thead", "tbody", "tfoot")
        )

    tables, columns = (",".join(f".{reflow_class(main)}{rest}" for main in mains) for rest in ("", ">colgroup"))
    shares = "".join(
        f".{name}>tbody>tr>:nth-child({main}),.{name}>thead>tr>:nth-child({main})"
        f"{{flex:1 1 {'100' if main == 1 else '64'}%!important}}"
        for main in mains
        for name in (reflow_class(main),)
    )
    return (
        f"{tables},{each('')}{{display:block!important}}{columns}{{display:none}}"
        f"{each('>tr')}{{display:flex!important;flex-wrap:wrap;justify-content:space-between;"
        f"padding:{padding};border-bottom:1px solid #8883}}"
        f"{each('>tr>*')}{{display:block!important;width:auto!important;padding:0 12px 0 0!important;"
        "border:0!important;background:none!important}"
        f"{each('>tr>:last-child')}{{padding-right:0!important}}{each('>tr>:empty')}{{display:none!important}}{shares}"
    )

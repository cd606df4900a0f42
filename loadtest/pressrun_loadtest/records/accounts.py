"""Account numbers of the invented Meridian Bank: IBANs (ISO 13616) with right check digits."""

from __future__ import annotations

from pressrun_loadtest.records.chance import Chance

__all__ = ["BIC", "iban"]

BIC = {"GB": "MERDGB2LXXX", "DE": "MERDDEFFXXX", "FR": "MERDFRPPXXX"}
"""By country; invented, in the form of ISO 9362."""

_BANK = {"GB": "MERD", "DE": "99970000", "FR": "99970"}
_INDEX_DIGITS = 6


def iban(chance: Chance, country: str, index: int) -> str:
    """An IBAN in its print form, groups of four; unlike that of any other index below 1,000,000."""
    tail = f"{index % 10**_INDEX_DIGITS:0{_INDEX_DIGITS}d}"
    if country == "GB":
        account = f"{_BANK['GB']}{chance.digits(6)}{chance.digits(2)}{tail}"
    elif country == "DE":
        account = f"{_BANK['DE']}{chance.digits(4)}{tail}"
    else:
        branch, number = chance.digits(5), f"{chance.digits(5)}{tail}"
        # The French key (cle RIB): bank, branch and number weighted, modulo 97.
        key = 97 - (89 * int(_BANK["FR"]) + 15 * int(branch) + 3 * int(number)) % 97
        account = f"{_BANK['FR']}{branch}{number}{key:02d}"
    whole = f"{country}{_check_digits(country, account)}{account}"
    return " ".join(whole[start : start + 4] for start in range(0, len(whole), 4))


def _check_digits(country: str, account: str) -> str:
    digits = "".join(str(int(character, 36)) for character in f"{account}{country}00")
    return f"{98 - int(digits) % 97:02d}"

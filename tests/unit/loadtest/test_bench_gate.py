from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pressrun_loadtest.bench import gate, instructions
from pressrun_loadtest.bench.gate import GAUGED, judge, main, read_baseline
from pressrun_loadtest.bench.gauge import measure
from pressrun_loadtest.demo.errors import HelperError

FIGURES = {"small-cpu": 0.16, "large-cpu": 1.6, "small-peak": 135.0, "large-peak": 145.0, "calibration": 5.0}
HERE = {"versions": {"python": "3.11.7"}}
ROOT = Path(__file__).parents[3]


@pytest.fixture
def baseline(tmp_path: Path) -> Path:
    """A committed baseline of these figures."""
    path = tmp_path / "baseline.json"
    path.write_text(json.dumps({"figures": FIGURES} | HERE), encoding="utf-8")
    return path


def check(
    monkeypatch: pytest.MonkeyPatch,
    baseline: Path,
    *answers: dict[str, float],
    update: bool = False,
    counts: dict[str, float] | None = None,
) -> Result:
    """Run the gate with these measurements; one more than these is an error. Without counts there is no valgrind."""
    left = iter(answers)
    monkeypatch.setattr(gate, "measure", lambda _, **__: FIGURES | next(left))
    monkeypatch.setattr(gate, "available", lambda: counts is not None)
    monkeypatch.setattr(gate, "count", lambda _: counts)
    result = CliRunner().invoke(main, ["--baseline", str(baseline), *(["--update"] if update else [])])
    assert next(left, None) is None, "fewer measurements than given"
    return result


@pytest.mark.parametrize("name", GAUGED)
def test_each_figure_over_ten_per_cent_worse_fails(name: str, monkeypatch: pytest.MonkeyPatch, baseline: Path) -> None:
    """Every figure alone fails the check where it stays over the limit, and passes below it."""
    over, under = {name: FIGURES[name] * 1.11}, {name: FIGURES[name] * 1.09}
    failed = check(monkeypatch, baseline, *[over] * 5)
    assert failed.exit_code == 1
    assert "over 10% worse" in failed.output
    assert "+11.0%" in failed.output
    assert check(monkeypatch, baseline, *[under] * 3).exit_code == 0


def test_one_disturbed_process_does_not_fail(monkeypatch: pytest.MonkeyPatch, baseline: Path) -> None:
    """The median of the processes counts."""
    assert check(monkeypatch, baseline, {"large-cpu": 2.4}, {}, {}).exit_code == 0


def test_a_figure_over_the_limit_is_measured_in_more_processes(monkeypatch: pytest.MonkeyPatch, baseline: Path) -> None:
    """Where most of the first processes were disturbed, the further ones outvote them."""
    slow = {"small-cpu": 0.3}
    assert check(monkeypatch, baseline, slow, slow, {}, {}, {}).exit_code == 0


def test_update_writes_the_median_of_all_processes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A baseline needs no earlier one, and is not made by chance."""
    path = tmp_path / "new.json"
    result = check(monkeypatch, path, {"small-cpu": 0.3}, {"small-cpu": 0.1}, {}, {"large-cpu": 9.0}, {}, update=True)
    assert result.exit_code == 0, result.output
    assert read_baseline(path).figures == {name: FIGURES[name] for name in GAUGED}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        ("{", "is no baseline"),
        ("[]", "is no baseline"),
        ('{"figures": {}}', "has no 'small-cpu'"),
        (json.dumps({"figures": FIGURES | {"large-peak": 0}} | HERE), "large-peak must be above 0"),
        (json.dumps({"figures": FIGURES | {"large-cpu": "fast"}} | HERE), "is no baseline"),
        (json.dumps({"figures": FIGURES, "versions": ["3.11.7"]}), "is no baseline"),
        (json.dumps({"figures": FIGURES}), "has no 'versions'"),
    ],
)
def test_a_bad_baseline_says_how_to_write_one(content: str | None, said: str, tmp_path: Path) -> None:
    """Nothing is measured against a file that is none."""
    path = tmp_path / "baseline.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    result = CliRunner().invoke(main, ["--baseline", str(path)])
    assert result.exit_code == 1
    assert said in result.output
    assert "make bench-check UPDATE=1" in result.output


def test_instructions_are_judged_where_they_can_be_counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """They are written to a baseline by whoever has valgrind; then they fail the check alone, and are left out elsewhere."""
    path = tmp_path / "new.json"
    counts = {"loop": 50.0, "small": 10.0, "large": 100.0}
    check(monkeypatch, path, *[{}] * 5, update=True, counts=counts)
    assert read_baseline(path).figures == {name: FIGURES[name] for name in GAUGED} | {
        "small-instructions": 0.2,
        "large-instructions": 2.0,
    }
    failed = check(monkeypatch, path, {}, {}, {}, counts=counts | {"small": 11.2})
    assert failed.exit_code == 1
    assert "+12.0%" in failed.output
    assert check(monkeypatch, path, {}, {}, {}, counts=counts | {"small": 10.8}).exit_code == 0
    # Another build of Python takes more for everything.
    assert (
        check(monkeypatch, path, {}, {}, {}, counts={name: 1.3 * each for name, each in counts.items()}).exit_code == 0
    )
    without = check(monkeypatch, path, {}, {}, {})
    assert without.exit_code == 0
    assert "apt-get install valgrind" in without.output


def test_callgrinds_files_are_read() -> None:
    """Each dump names its piece; the one at the end of the process has none; what is missing is named."""
    dump = "# callgrind format\ndesc: Trigger: dump {}\nevents: Ir\nfn=(1) x\ntotals: {}\n"
    end = "desc: Trigger: Program termination\ntotals: 77\n"
    texts = [end, dump.format("loop", 5_000_000), dump.format("small", 12_000_000), dump.format("large", 9_000_000)]
    assert instructions._per_piece(texts) == {"loop": 5.0, "small": 1.0, "large": 9.0}
    with pytest.raises(HelperError, match="no count of large; files of loop, small"):
        instructions._per_piece(texts[:3])


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.skipif(not instructions.available(), reason="there is no valgrind: apt-get install valgrind")
def test_counts_are_the_same_twice() -> None:
    """What no load disturbs: two counts differ by less than half a per cent."""
    first, second = instructions.count(1), instructions.count(1)
    for piece in instructions.PIECES:
        assert first[piece] == pytest.approx(second[piece], rel=0.005)
    assert first["large"] > 5 * first["small"] > 0


def test_another_pythons_baseline_is_pointed_out(monkeypatch: pytest.MonkeyPatch, baseline: Path) -> None:
    """Interpreters differ by more than the limit."""
    baseline.write_text(json.dumps({"figures": FIGURES, "versions": {"python": "3.2.1"}}), encoding="utf-8")
    assert "The baseline is of Python 3.2.1" in check(monkeypatch, baseline, {}, {}, {}).output


def test_a_measurement_has_the_figures_of_the_committed_baseline() -> None:
    """A short one of a real process can be compared with the committed one."""
    now = measure(1, rounds=1, documents=2)
    verdicts = judge(read_baseline(ROOT / "loadtest" / "bench-baseline.json").figures, now)
    assert {verdict.name for verdict in verdicts} == set(GAUGED)
    # LARGE has fifty times the rows of SMALL, and is composed after it in the same process.
    assert now["large-cpu"] > now["small-cpu"] > 0
    assert now["large-peak"] >= now["small-peak"] > 20

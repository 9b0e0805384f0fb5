"""report.html as text: what it counts, what it keeps of many rows, and that nothing escapes."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import islice, product
from math import prod
from pathlib import Path
from typing import Any

import pytest
from tests.report.made_up import every_verdict, write_run

from tconv.analysis.frames import Run
from tconv.analysis.summary import Summary
from tconv.analysis.summary.breakdown import SHOWN, Breakdown, Share
from tconv.analysis.summary.examples import KEPT
from tconv.errors import StoreError
from tconv.model.case import Case
from tconv.model.target import Target
from tconv.model.verdict import Verdict
from tconv.report import html
from tconv.report.html import page as page_module
from tconv.report.html import rows_json
from tconv.store import RunReader
from tconv_bench import synthetic

HOSTILE = (
    "</script><script>attack()</script><img src=x onerror=attack()> \u2028 \" ' <!-- {{ 7*7 }}"
)
ELEMENTS = {"script": 4, "img": 0, "iframe": 0, "object": 0, "link": 1, "style": 1}
TARGET = Target(backend="fake", mode="call", device="cpu")


class Page(HTMLParser):
    """Collects the elements of a page, the texts of its scripts, and what it refers to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: Counter[str] = Counter()
        self.scripts: list[str] = []
        self.references: list[str] = []
        self.handlers: list[str] = []
        self.policy = ""
        self._is_script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        self._is_script = tag == "script"
        self.references += [value or "" for name, value in attrs if name in {"src", "href"}]
        if ("http-equiv", "Content-Security-Policy") in attrs:
            self.policy = dict(attrs)["content"] or ""
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        if self._is_script:
            self.scripts.append(data)
            self._is_script = False


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run with every verdict, in which each framework error is hostile."""
    return every_verdict(tmp_path_factory.mktemp("every") / "run", text=HOSTILE)


@pytest.fixture(scope="module")
def text(every: Path) -> str:
    """Return its report."""
    return html.text(extract(every))


def extract(path: Path) -> Summary:
    """Return what the reports of a run are made from."""
    return Summary.from_run(RunReader(path))


def rows_of(page: Page) -> dict[str, list[object]]:
    """Return the rows that the page holds, by column."""
    data = json.loads(page.scripts[1])
    return {
        each["name"]: [each["texts"][at] if at is not None else None for at in each["values"]]
        if "texts" in each
        else each["values"]
        for each in data["columns"]
    }


def test_report_is_rebuilt_byte_for_byte(every: Path, text: str) -> None:
    written = html.write(extract(every))

    assert written.read_text(encoding="utf-8") == text


def test_page_holds_every_deviating_row_of_a_small_run(every: Path, text: str) -> None:
    page = Page(text)

    deviations = Run.from_path(every).deviations
    found = rows_of(page)
    assert sorted(zip(found["case"], found["target"], strict=True)) == sorted(
        zip(deviations["case"], deviations["target"], strict=True)
    )


def test_page_names_every_verdict(text: str) -> None:
    assert [v for v in Verdict if v.value not in text] == []


def test_hostile_text_makes_no_element_of_its_own(text: str) -> None:
    page = Page(text)

    assert {tag: page.elements[tag] for tag in ELEMENTS} == ELEMENTS
    assert page.handlers == []


def test_hostile_text_is_shown_whole_in_its_finding(text: str) -> None:
    assert "&lt;/script&gt;&lt;script&gt;attack()" in text
    assert "{{ 7*7 }}" in text


def test_data_inside_scripts_holds_nothing_that_ends_them(text: str) -> None:
    page = Page(text)

    for data in page.scripts[:2]:
        assert json.loads(data)
        assert not re.search("[<>&\u2028\u2029]", data)
    assert any("</script>" in str(text) for text in rows_of(page)["error_text"])


def test_page_refers_to_nothing_outside_itself(text: str) -> None:
    page = Page(text)

    assert {each for each in page.references if not each.startswith("#")} == {"data:,"}
    assert "default-src 'none'" in page.policy


def test_hostile_header_is_escaped(tmp_path: Path) -> None:
    config = {"run": {"name": HOSTILE, "seed": 0}, "limits": {}, "grid": [HOSTILE]}
    path = every_verdict(tmp_path / "run", config=config, config_path=HOSTILE)

    page = Page(html.text(extract(path)))

    assert {tag: page.elements[tag] for tag in ELEMENTS} == ELEMENTS


def test_header_that_lacks_something_is_damaged(tmp_path: Path) -> None:
    path = every_verdict(tmp_path / "run", machine={})

    with pytest.raises(StoreError, match=r"is damaged: .* run the sweep again"):
        html.text(extract(path))


def test_run_without_deviation_says_so(tmp_path: Path) -> None:
    rows = [synthetic.result(case, TARGET, Verdict.MATCH) for case in islice(synthetic.cases(), 5)]
    path = write_run(tmp_path / "run", rows, synthetic.header([TARGET], 5))

    text = html.text(extract(path))

    assert "No deviation" in text
    assert 'id="rows-table"' not in text


def _values(count: int) -> Iterator[dict[str, object]]:
    largest_first = list(islice(synthetic.cases(), count))[::-1]
    return (synthetic.result(case, TARGET, Verdict.VALUE) for case in largest_first)


def test_smallest_rows_are_kept_of_a_finding_and_all_are_counted(tmp_path: Path) -> None:
    count = 2 * KEPT + 50
    path = write_run(tmp_path / "run", _values(count), synthetic.header([TARGET], count))

    text = html.text(extract(path))

    smallest = sorted(Run.from_path(path).rows.to_dict("records"), key=_size)
    assert rows_of(Page(text))["case"] == [row["case"] for row in smallest[:KEPT]]
    assert f"{KEPT} of {count} deviating rows are here" in text


def _size(row: Any) -> tuple[int, int, str]:
    products = row["n"] * row["c_in"] * row["c_out"] * prod(row["i"]) * prod(row["k"])
    return products, len(row["case"]), row["case"]


def test_rows_become_fewer_where_they_would_take_too_many_bytes(
    every: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows_json, "MOST_BYTES", 20_000)

    text = html.text(extract(every))

    assert len(Page(text).scripts[1]) <= 20_000
    (number,) = re.findall(r"the smallest (\d+) of each finding", text)
    assert 1 <= int(number) < KEPT


def test_share_counts_a_row_once_for_each_value_on_some_axis(tmp_path: Path) -> None:
    cases = [Case.from_parameters(ndim=2, i=4, k=k) for k in ((3, 3), (3, 2), (2, 2))]
    verdicts = [Verdict.VALUE, Verdict.MATCH, Verdict.UNSUPPORTED]
    rows = [synthetic.result(c, TARGET, v) for c, v in zip(cases, verdicts, strict=True)]
    path = write_run(tmp_path / "run", rows, synthetic.header([TARGET], 3))

    (found,) = extract(path).breakdown.marginals((str(TARGET),))

    assert found.name == "k"
    assert found.values == (
        ("2", (Share(judged=1, deviating=0),)),
        ("3", (Share(judged=2, deviating=1),)),
    )


def test_absent_value_has_a_row_of_its_own(tmp_path: Path) -> None:
    cases = [Case.from_parameters(ndim=1, i=4, k=2, output_padding=op) for op in (0, None)]
    rows = [synthetic.result(c, TARGET, Verdict.RESOLVED) | {"expected_shape": None} for c in cases]
    path = write_run(tmp_path / "run", rows, synthetic.header([TARGET], 2))

    found = extract(path).breakdown.marginals((str(TARGET),))

    values = {each.name: [value for value, _ in each.values] for each in found}
    assert values["output_padding"] == ["0", "none"]


def test_values_with_most_deviations_are_shown_where_there_are_too_many() -> None:
    judged = Counter({("i", size, "t"): 10 for size in range(SHOWN + 10)})
    many = Breakdown(judged=judged, deviating=Counter({("i", SHOWN + 9, "t"): 3}))

    (found,) = many.marginals(("t",))

    assert len(found.values) == SHOWN
    assert found.left_out == 10
    assert found.values[-1] == (str(SHOWN + 9), (Share(judged=10, deviating=3),))


def test_totals_are_those_of_the_frame(every: Path) -> None:
    totals = extract(every).totals

    run = Run.from_path(every)
    for target in totals.targets():
        counts = run.totals.loc[target]
        assert totals.of(target) == {name: n for name, n in counts.items() if n}


def test_backend_has_the_sum_of_its_targets(every: Path) -> None:
    totals = extract(every).totals

    assert list(totals.backends()) == ["fake"]
    assert totals.of(*totals.targets()).total() == totals.rows


@pytest.mark.parametrize("opened", [0, 1_000])
def test_smallest_cases_are_open_where_findings_are_few(
    every: Path, monkeypatch: pytest.MonkeyPatch, opened: int
) -> None:
    monkeypatch.setattr(page_module, "OPENED", opened)

    text = html.text(extract(every))

    shown = re.findall(r'<details class="smallest" (\w*)>', text)
    assert len(shown) > 5
    assert set(shown) == ({"open"} if opened else {""})


@pytest.mark.parametrize(("targets", "head"), [(2, ["k", "fake0:", "fake1:"]), (4, ["target"])])
def test_shares_have_the_longer_side_downwards(
    tmp_path: Path, targets: int, head: list[str]
) -> None:
    swept = [Target(backend=f"fake{at}", mode="call", device="cpu") for at in range(targets)]
    cases = [Case.from_parameters(ndim=1, i=4, k=k) for k in (1, 2, 3)]
    rows = [synthetic.result(case, target, Verdict.VALUE) | {"bad_count": at}
            for target in swept for at, case in enumerate(cases)]  # fmt: skip
    path = write_run(tmp_path / "run", rows, synthetic.header(swept, 3))

    (table,) = re.findall('<table class="shares">.*?</table>', html.text(extract(path)), re.DOTALL)

    columns = re.findall('<th scope="col">(?:<span.*?</span>)?([^<@]*)', table)
    assert [column.removesuffix("call") for column in columns][: len(head)] == head
    assert len(columns) == (3 if targets == 2 else 4)
    assert table.count('<th scope="row">') == max(targets, 3)
    assert table.count("1 of 1") == 3 * targets


def opened(path: Path) -> Path:
    """Write a run in which two targets resolve `same` by different rules; return its directory."""
    targets = [Target(backend=name, mode="call", device="cpu") for name in ("mine", "rival")]
    rows = []
    for target, (i, k, s) in product(targets, product(range(1, 7), range(1, 5), (2, 3))):
        cut, size = max(k - s, 0), s * i
        begin = cut // 2 if target.backend == "mine" else cut - cut // 2
        end = s * (i - 1) + k - size - begin
        told = synthetic.result(Case.from_parameters(ndim=1, i=i, k=k, s=s), target, Verdict.MATCH)
        case = f"1d-i{i}-k{k}-s{s}-opnone-padsame-ci2-co4-f32"
        answer = {"observed_shape": [1, 4, size], "resolution": [f"{begin}.{end}"]}
        kind = {"suite": "open", "padding": "same", "output_padding": None, "resolutions": 1}
        rows.append({**told, **kind, **answer, "case": case, "verdict": "resolved"})
    run = {"run": {"name": "made", "seed": 0}, "limits": {}, "grid": [{"suite": "open"}]}
    written: Path = write_run(path, rows, synthetic.header(targets, len(rows) // 2, config=run))
    return written


def test_run_of_open_cases_opens_with_its_rules_and_disagreements(tmp_path: Path) -> None:
    page = html.text(extract(opened(tmp_path / "run")))
    section = page[page.index('<section id="ambiguity"') : page.index('<section id="verdicts"')]

    assert "<code>max(K - s, 0)//2</code>" in section
    assert "<code>(max(K - s, 0) + 1)//2</code>" in section
    assert "<code>padding=same i=1 k=3 s=2</code>" in section
    assert section.count("<svg") == 1


def test_run_without_open_cases_says_nothing_of_them(text: str) -> None:
    assert "ambigu" not in text.partition("</style>")[2]

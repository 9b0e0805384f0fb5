"""report.html in a real browser: it renders, filters, sorts, links and loads nothing else."""

import json
import os
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest

from tconv.analysis.rerun import rerun_command
from tconv.analysis.summary import Summary
from tconv.grid.config import from_mapping
from tconv.model.case import Case
from tconv.report import html
from tconv.store import RunReader
from tconv_bench import synthetic

FLAGS: Final = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--window-size=1280,800", "--force-prefers-reduced-motion",
)  # fmt: skip
GRID: Final = {
    "suite": "explicit", "ndim": [1, 2], "i": [3, 9], "k": [1, 2, 3, 4, 5], "s": [1, 3],
    "p": [0, 1], "dilation": [1, 2], "groups": [1, 2],
}  # fmt: skip
PAUSE: Final = 10  # seconds to wait for the page at most


def missing() -> str:
    """Return what stands in the way of a browser; empty where nothing does."""
    try:
        import selenium  # noqa: F401, PLC0415 # only whether it is there
    except ImportError:
        return "selenium is not installed: pip install '.[test]'"
    lacking = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return f"{' and '.join(lacking)} not found: apt-get install chromium chromium-driver" * bool(
        lacking
    )


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Return a headless Chromium; skip where there is none, fail there under CI."""
    reason = missing()
    if reason and os.environ.get("CI"):
        pytest.fail(f"{reason}; CI is set, so the report must be tested in a browser")
    if reason:
        pytest.skip(reason)
    from selenium import webdriver  # noqa: PLC0415 # where it is installed

    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    driver.implicitly_wait(PAUSE)
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def report(
    tmp_path_factory: pytest.TempPathFactory,
    fakes: Path,  # registers the adapters
) -> Path:
    """Return the report of a real sweep with many faults, hostile error texts among them."""
    from tconv.runs.run import run  # noqa: PLC0415 # as above
    from tconv.runs.spec import RunSpec  # noqa: PLC0415 # needs the fakes on the path

    config = from_mapping(
        {"run": {"name": "careless", "targets": ["fake-careless", "fake-right"]}, "grid": [GRID]},
        "careless.toml",
    )
    finished = run(RunSpec.from_config(config), out=tmp_path_factory.mktemp("runs"), workers=1)
    return finished.path / "report.html"


@pytest.fixture
def page(browser: Any, report: Path) -> Any:
    """Return the browser with the report freshly opened."""
    return opened(browser, report)


def opened(browser: Any, report: Path, fragment: str = "") -> Any:
    browser.get("about:blank")
    browser.get_log("browser"), browser.get_log("performance")  # forget what was before
    browser.get(f"{report.as_uri()}{fragment}")
    browser.find_element("css selector", "html[data-ready]")
    return browser


def shown(page: Any, name: str) -> list[str]:
    """Return the cells of a column of the rows table that are shown."""
    cells = """
        const titles = [...document.querySelectorAll("#rows-table thead tr:first-child th")];
        const at = titles.findIndex((each) => each.textContent.trim() === arguments[0]);
        return [...document.querySelectorAll("#rows-table tbody tr")]
            .map((row) => row.children[at]?.textContent.trim());
    """
    found: list[str] = page.execute_script(cells, name)
    return found


def total(page: Any) -> int:
    """Return the number of rows that pass the filters."""
    words = page.find_element("css selector", ".dt-info").text.split()
    return int(words[4].replace(",", "")) if words[0] != "No" else 0


def fill(page: Any, name: str, text: str) -> None:
    """Type a filter and wait until the address tells it."""
    page.find_element("css selector", f'input[data-column="{name}"]').send_keys(text)
    wait(page, f"location.hash.includes({json.dumps(name + '=')})")


COUNT = 'th[title^="number of elements that differ"]'


def wait(page: Any, condition: str) -> None:
    from selenium.webdriver.support.ui import WebDriverWait  # noqa: PLC0415 # where installed

    WebDriverWait(page, PAUSE).until(lambda _: page.execute_script(f"return {condition}"))


def test_page_renders_without_a_word_in_the_console(page: Any) -> None:
    assert page.get_log("browser") == []
    assert "rows deviate" in page.find_element("css selector", ".headline").text
    assert total(page) > 100
    assert len(shown(page, "case")) == 25


def test_page_requests_nothing_but_itself(page: Any, report: Path) -> None:
    page.execute_script("document.querySelectorAll('details').forEach((d) => { d.open = true })")
    messages = [json.loads(entry["message"])["message"] for entry in page.get_log("performance")]

    urls = {
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    }
    assert {url for url in urls if not url.startswith("data:")} == {report.as_uri()}


def test_hostile_text_is_text(page: Any) -> None:
    page.find_element("css selector", "button.more").click()
    body = page.find_element("css selector", "body").get_attribute("textContent")

    assert page.execute_script("return window.attacked") is None
    assert page.execute_script("return document.querySelectorAll('main img').length") == 0
    assert "<img src=x onerror='window.attacked = 1'>" in body


def test_hostile_text_is_text_in_the_details_of_a_row(browser: Any, report: Path) -> None:
    page = opened(browser, report, f"#rows?verdict={quote('=rejected_legal')}")
    page.find_element("css selector", "button.more").click()

    detail = page.find_element("css selector", ".row-detail").text
    assert "</script><script>window.attacked = 1" in detail
    assert page.execute_script("return window.attacked") is None


def test_filter_keeps_the_rows_it_names(page: Any) -> None:
    before = total(page)
    fill(page, "verdict", "=value")

    assert set(shown(page, "verdict")) == {"✗ value"}
    assert 0 < total(page) < before


@pytest.mark.parametrize(
    ("name", "text", "holds"),
    [
        ("verdict", "!value", lambda verdict: "value" not in verdict),
        ("reading", "FLIP", lambda reading: "flip" in reading),
        ("case", "2d-", lambda case: case.startswith("2d-")),
        ("bad_count", ">10", lambda count: int(count) > 10),
        ("reading", "=", lambda reading: reading == ""),
    ],
)
def test_filter_understands_its_signs(page: Any, name: str, text: str, holds: Any) -> None:
    fill(page, name, text)

    found = shown(page, {"bad_count": "bad"}.get(name, name))
    assert found
    assert all(map(holds, found))


def test_filters_work_together_and_can_be_cleared(page: Any) -> None:
    before = total(page)
    fill(page, "verdict", "=value")
    alone = total(page)
    fill(page, "case", "2d-")

    assert 0 < total(page) < alone
    page.find_element("css selector", "#filters-clear").click()
    assert total(page) == before
    assert page.execute_script("return location.hash") == "#rows"


def test_filter_that_keeps_nothing_says_so(page: Any) -> None:
    fill(page, "case", "nothing has this")

    assert "No row passes the filters." in page.find_element("css selector", "#rows-table").text


def test_link_shows_the_view_it_was_made_of(page: Any, report: Path) -> None:
    fill(page, "verdict", "=nonfinite")
    page.find_element("css selector", COUNT).click()
    wait(page, "location.hash.includes('sort=bad_count')")
    fragment = page.execute_script("return location.hash")
    cases = shown(page, "case")

    again = opened(page, report, fragment)

    assert shown(again, "case") == cases
    assert set(shown(again, "verdict")) == {"✗ nonfinite"}
    field = again.find_element("css selector", 'input[data-column="verdict"]')
    assert field.get_attribute("value") == "=nonfinite"


def test_link_to_a_hidden_column_shows_it(browser: Any, report: Path) -> None:
    page = opened(browser, report, f"#rows?k={quote('=3')}&s={quote('=3')}")

    assert set(shown(page, "k")) == {"3"}
    assert set(shown(page, "s")) == {"3"}


def test_number_of_the_matrix_leads_to_its_rows(page: Any) -> None:
    link = page.find_element("css selector", ".matrix .member td.deviation a")
    count = int(link.text.split()[-1])
    link.click()
    wait(page, "location.hash.startsWith('#rows?target=')")

    assert total(page) == count


def test_sort_follows_its_header_and_shows_it(page: Any) -> None:
    header = page.find_element("css selector", COUNT)
    header.click()
    fill(page, "bad_count", ">0")

    wait(page, f"document.querySelector('{COUNT}').ariaSort === 'ascending'")
    rising = [int(count) for count in shown(page, "bad")]
    assert rising == sorted(rising)
    header.click()
    wait(page, f"document.querySelector('{COUNT}').ariaSort === 'descending'")
    falling = [int(count) for count in shown(page, "bad")]
    assert falling == sorted(falling, reverse=True)


def test_sort_works_from_the_keyboard(page: Any) -> None:
    header = page.find_element("css selector", COUNT)
    page.execute_script("arguments[0].querySelector('[tabindex],button')?.focus()", header)
    page.switch_to.active_element.send_keys("\n")

    wait(page, f"document.querySelector('{COUNT}').ariaSort === 'ascending'")


def test_row_shows_everything_and_the_command_that_reruns_it(page: Any) -> None:
    case, target = shown(page, "case")[0], shown(page, "target")[0]
    button = page.find_element("css selector", "button.more")
    button.click()

    assert button.get_attribute("aria-expanded") == "true"
    detail = page.find_element("css selector", ".row-detail")
    command = detail.find_element("css selector", ".command code").text
    assert command == rerun_command("careless.toml", case, target)
    assert Case.from_id(case).dtype in detail.text


def test_copy_says_that_it_copied(page: Any) -> None:
    page.execute_script("document.querySelector('#findings-table details').open = true")
    page.find_element("css selector", "#findings-table button.copy").click()
    wait(page, "document.getElementById('status').textContent === 'Copied.'")


def test_picture_has_a_cell_for_each_place_that_differs(browser: Any, report: Path) -> None:
    page = opened(browser, report, f"#rows?verdict={quote('=value')}")

    counts = page.execute_script("""
        return [...document.querySelectorAll("#rows-table tbody svg")].map((each) => [
            each.querySelectorAll(".bad").length, each.getAttribute("aria-label")])
    """)
    assert counts
    assert all(label.startswith(f"Where it differs: {count} of") for count, label in counts)


def test_every_field_button_and_picture_has_a_name(page: Any) -> None:
    page.find_element("css selector", "button.more").click()
    nameless = page.execute_script("""
        const named = (each) => each.ariaLabel || each.textContent.trim() || each.labels?.length;
        return [...document.querySelectorAll("button, input, select, svg, table, [role=region]")]
            .filter((each) => !named(each)).map((each) => each.outerHTML.slice(0, 200));
    """)

    assert nameless == []


def test_headings_leave_out_no_level(page: Any) -> None:
    levels = page.execute_script(
        "return [...document.querySelectorAll('h1,h2,h3,h4')].map((h) => Number(h.tagName[1]))"
    )

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(lower - upper <= 1 for upper, lower in pairwise(levels))


def width_of(page: Any, screen: int) -> int:
    """Return how wide the page is on a screen of that width, with all that is folded opened."""
    metrics = {"width": screen, "height": 844, "deviceScaleFactor": 1, "mobile": screen < 600}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    page.execute_script("document.querySelectorAll('details').forEach((d) => { d.open = true })")
    try:
        return int(page.execute_script("return document.documentElement.scrollWidth"))
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("screen", [390, 1280])
def test_page_is_no_wider_than_the_screen(page: Any, screen: int) -> None:
    assert width_of(page, screen) <= screen


def test_page_of_many_targets_is_no_wider_than_a_phone(browser: Any, tmp_path: Path) -> None:
    run = synthetic.write(tmp_path / "run", 2_000)
    report = html.write(Summary.from_run(RunReader(run)))

    assert width_of(opened(browser, report), 390) <= 390


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(page: Any, scheme: str) -> None:
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    try:
        worst = page.execute_script(CONTRAST)
    finally:
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})

    assert worst[0] >= 4.5, worst


CONTRAST: Final = """
    const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const light = (colour) => numbers(colour).slice(0, 3).map((c) => c / 255)
        .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
    const ground = (each) => {
        for (; each; each = each.parentElement) {
            const colour = getComputedStyle(each).backgroundColor;
            if ((numbers(colour)[3] ?? 1) > 0) return colour;
        }
    };
    const faded = (each) => each && (Number(getComputedStyle(each).opacity) < 1 ||
        faded(each.parentElement));
    return [...document.querySelectorAll("main *, .top *")]
        .filter((each) => [...each.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
        .filter((each) => each.getClientRects().length && !each.closest("[aria-disabled=true]"))
        .map((each) => {
            const [one, other] = [light(getComputedStyle(each).color), light(ground(each))];
            const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
            return [faded(each) ? 1 : ratio, each.outerHTML.slice(0, 200)];
        }).sort((one, other) => one[0] - other[0])[0];
"""

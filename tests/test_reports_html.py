"""The HTML page: whole, self-contained, escaped, readable, the same every time."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest
from lossdoctor_reports.html import TEMPLATES, HtmlReport

from lossdoctor.contracts.report import Report
from lossdoctor.trace.model import Diagnosis, Trace

from . import reports_fixtures as made

VOID = {"meta", "link", "br", "img", "hr", "input", "use", "path", "rect", "image", "col"}
CASES = {
    "sick": (made.sick, made.sick_trace),
    "healthy": (made.healthy, made.healthy_trace),
    "crashed": (made.crashed, made.crashed_trace),
    "hostile": (made.hostile, lambda: None),
}


class Page(HTMLParser):
    """Checks nesting, collects ids, links, section order and visible text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        assert self.open == [], f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open, f"</{tag}> closes nothing"
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data

    def attributes(self, name: str) -> list[str]:
        return [a[name] or "" for _, a in self.tags if name in a]


def render(diagnosis: Diagnosis, trace: Trace | None = None) -> str:
    return HtmlReport(made.ROOT).render(diagnosis, trace)


@pytest.fixture(params=list(CASES))
def page(request: pytest.FixtureRequest) -> str:
    diagnosis, trace = CASES[request.param]
    return render(diagnosis(), trace())


def test_it_is_a_report() -> None:
    assert isinstance(HtmlReport(), Report)
    assert (HtmlReport.name, HtmlReport.filename) == ("html", "report.html")


def test_tags_are_nested_and_ids_unique_and_links_resolve(page: str) -> None:
    parsed = Page(page)
    ids = parsed.attributes("id")
    assert len(ids) == len(set(ids))
    for target in [h for h in parsed.attributes("href") + parsed.attributes("xlink:href") if h.startswith("#")]:
        assert target[1:] in ids, target


def test_nothing_is_fetched_and_nothing_runs(page: str) -> None:
    parsed = Page(page)
    assert not {"script", "link", "iframe", "object", "embed"} & {tag for tag, _ in parsed.tags}
    for value in [*parsed.attributes("src"), *parsed.attributes("href"), *parsed.attributes("xlink:href")]:
        assert value.startswith(("#", "data:image/")), value
    assert set(re.findall(r"https?://[^\s\"')]*", page)) <= {
        "http://www.w3.org/1999/xlink",
        "http://www.w3.org/2000/svg",
    }
    assert not [name for _, attributes in parsed.tags for name in attributes if name.startswith("on")]
    assert "@import" not in page
    assert "url(" not in page.replace("url(#", "")


def test_the_same_input_gives_the_same_bytes() -> None:
    assert render(made.sick(), made.sick_trace()) == render(made.sick(), made.sick_trace())


def test_order_of_the_page() -> None:
    page = render(made.sick(), made.sick_trace())
    order = [
        "headline",
        "proof",
        "plot-trials",
        "plan",
        "explains",
        "findings",
        "patch",
        "tree",
        "cannot-tell",
        "plots",
        "notes",
    ]
    ids = Page(page).attributes("id")
    assert [i for i in ids if i in order] == order
    assert page.index('<table class="trials">') > page.index('id="plot-trials"')


def test_the_sick_page_says_what_matters() -> None:
    text = " ".join(Page(render(made.sick(), made.sick_trace())).text.split())
    for wanted in (
        "The LSTM reads samples as time steps",
        "train.py:24",
        "self.recurrent = nn.LSTM(input_dim, hidden_dim, num_layers, dropout=dropout)",
        "mixed fraction0.9412",
        "dropout=dropout, batch_first=True)",
        "the model ends in nn.Linear, which reaches every real number; targets lie in [0, 1]",
        "the script evaluates nothing in its first 100 steps",
        "Learning rate is left out: the learning rate stays at 0.003.",
        "2.13.0",
    ):
        assert wanted in text, wanted
    assert str(made.ROOT) not in text


def test_every_picture_has_a_text_alternative() -> None:
    page = Page(render(made.sick(), made.sick_trace()))
    pictures = [a for tag, a in page.tags if tag == "svg"]
    assert len(pictures) == 9
    assert all(p.get("role") == "img" and len(p.get("aria-label") or "") > 30 for p in pictures)


def test_the_healthy_page_shows_the_run_and_claims_no_more_than_it_knows() -> None:
    page = Page(render(made.healthy(), made.healthy_trace()))
    ids = page.attributes("id")
    assert ids.index("run") < ids.index("findings") < ids.index("tree")
    assert "proof" not in ids
    assert ids.count("plot-loss") == 1
    text = " ".join(page.text.split())
    assert "Nothing wrong was found in this run" in text
    assert "cannot be told" in text


def test_the_crashed_page_shows_the_traceback() -> None:
    text = " ".join(Page(render(made.crashed(), made.crashed_trace())).text.split())
    assert "No diagnosis" in text
    assert 'File "train.py", line 31, in forward' in text
    assert "There is nothing to draw: the run recorded no training step." in text


def test_without_a_trace_the_page_says_where_the_curves_are() -> None:
    text = " ".join(Page(render(made.sick())).text.split())
    assert "The curves are in the trace" in text
    assert "There is no picture of it" in text


def test_hostile_text_stays_text() -> None:
    page = render(made.hostile())
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "\x1b" not in page
    assert "print('&lt;/pre&gt;')" in " ".join(Page(page).text.split()).replace("<", "&lt;").replace(">", "&gt;")


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted([luminance(one), luminance(other)], reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_contrast_meets_wcag_aa(theme: int) -> None:
    blocks = re.findall(r":root \{(.*?)\}", (TEMPLATES / "report.css").read_text(encoding="utf-8"), re.S)
    colour = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", blocks[theme]))
    pairs = [
        ("ink", "page"),
        ("ink", "paper"),
        ("ink", "sunk"),
        ("muted", "page"),
        ("muted", "paper"),
        ("muted", "sunk"),
    ]
    pairs += [(hue, f"{hue}-wash") for hue in ("red", "amber", "green", "blue")] + [
        ("muted", "grey-wash"),
        ("blue", "sunk"),
    ]
    pairs += [(hue, "paper") for hue in ("red", "amber", "green", "blue")] + [(k, "sunk") for k in "ksn"]
    pairs += [(f"plot-{hue}", "paper") for hue in ("ink", "muted", "blue", "green", "orange")]
    poor = {pair: round(contrast(colour[pair[0]], colour[pair[1]]), 2) for pair in pairs}
    assert {pair: ratio for pair, ratio in poor.items() if ratio < 4.5} == {}


def test_rendering_needs_no_torch_and_no_pyplot() -> None:
    code = (
        "import sys; from tests import reports_fixtures as made; from lossdoctor_reports.html import HtmlReport;"
        "assert 'matplotlib' not in sys.modules;"
        "HtmlReport(made.ROOT).render(made.sick(), made.sick_trace());"
        "assert not {'torch', 'matplotlib.pyplot'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; {code}"], check=True, timeout=120)

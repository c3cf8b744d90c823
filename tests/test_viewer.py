"""The attention viewer: its data are the package's, and it works by mouse, keyboard and touch."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import numpy as np
import pytest

from embcourse.figures.attention_viewer import FILE, viewer_data, viewer_groups
from embcourse.self_attention.model import minilm_attention
from tests.pages import LAPTOP, PHONE

PAGE = "book/attending/self_attention.html"
LIMIT = 400_000  # bytes
LAYER, HEAD = 2, 4  # where the tests go, from 0; the page begins elsewhere


def stored() -> dict:
    """What the script holds."""
    text = FILE.read_text(encoding="utf-8").partition("window.AttentionViewer.data = ")[2]
    return json.loads(text.removesuffix(";\n"))


def weights_of(reading: dict, layer: int, head: int) -> np.ndarray:
    n = len(reading["tokens"])
    levels = np.frombuffer(base64.b64decode(reading["weights"]), np.uint8)
    return levels.reshape(6, 12, n, n)[layer, head] / 255


def test_the_data_are_what_the_model_gives_and_small() -> None:
    assert FILE.stat().st_size < LIMIT
    held, fresh = stored(), viewer_data()
    for mine, theirs in zip(held["groups"], fresh["groups"], strict=True):
        assert mine["title"] == theirs["title"]
        for ours, anew in zip(mine["readings"], theirs["readings"], strict=True):
            names = ("label", "tokens", "focus")
            assert [ours[name] for name in names] == [anew[name] for name in names]
            one, other = (
                np.frombuffer(base64.b64decode(reading["weights"]), np.uint8).astype(int)
                for reading in (ours, anew)
            )
            assert np.abs(one - other).max() <= 1  # another machine rounds otherwise


def test_a_head_of_the_stored_data_is_that_head_of_the_model() -> None:
    first = stored()["groups"][0]["readings"][0]
    record = minilm_attention(next(iter(viewer_groups().values()))[0].text)
    shown = weights_of(first, 0, 0)
    np.testing.assert_allclose(shown, record.weights[0, 0], atol=1 / 500)


class TestPage:
    @pytest.fixture
    def viewer(self, open_page: Callable, request: pytest.FixtureRequest):
        options = getattr(request, "param", {"viewport": LAPTOP})
        page = open_page(PAGE, **options)
        page.get_by_role("button", name="Open the viewer").click()
        page.locator(".av-heads button").first.wait_for()
        return page

    def shares(self, page, reading: int = 0) -> dict[int, str]:
        texts = page.locator(".av-readings figure").nth(reading).locator(".av-share")
        return {i: text.strip() for i, text in enumerate(texts.all_inner_texts()) if text.strip()}

    def expected(self, reading: dict, token: int, layer: int, head: int) -> dict[int, str]:
        row = weights_of(reading, layer, head)[token]
        return {i: f"{round(100 * share)} %" for i, share in enumerate(row) if share >= 0.05}

    def test_nothing_is_loaded_before_it_is_asked_for(self, open_page: Callable) -> None:
        page = open_page(PAGE, viewport=LAPTOP)
        names = page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
        assert any(name.split("?")[0].endswith("attention_viewer.js") for name in names)
        assert not any("attention_data.js" in name for name in names)

    def test_by_mouse(self, viewer) -> None:
        reading = stored()["groups"][0]["readings"][0]
        viewer.locator(".av-heads button").nth(12 * LAYER + HEAD).click()
        assert viewer.locator(".av-where").inner_text() == f"Layer {LAYER + 1}, head {HEAD + 1}"
        for token in (0, 3, len(reading["tokens"]) - 1):
            viewer.locator(".av-readings figure").first.locator("button").nth(token).hover()
            assert self.shares(viewer) == self.expected(reading, token, LAYER, HEAD)
        assert viewer.locator(".av-said").inner_text().startswith("[SEP] looks at")

    def test_by_keyboard(self, viewer) -> None:
        reading = stored()["groups"][0]["readings"][0]
        assert viewer.evaluate("document.activeElement.tagName") == "SELECT"
        viewer.keyboard.press("Tab")
        chosen = reading["focus"]
        assert viewer.evaluate("document.activeElement.ariaPressed") == "true"
        viewer.keyboard.press("ArrowRight")
        layer, head = (
            int(viewer.locator(".attention-viewer").get_attribute(f"data-{name}")) - 1
            for name in ("layer", "head")
        )
        assert self.shares(viewer) == self.expected(reading, chosen + 1, layer, head)
        viewer.keyboard.press("Home")
        assert self.shares(viewer) == self.expected(reading, 0, layer, head)
        viewer.keyboard.press("Tab")  # the second reading
        viewer.keyboard.press("Tab")  # the heads
        viewer.keyboard.press("ArrowUp")
        assert viewer.locator(".av-where").inner_text() == f"Layer {layer}, head {head + 1}"
        assert self.shares(viewer) == self.expected(reading, 0, layer - 1, head)

    def test_says_in_words_what_it_shows(self, viewer) -> None:
        said = viewer.locator(".av-said")
        assert said.get_attribute("role") == "status"
        assert said.inner_text().count("looks at") == 2
        tokens = viewer.locator(".av-tokens").first
        assert tokens.get_attribute("aria-label") == "money"
        heads = viewer.locator(".av-heads button")
        assert heads.count() == 72
        assert heads.nth(13).get_attribute("aria-label") == "Layer 2, head 2"
        assert viewer.locator(".av-heads [aria-checked=true]").count() == 1

    @pytest.mark.parametrize(
        "viewer", [{"viewport": PHONE, "has_touch": True}], indirect=True, ids=["phone"]
    )
    def test_by_touch_on_a_phone(self, viewer) -> None:
        groups = stored()["groups"]
        for number, group in enumerate(groups):
            viewer.locator(".attention-viewer select").select_option(str(number))
            assert viewer.locator(".av-readings figure").count() == len(group["readings"])
            wide = viewer.evaluate(
                "document.documentElement.scrollWidth > document.documentElement.clientWidth"
            )
            assert not wide, group["title"]
        button = viewer.locator(".av-readings figure").first.locator("button").nth(1)
        button.tap()
        assert button.get_attribute("aria-pressed") == "true"
        box = button.bounding_box()
        assert box["height"] >= 32

    def test_draws_what_it_is_given(self, viewer) -> None:
        """Live weights of a sentence that the reader types, for a later chapter."""
        viewer.evaluate(
            """() => {
              const place = document.createElement("div");
              place.id = "live";
              document.querySelector("article").prepend(place);
              AttentionViewer.mount(place, [{title: "live", readings: [{
                label: "typed", tokens: ["a", "b"], focus: 0, layers: 1, heads: 1,
                weight: () => Float32Array.from([0.25, 0.75, 1, 0])}]}]);
            }"""
        )
        live = viewer.locator("#live")
        assert live.locator(".av-share").all_inner_texts() == ["25 %", "75 %"]
        live.locator(".av-tokens button").nth(1).click()
        assert live.locator(".av-said").inner_text() == "b looks at a 100 %."

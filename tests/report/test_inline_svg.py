"""A figure inside a page: its own ids, the page's colours, names as they are."""

import xml.etree.ElementTree as ElementTree

from matplotlib.figure import Figure

from sim.report.inline_svg import inline_svg
from sim.report.style import BLUE, INK, bare, canvas, halo, narrow, styled


@styled
def draw(name):
    figure, axes = canvas(f"About {name}", "Below")
    axes.plot([0, 1], [0, 1], color=BLUE, label=name, clip_on=True)
    axes.text(0.5, 0.5, name, color=INK, path_effects=halo())
    return figure


def drawn(name, key="one"):
    with bare() as words:
        figure = draw(name)
    return inline_svg(figure, key, "A title", f"It shows {name}"), words


def test_ids_are_the_pictures_own():
    for key in ("one", "two"):
        root = ElementTree.fromstring(drawn("x", key)[0])
        ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
        assert ids and all(name.startswith(f"{key}-") for name in ids)
        for element in root.iter():
            for value in element.attrib.values():
                for target in value.split("url(#")[1:]:
                    assert target.split(")")[0] in ids


def test_words_go_to_the_page_and_letters_stay_letters():
    text, words = drawn("a label")
    assert (words.headline, words.subtitle) == ("About a label", "Below")
    assert "About a label" not in text
    assert ">a label</text>" in text
    assert "var(--blue)" in text and "var(--ink)" in text and "#0072b2" not in text.lower()


def test_names_with_signs_of_other_languages_are_drawn_as_they_are():
    for name in ("costs $5 or $10$", "<b>&amp;", r"$\frac{", "会社", "bell \x07 here"):
        root = ElementTree.fromstring(drawn(name)[0])
        letters = ["".join(element.itertext()) for element in root.iter() if element.tag.endswith("text")]
        assert any(name.replace("\x07", "") in text for text in letters)


def test_only_pictures_for_a_page_are_bare():
    assert isinstance(draw("x"), Figure) and not narrow() and halo()
    with bare(3.75):
        assert narrow() and not halo()
        assert draw("x").get_size_inches()[0] == 3.75

"""Published signals: what everybody can see, as of the last refresh. Integers in, so order never matters.

What is live is published anew whenever it changes; then the order of events does matter, and both engines
keep it (docs/model.md, 3.2).
"""

import numpy as np

from sim._jit import njit
from sim.model.layout import ADOPTERS, REVIEWS


@njit(entry=True)
def publish(w, s, first, last, t):
    """Refresh signal s at sites first..last - 1 at time t; what the whole brand shows, at all of them at once."""
    signal = w.signals[s]
    if signal.fakes > 0:
        for site in range(first, last):
            w.faked[site, s] = signal.fakes_from <= t < signal.fakes_until
    if signal.kind != REVIEWS and signal.kind != ADOPTERS and signal.bins > 0:
        for site in range(first, last):
            _roll(w, signal, s, site)
    for site in range(first, last):
        _show(w, signal, s, site)


@njit
def _show(w, signal, s, site):
    """Site `site` shows signal s as it stands."""
    if signal.kind == REVIEWS:
        _average(w, signal, s, site)
    elif signal.kind == ADOPTERS:
        _adopters(w, signal, s, site)
    else:
        _share(w, signal, s, site)


@njit
def changed(w, s, site):
    """Something has come in for signal s at a site: what is live shows it at once."""
    signal = w.signals[s]
    if signal.live:
        _show(w, signal, s, site)


@njit
def count_adopter(w, site):
    """Somebody has become a customer for the first time."""
    w.adopted[site, 0] += 1
    for s in range(len(w.signals)):
        if w.signals[s].kind == ADOPTERS:
            changed(w, np.int64(s), site)


@njit
def _span(w, signal, site):
    """The sites whose news a site shows: its own, or every one's."""
    return (0, len(w.site_size)) if signal.brand else (site, site + 1)


@njit
def _adopters(w, signal, s, site):
    """The share of the people who have ever become customers."""
    first, last = _span(w, signal, site)
    adopted, people = 0, 0
    for k in range(first, last):
        adopted += w.adopted[k, 0]
        people += w.adopted[k, 1]
    w.published[site, s] = adopted / people if people > 0 else 0.0
    w.published_count[site, s] = adopted


@njit
def _average(w, signal, s, site):
    first, last = _span(w, signal, site)
    total, number = 0, 0
    for k in range(first, last):
        total += w.stars[k, s, 0]
        number += w.stars[k, s, 1]
    known, stars = signal.count + number, signal.average * signal.count + total
    if signal.fakes > 0 and w.faked[site, s]:
        known, stars = known + signal.fakes, stars + signal.fake_stars * signal.fakes
    w.published[site, s] = stars / known if known > 0 else 0.0
    w.published_count[site, s] = known


@njit
def _roll(w, signal, s, site):
    """The window moves on by one refresh; bin 0 is being filled."""
    for b in range(signal.bins, 0, -1):
        w.counted[site, s, b] = w.counted[site, s, b - 1]
    w.counted[site, s, 0] = 0


@njit
def _share(w, signal, s, site):
    """Orders in the window for each customer of the site."""
    first, last = _span(w, signal, site)
    total, people = 0, 0
    for k in range(first, last):
        people += w.site_size[k]
        total += w.counted[k, s, 0] if signal.bins == 0 else 0
        for b in range(1, signal.bins + 1):
            total += w.counted[k, s, b]
    w.published[site, s] = total / people if people > 0 else 0.0
    w.published_count[site, s] = total

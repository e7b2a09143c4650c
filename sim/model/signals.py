"""Published signals: what everybody can see, as of the last refresh. Integers in, so order never matters."""

from sim._jit import njit
from sim.model.layout import REVIEWS


@njit
def publish(w, s, first, last):
    """Refresh signal s at sites first..last - 1; what the whole brand shows, at all of them at once."""
    signal = w.signals[s]
    for site in range(first, last):
        if signal.kind == REVIEWS:
            _average(w, signal, s, site)
        else:
            _roll(w, signal, s, site)
    if signal.kind != REVIEWS:
        for site in range(first, last):
            _share(w, signal, s, site)


@njit
def _span(w, signal, site):
    """The sites whose news a site shows: its own, or every one's."""
    return (0, len(w.site_size)) if signal.brand else (site, site + 1)


@njit
def _average(w, signal, s, site):
    first, last = _span(w, signal, site)
    total, number = 0, 0
    for k in range(first, last):
        total += w.stars[k, s, 0]
        number += w.stars[k, s, 1]
    known = signal.count + number
    w.published[site, s] = (signal.average * signal.count + total) / known if known > 0 else 0.0
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
        for b in range(1, signal.bins + 1):
            total += w.counted[k, s, b]
    w.published[site, s] = total / people if people > 0 else 0.0
    w.published_count[site, s] = total

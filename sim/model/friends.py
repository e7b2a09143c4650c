"""Word of mouth: who speaks to friends after a touch, and what becomes of it when it reaches them.

What is said lies in World.mail until the next whole day and is then heard in the order of (who hears, who
spoke, after which of his touches), so that it makes no difference in which order it was said.
"""

import math

import numpy as np

from sim._jit import njit
from sim.model.calendar import clock_time, profile_time
from sim.model.contact import is_message
from sim.model.draws import draw
from sim.model.feelings import fade, move
from sim.model.keys import hash_name
from sim.model.layout import CUSTOMER, DAY, FIRST_VISIT, NOBODY, PROSPECT, WORD
from sim.model.loyalty import loyalty_to_tell
from sim.model.pending import NO_VISITS, SENT, insert, new_node
from sim.model.places import place_of
from sim.model.record import ONE, count
from sim.model.world import MAILED

PURPOSES = ("heard",)
HEARD = np.int64(hash_name("word", "heard"))
MOST_TOLD = 8  # friends at a time
_TELLS, _WHOM, _MANY = np.arange(3)  # columns of STEP["word"]
_TOLD, _REFERRED = DAY["told"], DAY["referred"]
_HOUR = 1.0 / 24.0


# ---------------------------------------------------------------- speaking
@njit
def speak(w, p, t, stream, index, visit, place, valence):
    """After a touch of some valence a customer may tell friends: whoever is hurt rather than whoever is pleased
    (Anderson 1998), and of the pleased rather those who are committed to the brand."""
    if p.status != CUSTOMER or is_message(w, stream, np.int64(place.touchpoint)):
        return
    q, committed = w.psyche[0], loyalty_to_tell(w, p, t)
    chance = q.word_of_mouth * (
        valence * math.exp(committed) if valence > 0.0 else -valence * q.bad_news * math.exp(-committed)
    )
    if chance <= 0.0 or draw(w, p, stream, index, visit, place.word[_TELLS]) >= chance:
        return
    i = place_of(w, p)
    first = w.friends_at[i]
    friends = w.friends_at[i + 1] - first
    if friends == 0:
        return
    number = min(_how_many(w, p, stream, index, visit, place), friends)
    at = int(draw(w, p, stream, index, visit, place.word[_WHOM]) * friends)
    for k in range(number):
        _post(w, np.int64(w.friends[first + (at + k) % friends]), i, np.int64(p.n_touch), valence)
    count(w, p, t, _TOLD, np.int64(number))


@njit
def _how_many(w, p, stream, index, visit, place):
    """A geometric number from 1 on, with the mean `told`."""
    q = w.psyche[0]
    if q.told <= 1.0:
        return 1
    u = draw(w, p, stream, index, visit, place.word[_MANY])
    return min(MOST_TOLD, 1 + int(math.log(u) / math.log1p(-1.0 / q.told)))


@njit
def _post(w, to, sender, touch, valence):
    mail = w.mail[w.tally[MAILED]]
    mail.to, mail.sender, mail.touch, mail.valence = to, sender, touch, valence
    w.tally[MAILED] += 1


# ---------------------------------------------------------------- hearing
@njit(entry=True)
def deliver(w, mails, t, woken):
    """Everything in `mails`, in their order, is heard at time t: fills `woken` with those who now have something
    on their list; how many."""
    n, k = 0, 0
    while k < len(mails):
        to = np.int64(mails[k].to)
        p, good = w.people[to], 0.0
        while k < len(mails) and mails[k].to == to:
            word = np.float64(mails[k].valence)
            _hear(w, p, w.heard[to], word, t)
            good = max(good, word)
            k += 1
        if good > 0.0 and _wants_to_know(w, p, t):
            _make_curious(w, p, t)
            woken[n] = to
            n += 1
    return n


@njit
def _hear(w, p, heard, word, t):
    """A word is remembered; a customer trusts the brand more or less for it."""
    heard.good, heard.bad, heard.t = _left(w, heard.good, heard, t), _left(w, heard.bad, heard, t), t
    q = w.psyche[0]
    if word > 0.0:
        heard.good += word
    else:
        heard.bad -= word
    if p.status == CUSTOMER:
        pull = q.word_trust * (word if word > 0.0 else word * q.bad_news)
        p.trust = move(np.float64(p.trust), max(pull, -1.0))


@njit
def _left(w, stored, heard, t):
    return stored * fade(w.psyche[0].word_half_life, t - heard.t) if stored != 0.0 else 0.0


@njit
def _wants_to_know(w, p, t):
    """Prospects look at what a friend speaks well of, but for those who have lost interest for good."""
    if p.status != PROSPECT or t < 0.0 or w.streams[WORD].step < 0:
        return False
    return p.due_leave < math.inf or w.segments[p.segment].aware_gap == math.inf


@njit
def _make_curious(w, p, t):
    """A prospect's occasion at his next active moment, numbered by the day: one a day, however many spoke."""
    index, calendar, due = np.int64(t), w.segments[p.segment].calendar, t
    if calendar >= 0:
        after = _HOUR * draw(w, p, WORD, index, FIRST_VISIT, HEARD)
        due = max(t, clock_time(w, calendar, profile_time(w, calendar, t) + after))
    step = np.int64(w.streams[WORD].step)
    insert(w, p, new_node(w, due, WORD, index, NO_VISITS, step, SENT, NOBODY, NOBODY))


# ---------------------------------------------------------------- what it does
@njit
def pull_of_friends(w, p, t):
    """What friends have said lately, -bad_news..1: good words less bad ones, which weigh more."""
    if len(w.heard) == 0:
        return 0.0
    heard, q = w.heard[place_of(w, p)], w.psyche[0]
    good, bad = _left(w, heard.good, heard, t), _left(w, heard.bad, heard, t)
    return (good - q.bad_news * bad) / (1.0 + good + bad)


@njit
def come_on_a_word(w, p, t):
    """A prospect becomes a customer on a friend's word: he trusts and is bound from the first day on
    (Schmitt, Skiera & Van den Bulte 2011)."""
    q = w.psyche[0]
    p.referred = 1
    p.trust = move(np.float64(p.trust), q.referral_trust)
    p.affective = move(np.float64(p.affective), q.referral_bond)
    count(w, p, t, _REFERRED, ONE)

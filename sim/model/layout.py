"""The records: one contiguous row per customer, per pending step, per table row of the program.

Everything the model reads or writes is laid out here, and nowhere else. Times are days since the
start of the run (warm-up is negative), money is integer cents, feelings are on the scales of
``docs/model.md``.

Constants are NumPy integers: numba compiles a function anew for every *literal* integer that it is called
with, but not for these.
"""

import numpy as np

EMOTIONS = 8  # room for the emotions a scenario names
RECENT = 8  # order days remembered, for "orders in the last 30 days"

# ---------------------------------------------------------------- what a customer is
PROSPECT, CUSTOMER, LEFT, EXPECTED = np.arange(4)  # status; EXPECTED: enters later in the run
STAYED, RECONSIDERED, NOT_RENEWED, JOURNEY = np.arange(4)  # reason for leaving
REASONS = ("", "reconsidered", "not renewed", "journey")

PERSON = np.dtype(
    [
        # clocks
        ("t_feel", "f8"),  # when the stored feelings were valid; written only by a non-zero impulse
        ("t_order", "f8"),  # last order
        ("due_need", "f8"),  # next need
        ("due_leave", "f8"),  # next reconsideration or renewal; for a prospect, next awareness
        ("t_entry", "f8"),  # became a customer
        ("t_left", "f8"),  # left, or inf
        # indices: the occasion numbers that key the draws
        ("id", "u4"),
        ("n_need", "i4"),
        ("n_leave", "i4"),
        ("n_touch", "i4"),
        ("n_order", "i4"),
        ("seq", "i4"),  # log rows written
        ("pending", "i4"),  # head of the list of pending steps (-1: none)
        ("asking", "i4"),  # the pending step that waits for staff or stock (-1: none)
        ("site", "i4"),
        ("segment", "u1"),
        ("status", "u1"),
        ("reason", "u1"),
        ("founding", "u1"),  # was a customer before day 0
        ("last_gift", "i2"),  # trigger of the last gift (-1: none)
        ("answer", "u1"),  # last answer to a survey, 1 more than its score (0: never answered)
        ("opted_out", "u1"),  # wants no messages
        # feelings and beliefs
        ("emotion", "f4", (EMOTIONS,)),
        ("goodwill", "f4"),
        ("satisfaction", "f4"),
        ("expectation", "f4"),
        ("trust", "f4"),
        ("affective", "f4"),
        ("normative", "f4"),
        ("obligation", "f4"),
        ("gift_habit", "f4"),  # how expected a gift has become
        ("scarce_seen", "f4"),  # scarcity cues met lately
        ("peak", "f4"),  # strongest valence of the episode at hand
        ("satisfied_before", "f4"),  # satisfaction when the episode began
        ("grievance", "f4"),  # failures not made good, 0..1
        ("pressure", "f4"),  # messages met lately
        ("reference", "f4"),  # price that seems right, as a multiple of today's
        # traits
        ("need_gap", "f4"),  # mean days between needs (inf: never)
        ("leave", "f4"),  # per day, or per renewal, or per visit
        ("spend", "f4"),  # mean order value, currency
        ("reactivity", "f4"),
        ("loss_aversion", "f4"),
        ("scarcity", "f4"),
        ("social_proof", "f4"),
        ("reciprocity", "f4"),
        ("price_sensitivity", "f4"),
        ("privacy_concern", "f4"),
        ("values", "f4"),
        ("alternatives", "f4"),
        ("switching_cost", "f4"),  # currency
        ("willing", "f4"),  # to buy at all, logits
        ("recent", "u2", (RECENT,)),  # ring of the days of the last orders: campaigns.day_number
        ("lives", "u1"),  # returns after having left
        ("referred", "u1"),  # came on a friend's word
        ("in_episode", "u1"),  # touches in the episode at hand
        ("failures", "u1"),  # failures since the customer last bore no grievance
    ],
    align=True,
)

# somebody was a customer, was not, and is one again
ABSENCE = np.dtype(
    [("customer", "u4"), ("segment", "u1"), ("reason", "u1"), ("left", "f8"), ("back", "f8")], align=True
)

PENDING = np.dtype(
    [
        ("due", "f8"),  # inf: waits for a touch at `waits_at`
        ("visits", "i8"),  # visit numbers of the steps on cycles, 5 counters of 12 bits
        ("index", "u4"),  # occasion index within its stream
        ("stream", "u2"),
        ("step", "i2"),
        ("waits_at", "i2"),  # touchpoint at which a gift is handed over (-1: not a gift)
        ("trigger", "i2"),  # the trigger that turned the decision to come here (-1: none)
        ("chance", "f4"),  # the probability of that decision
        ("next", "i4"),  # next node of the same customer, or of the free list
    ],
    align=True,
)

# ---------------------------------------------------------------- the event log
# kind; SKIPPED and STAYING for stories only; RETURNING: a customer again
TOUCH, LEAVING, SKIPPED, STAYING, ENTERING, RETURNING = np.arange(6)
OK, FAILED, GAVE_UP, CLOSED, SOLD_OUT = np.arange(5)  # outcome
OUTCOMES = ("ok", "failed", "gave up", "closed", "sold out")

LOG = np.dtype(
    [
        ("t", "f8"),  # days
        ("customer", "u4"),  # id
        ("seq", "u4"),  # running number of this customer's rows
        ("index", "u4"),  # occasion index within its stream
        ("stream", "u2"),  # what the customer's occasion was: Program.stream_names
        ("step", "i2"),  # Program.step_names ("journey.step"); -1 where none
        ("touchpoint", "i2"),  # Program.touchpoint_names; -1 where none
        ("kind", "u1"),
        ("outcome", "u1"),
        ("trigger", "i2"),  # the strongest trigger that worked: Program.trigger_names; -1 none
        ("answer", "u1"),  # to a survey, 1 more than its score; 0: none was given
        ("order", "u4"),  # the customer's order number; 0 where nothing was bought
        ("revenue", "i4"),  # cents
        ("cost", "i4"),  # cents
        ("wait", "f4"),  # days
        ("quality", "f4"),
        ("perceived", "f4"),
        ("valence", "f4"),
        ("mood_before", "f4"),  # positive minus negative emotions, -1..1
        ("mood_after", "f4"),
        ("goodwill", "f4"),
        ("satisfaction", "f4"),
        ("expectation", "f4"),
        ("trust", "f4"),
        ("loyalty", "f4"),  # L_leave after the touch
        ("chance", "f4"),  # the probability of the decision that led here (1: certain)
    ],
    align=True,
)

# ---------------------------------------------------------------- the program: rows of numbers
NOBODY = np.int64(-1)  # "none" in every index below
FIRST_VISIT = np.int64(0)

# streams of occasions: the first six are fixed, campaigns follow, and events
NEED, LEAVE, PLEA, AWARE, ENTRY, WORD, CAMPAIGNS = np.arange(7)
END, LEAVES = np.int64(-1), np.int64(-2)  # targets of an edge that are no step

STREAM = np.dtype(
    [
        ("hash", "u4"),
        ("step", "i2"),  # first step of the journey that starts on it, NOBODY if none does
        ("usually", "f8"),  # probability today that the occasion turns into the journey
    ],
    align=True,
)

# what a step draws: purposes of its keyed uniforms, one column of STEP["purpose"] each
FAILS, QUALITY, SERVICE, PATIENCE, STARS, ANSWERS, SCORE, ACTS, WRITES = np.arange(9)
PURPOSES = ("fails", "quality", "service", "patience", "stars", "answers", "score", "acts", "writes")
WORDS = ("tells a friend", "whom", "how many")  # one column of STEP["word"] each

STEP = np.dtype(
    [
        ("touchpoint", "i2"),
        ("slot", "i2"),  # which visit counter it uses; NOBODY where it cannot be met twice in one occasion
        ("purpose", "i8", (len(PURPOSES),)),
        ("word", "i8", (len(WORDS),)),
        ("edges", "i4", (len(OUTCOMES) + 1,)),  # edges of outcome k: edges[k]:edges[k + 1]
        ("feels", "i4", (len(OUTCOMES) + 1,)),  # FEEL rows of outcome k: feels[k]:feels[k + 1]
    ],
    align=True,
)

EDGE = np.dtype(
    [
        ("target", "i2"),  # a step, END or LEAVES
        ("race", "i8"),  # purpose hash of the uniform that races for it
        ("delay_key", "i8"),
        ("delay", "i4"),  # sampler row, NOBODY for at once
        ("weight", "f8"),
        ("pulls", "i4"),  # PULL rows pulls:pulls_end
        ("pulls_end", "i4"),
        ("follows", "i4"),  # FOLLOW rows follows:follows_end
        ("follows_end", "i4"),
    ],
    align=True,
)

FOLLOW = np.dtype([("signal", "i4"), ("coefficient", "f8")], align=True)

PULL = np.dtype([("state", "i4"), ("coefficient", "f8")], align=True)
# what a pull may read: the emotions come first, by their number
STATES = (
    "goodwill", "satisfaction", "expectation", "trust", "obligation", "affective", "normative",
    "economic", "forced", "habitual", "valence", "loyalty", "advocacy", "grievance",
)  # fmt: skip

NO_PRICE, OWN_SPEND, FIXED_PRICE = np.arange(3)
TOUCHPOINT = np.dtype(
    [
        ("quality", "i4"),  # sampler row
        ("empathy", "f8"),
        ("effort", "f8"),
        ("transparency", "f8"),
        ("personalisation", "f8"),
        ("control", "f8"),
        ("fails", "f8"),
        ("still_sells", "i4"),  # a failed touch is paid for all the same
        ("severity", "f8", (len(OUTCOMES),)),
        ("recovers", "f8"),
        ("cost", "i4"),  # cents
        ("price_kind", "i4"),
        ("price", "f8"),  # currency
        ("margin", "f8"),
        ("discount", "f8"),
        ("relative_price", "f8"),  # discount included, as a multiple of the baseline's, which `usually` knows
        ("pool", "i2"),
        ("stock", "i2"),
        ("writes", "i2"),  # reviews signal
        ("opens", "i4"),  # calendar of the pool's opening hours
        ("service", "i4"),  # sampler row, days
        ("patience", "i4"),  # sampler row, days; NOBODY: for ever
        ("priority", "i4"),
        ("triggers", "i4"),  # TRIGGER rows triggers:triggers_end
        ("triggers_end", "i4"),
        ("counted", "i2"),  # popularity signal that counts it
        ("stage", "i2"),
        # a touch, memory and trust
        ("number", "i2"),  # its own place in the table
        ("promises", "f8"),  # a score; nan where it promises nothing
        ("shows_alternatives", "f8"),
        ("community", "f8"),
        ("guarantee", "f8"),
        ("usual_guarantee", "f8"),  # the baseline's, which `usually` already knows
        # training, hours
        ("trains", "f8"),  # days in which half of the training takes effect; 0: there is none
        ("trained_failures", "f8"),  # share of the failures that it takes away
        ("trained_empathy", "f8"),  # impulse on empathy
        ("trained_recovery", "f8"),  # impulse on recovers
        ("suits", "i4"),  # calendar of the hours in which its personalisation is relevant; NOBODY: all
        ("asks", "i2"),  # SURVEY row, NOBODY: asks nothing
        (
            "script",
            "i2",
        ),  # a function of the user's own says what happens (its own number); NOBODY: none does
    ],
    align=True,
)

# questions of surveys, and their scores
NPS, CSAT, CES = np.arange(3)
QUESTIONS = ("nps", "csat", "ces")
SCORES = 11  # columns of World.answered that count scores, 0..10; then those asked, then answers acted on
ASKED, ACTED = SCORES + np.arange(2)
SURVEY = np.dtype(
    [
        ("question", "i4"),
        ("about", "i4"),  # touchpoint
        ("answers", "f8"),  # of somebody without strong feelings, logits
        ("acts_on", "f8"),  # share of the bad answers; below 0: nobody promises anything
        ("learns", "f8"),
        ("acts_cost", "i8"),  # cents
        ("resentment", "i4"),  # the emotion of those who are ignored
    ],
    align=True,
)

FEEL = np.dtype([("emotion", "i4"), ("amount", "i4"), ("purpose", "i8")], align=True)  # amount: sampler row

SCARCITY, SOCIAL_PROOF, RECIPROCITY = np.arange(3)
SUPPLY, TIME, DEMAND = np.arange(3)
ON_START, ON_NEXT = np.arange(2)
PUBLISHED, INFLUENCER, FRIENDS = np.arange(3)  # whose word a social proof is
TRIGGER = np.dtype(
    [
        ("name", "i2"),  # its number in Program.trigger_names: what the log holds
        ("kind", "i2"),
        ("cue", "i2"),
        ("acts_on", "i2"),
        ("reads", "i2"),  # stock (supply) or signal
        ("reviews", "i2"),  # the signal is a review average
        ("strength", "f8"),
        ("below", "f8"),  # supply: felt below this level
        ("until", "f8"),  # time: the deadline, days
        ("worth", "f8"),  # reciprocity, currency
        # triggers and context
        ("source", "i2"),  # social proof: PUBLISHED, INFLUENCER or FRIENDS
        ("fit", "f8"),  # of the influencer
        ("fake", "i2"),  # scarcity that is none, a gift that is bait
        ("found_out", "i8"),  # purpose of the uniform that decides whether somebody finds out
    ],
    align=True,
)

EMOTION = np.dtype(
    [
        ("half_life", "f8"),
        ("bad", "i4"),
        ("bounded", "i4"),
        ("on_leaving", "f8"),
        ("on_buying", "f8"),
        ("bonds", "f8"),
    ],
    align=True,
)  # half_life: days, inf for never

BY_RATE, BY_RENEWAL, BY_VISIT, NEVER = np.arange(4)  # how a customer can leave
SEGMENT = np.dtype(
    [
        ("gap", "i4"),  # sampler row of a need gap of mean 1
        ("first_gap", "i4"),  # sampler row of a length-biased gap of mean 1
        ("calendar", "i4"),
        ("leaves_by", "i4"),
        ("reconsiders", "f8"),  # moments a day, 0 where it is `bound` times the customer's own rate
        ("bound", "f8"),  # the dominating multiple of the stated leaving rate
        ("aware_gap", "f8"),  # prospects: mean days between hearing of the brand, or meeting somebody
        ("meeting", "f8"),  # ... and the share of these that are meetings
        ("others", "i4"),  # the signal of adopters that says how many of those met are customers
        ("centre_leaving", "f8"),  # loyalty index of a new customer of the baseline
        ("centre_buying", "f8"),
        ("trust", "f8"),  # stated, on average: what those who forget go back to
        ("leave_scale", "f8"),  # makes the stated leaving rate the one that the baseline shows; 1 unsolved
        (
            "usually",
            "f8",
        ),  # chance of the visit at a need, feelings neutral: what makes it usual in the baseline
    ],
    align=True,
)

REVIEWS, POPULARITY, ADOPTERS = np.arange(3)
SIGNAL = np.dtype(
    [
        ("kind", "i4"),
        ("bins", "i4"),  # refreshes in the window; 0: it reaches back to the beginning
        ("average", "f8"),
        ("count", "i8"),
        ("brand", "i4"),
        ("live", "i4"),  # published at once whenever it changes
        ("fakes", "i8"),  # reviews that nobody of the customers wrote
        ("fake_stars", "f8"),  # their average
        ("fakes_from", "f8"),
        ("fakes_until", "f8"),
    ],
    align=True,
)

# facts a business can see of a customer, for a campaign's audience
FACTS = (
    "segment", "orders", "orders_last_30_d", "days_since_order", "days_since_entry", "last_answer", "at_risk",
    "points", "tier",
)  # fmt: skip
NO_DATE, BIRTHDAY, ANNIVERSARY, LAPSE = np.arange(4)  # what a campaign looks for
CAMPAIGN = np.dtype(
    [
        ("stream", "i4"),
        ("step", "i2"),
        ("touchpoint", "i2"),
        ("gift", "i2"),  # handed over at touchpoint `waits_at`, not sent
        ("waits_at", "i2"),
        ("chance", "f8"),
        ("within", "f8"),  # days over which a send is spread
        ("spacing", "f8"),  # least days between two picks of one customer
        ("hold_out", "f8"),
        ("unit_cost", "i8"),  # cents reserved a pick
        ("budget", "i8"),  # cents a budget period, -1: no limit
        ("budget_period", "f8"),  # days
        ("segments", "u8"),  # bit k: segment k is in the audience
        ("points_of", "i2"),  # the programme of the fact `points`
        ("tier_of", "i2"),  # and of `tier`
        ("on", "i2"),  # the date that it looks for, once a day
        ("after", "f8"),  # days without an order that are a lapse
        ("signal", "i2"),  # it picks only while this one is between `least` and `most` (-1: always)
        ("least", "f8"),
        ("most", "f8"),
        ("left", "i2"),  # only those who have ended their contract
        ("wins_back", "f8"),  # share of the neutral ones who have left that it brings back
        ("offer", "f8"),  # discount of what it leads to
        ("event", "i2"),  # nobody's campaign: it happens to people
        ("prospects", "i2"),  # it reaches them too
        ("low", "f8", (len(FACTS),)),
        ("high", "f8", (len(FACTS),)),
    ],
    align=True,
)

PROGRAMME = np.dtype(
    [
        ("runs", "i4"),  # not a programme of the baseline that a strategy has dropped
        ("joins_at", "i2"),
        ("chance", "f8"),  # of joining
        ("join", "i8"),  # purpose of the uniform that decides it
        ("earns", "f8"),  # points
        ("per_currency", "i4"),  # for every unit paid, not for every order
        ("head_start", "f8"),
        ("at", "f8"),  # points that a reward takes; inf: there is none
        ("worth", "f8"),  # currency
        ("worth_cents", "i8"),
        ("cost", "i8"),  # cents
        ("feels", "i4"),  # FEEL rows feels:feels_end
        ("feels_end", "i4"),
        ("lasts", "f8"),  # days that points keep without a purchase
        ("pull", "f8"),
        ("per_member", "i8"),  # cents
        ("tiers", "i4"),  # TIER rows tiers:tiers_end, rising
        ("tiers_end", "i4"),
    ],
    align=True,
)
TIER = np.dtype([("at", "f8"), ("times", "f8"), ("priority", "i8"), ("worth", "f8")], align=True)

# a customer's card of a loyalty programme
CARD = np.dtype(
    [
        ("points", "f8"),  # as of the last purchase
        ("given", "f8"),  # of them the head start, until a reward is had or the points lapse
        ("bought", "f8"),  # when that was; the joining counts as one
        ("joined", "f8"),
        ("earned", "f8"),  # in membership year `year`
        ("earned_before", "f8"),  # in the year before it
        ("year", "i4"),
        ("member", "i4"),
    ],
    align=True,
)

# what the loyalty indices weigh, beside emotions
COMMITMENTS = ("affective", "normative", "economic", "forced", "habitual", "satisfaction", "grievance")
PSYCHE = np.dtype(
    [
        (name, "f8")
        for name in (
            "on", "linear", "effect_leaving", "effect_buying",
            "valence_quality", "relevance", "effort", "waiting", "waiting_scale", "intrusion", "empathy",
            "buffer", "buffer_half", "goodwill_gain", "goodwill_half_life", "satisfaction_rate",
            "satisfaction_tenure", "expectation_rate", "trust_gain", "trust_loss", "trust_intrusion",
            "affective_rate", "normative_rate", "habit", "habit_ceiling", "economic_scale",
            "obligation_half_life", "obligation_scale", "obligation_discharge", "gift_habit_half_life",
            "gift_habit_gain", "scarcity_half_life", "scarcity_worn", "scarcity_deadline", "review_half",
            "review_neutral", "review_noise", "bad_news", "popularity_half", "expectation", "normative",
            # a touch, memory and trust
            "episode_gap", "peak_weight", "double_deviation", "recovery_gain", "promise_rate",
            "promise_tolerance", "trust_mixed", "forced_resentment", "expectation_drift",
            # triggers and context
            "reactance", "found_out", "trust_fake", "fake_resentment", "resents", "profile_touches",
            "profile_floor", "risk", "review_floor",
            # price, contact, programme
            "price_weight", "price_reference", "price_loss", "reference_rate", "contact_fatigue",
            "pressure_free", "pressure_half", "worn_message", "opts_out", "endowed",
            "grievance_half_life", "pressure_half_life",
            # campaigns and winning back
            "forgets_half_life", "estimate_scale", "estimate_noise",
            # answers and listening
            "answer_extremes", "answer_anger", "nps_neutral", "nps_slope", "nps_noise", "csat_neutral",
            "csat_slope", "csat_noise", "ces_noise", "heard_trust", "heard_normative", "heard_grievance",
            "ignored_trust", "ignored_resentment", "learning_floor",
            # friends
            "word_of_mouth", "told", "word_half_life", "word_trust", "referral_trust", "referral_bond",
        )
    ]
    + [(name, "f8", (len(COMMITMENTS),)) for name in ("leaving", "buying", "advocacy")],
    align=True,
)  # fmt: skip

# what was left of 1 of each decaying feeling (the emotions come first) after the days last asked for
FADED = np.dtype([("days", "f8"), ("left", "f8")], align=True)

# what a customer asks of the engine when something shared is needed
ASK = np.dtype(
    [
        ("pool", "i4"),
        ("stock", "i4"),
        ("priority", "i4"),
        ("closed", "i4"),
        ("service", "f8"),
    ],
    align=True,
)

# what friends say: on its way, and as it is remembered
MAIL = np.dtype([("to", "i4"), ("sender", "i4"), ("touch", "i4"), ("valence", "f4")], align=True)
HEARD = np.dtype([("t", "f8"), ("good", "f8"), ("bad", "f8")], align=True)
# what a function of the user's own said of the touch that now ends
SCRIPT = np.dtype(
    [
        ("quality", "f8"),  # NaN: as it was drawn
        ("outcome", "i8"),  # NOBODY: as it was drawn
        ("price", "i8"),  # cents; NOBODY: as it is listed
        ("impulses", "f8", (EMOTIONS,)),
    ],
    align=True,
)

# ---------------------------------------------------------------- integer accumulators
# One row a day and segment; sums of integers, so the order of events never matters.
DAILY = (
    "entered",
    "left",
    "needs",
    "declined",  # needs that went elsewhere
    "absorbed",  # needs that arose while the same need was being served
    "touches",
    "failures",
    "gave_up",
    "closed",
    "sold_out",
    "orders",
    "repeat_orders",
    "revenue",  # cents
    "margin",  # cents: revenue less the cost of the goods
    "cost",  # cents: touches, gifts, messages
    "valence",  # millionths
    "reviews",
    "gifts",
    "messages",
    "reconsidered",  # moments at which the customer could have left
    "active_from",  # customers whose "bought within" window begins (difference array)
    "active_until",
    "joined",  # members of a loyalty programme
    "redeemed",  # rewards
    "opted_out",  # of messages
    "returned",  # who had left
    "told",  # friends spoken to
    "referred",  # customers who came on a friend's word
    "asked",  # for an answer
    "answered",
)
DAY = {name: np.int64(k) for k, name in enumerate(DAILY)}
MILLION = 1_000_000.0

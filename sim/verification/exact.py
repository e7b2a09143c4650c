"""Closed forms that the simulator must reproduce when its psychology is off, or has a form that can be solved.

Pure functions of their parameters; a rate and a time share whatever unit the caller likes. Arrays are taken
elementwise where a docstring says so. Numbers outside the stated domain give nonsense, not errors.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy import integrate, linalg, sparse, special


# ---------------------------------------------------------------- queues
def erlang_b(servers: int, offered: float) -> float:
    """P(all servers busy) of M/G/c/c with `offered` = arrival rate x mean service: B_k = a B / (k + a B)."""
    b = 1.0
    for k in range(1, servers + 1):
        b = offered * b / (k + offered * b)
    return b


def erlang_c(servers: int, offered: float) -> float:
    """P(wait) of M/M/c, offered < servers: C = B / (1 - rho (1 - B))."""
    b = erlang_b(servers, offered)
    return b / (1.0 - offered / servers * (1.0 - b))


def wait_mmc(servers: int, rate: float, service_rate: float = 1.0) -> float:
    """Mean wait in the line of M/M/c: C / (c mu - lambda)."""
    return erlang_c(servers, rate / service_rate) / (servers * service_rate - rate)


def wait_tail_mmc(servers: int, rate: float, t: float, service_rate: float = 1.0) -> float:
    """P(wait > t) of M/M/c: C exp(-(c mu - lambda) t)."""
    gap = servers * service_rate - rate
    return erlang_c(servers, rate / service_rate) * math.exp(-gap * t)


def wait_mg1(rate: float, service: float, cv2: float) -> float:
    """Pollaczek-Khinchine: mean wait of M/G/1 with mean service and its squared coefficient of variation."""
    rho = rate * service
    return rho / (1.0 - rho) * service * (1.0 + cv2) / 2.0


def erlang_a(servers: int, rate: float, patience_rate: float, service_rate: float = 1.0) -> dict[str, float]:
    """M/M/c+M: `wait` = P(wait), `queue` = mean number in line, `abandon` = share that gives up.

    The stationary law of the birth-death chain, summed until what is left cannot be seen.
    """
    log_weights, n = [0.0], 0
    while n < servers or log_weights[-1] > max(log_weights) - 50.0:
        n += 1
        out = min(n, servers) * service_rate + max(0, n - servers) * patience_rate
        log_weights.append(log_weights[-1] + math.log(rate / out))
    p = np.exp(np.array(log_weights) - max(log_weights))
    p /= p.sum()
    queue = float(p[servers:] @ np.arange(len(p) - servers))
    return {"wait": float(p[servers:].sum()), "queue": queue, "abandon": patience_rate * queue / rate}


def waits_priority(rates: Sequence[float], service_rate: float = 1.0) -> list[float]:
    """Cobham: mean waits of the classes of a non-preemptive M/M/1, the most urgent first."""
    residual = sum(rates) / service_rate**2  # lambda E[S^2] / 2 with exponential service
    waits, before = [], 0.0
    for rate in rates:
        after = before + rate / service_rate
        waits.append(residual / ((1.0 - before) * (1.0 - after)))
        before = after
    return waits


def conserved_work(rates: Sequence[float], service_rate: float = 1.0) -> float:
    """Kleinrock's conservation law: sum of rho_i W_i, the same under every order of service."""
    rho = sum(rates) / service_rate
    return rho * rho / service_rate / (1.0 - rho)


def in_stage(rate: float, survival: Callable[[float], float], t: float) -> float:
    """M/G/infinity, empty at 0: mean (and variance) of the number there at t, rate x int_0^t P(stay > u) du."""
    value, _ = integrate.quad(survival, 0.0, t, limit=200)
    return rate * value


# ---------------------------------------------------------------- contracts
def sbg_survival(alpha: float, beta: float, t: float) -> float:
    """Shifted beta-geometric: P(still there after t renewals) = B(alpha, beta + t) / B(alpha, beta)."""
    return math.exp(special.betaln(alpha, beta + t) - special.betaln(alpha, beta))


def sbg_retention(alpha: float, beta: float, t: int) -> float:
    """Retention rate of renewal t among those who were there before it."""
    return (beta + t - 1.0) / (alpha + beta + t - 1.0)


def sbg_discounted_lifetime(alpha: float, beta: float, discount: float, periods: int | None = None) -> float:
    """Expected sum of S(t) / (1 + d)^t from t = 0 on, without end or up to and with `periods`."""
    if periods is None:
        return float(special.hyp2f1(1.0, beta, alpha + beta, 1.0 / (1.0 + discount)))
    return sum(sbg_survival(alpha, beta, t) / (1.0 + discount) ** t for t in range(periods + 1))


def geometric_clv(margin: float, retention: float, discount: float, periods: int | None = None) -> float:
    """Value of a payment at every period t = 1, 2, ... that is survived: m r / (1 + d - r), or its first terms."""
    q = retention / (1.0 + discount)
    return margin * q / (1.0 - q) * (1.0 - (q**periods if periods else 0.0))


# ---------------------------------------------------------------- buying without a contract
def nbd_pmf(r: float, alpha: float, t: float, x: int) -> float:
    """P(X(t) = x) where nobody leaves: rates gamma(r, alpha), Poisson counts."""
    log = special.gammaln(r + x) - special.gammaln(r) - special.gammaln(x + 1.0)
    return math.exp(log + r * math.log(alpha / (alpha + t)) + x * math.log(t / (alpha + t)))


def bg_nbd_mean(r: float, alpha: float, a: float, b: float, t: float) -> float:
    """BG/NBD (Fader, Hardie & Lee 2005): expected purchases by t after the first."""
    z = t / (alpha + t)
    f = special.hyp2f1(r, b, a + b - 1.0, z)
    return (a + b - 1.0) / (a - 1.0) * (1.0 - (alpha / (alpha + t)) ** r * f)


def bg_nbd_pmf(r: float, alpha: float, a: float, b: float, t: float, x: int) -> float:
    """BG/NBD: P(X(t) = x)."""
    stays = math.exp(special.betaln(a, b + x) - special.betaln(a, b)) * nbd_pmf(r, alpha, t, x)
    if x == 0:
        return stays
    more = 1.0 - sum(nbd_pmf(r, alpha, t, j) for j in range(x))
    return stays + math.exp(special.betaln(a + 1.0, b + x - 1.0) - special.betaln(a, b)) * more


def bg_nbd_alive(r: float, alpha: float, a: float, b: float, x, t_x, t) -> np.ndarray:
    """BG/NBD: P(still a customer at t), given x purchases, the last at t_x. Elementwise over x and t_x."""
    x, t_x = np.asarray(x, float), np.asarray(t_x, float)
    odds = a / np.maximum(b + x - 1.0, 1e-300) * ((alpha + t) / (alpha + t_x)) ** (r + x)
    return np.where(x > 0, 1.0 / (1.0 + odds), 1.0)


def bg_nbd_future(r: float, alpha: float, a: float, b: float, x, t_x, t, more: float) -> np.ndarray:
    """BG/NBD: expected purchases in (t, t + more], given x and t_x. Elementwise over x and t_x."""
    x = np.asarray(x, float)
    f = special.hyp2f1(r + x, b + x, a + b + x - 1.0, more / (alpha + t + more))
    grown = 1.0 - ((alpha + t) / (alpha + t + more)) ** (r + x) * f
    return (a + b + x - 1.0) / (a - 1.0) * grown * bg_nbd_alive(r, alpha, a, b, x, t_x, t)


def pareto_nbd_mean(r: float, alpha: float, s: float, beta: float, t: float) -> float:
    """Pareto/NBD (Schmittlein, Morrison & Colombo 1987): expected purchases by t after the first; 0 for t <= 0."""
    return r * beta / (alpha * (s - 1.0)) * (1.0 - (beta / (beta + t)) ** (s - 1.0)) if t > 0 else 0.0


def pareto_survival(s: float, beta: float, t: float) -> float:
    """Pareto/NBD: P(still a customer t after the first purchase)."""
    return (beta / (beta + t)) ** s


def pareto_nbd_alive(r: float, alpha: float, s: float, beta: float, x, t_x, t) -> np.ndarray:
    """Pareto/NBD: P(still a customer at t), given x purchases, the last at t_x. Elementwise over x and t_x."""
    x, t_x = np.asarray(x, float), np.asarray(t_x, float)
    late, gap, second = max(alpha, beta), abs(alpha - beta), s + 1.0 if alpha >= beta else r + x
    power = r + s + x

    def term(u):
        f = special.hyp2f1(power, second, power + 1.0, gap / (late + u))
        return f * ((alpha + t) / (late + u)) ** (r + x) * ((beta + t) / (late + u)) ** s

    return 1.0 / (1.0 + s / power * (term(t_x) - term(t)))


def pareto_nbd_future(r: float, alpha: float, s: float, beta: float, x, t_x, t, more: float) -> np.ndarray:
    """Pareto/NBD: expected purchases in (t, t + more], given x and t_x. Elementwise over x and t_x."""
    x = np.asarray(x, float)
    grown = 1.0 - ((beta + t) / (beta + t + more)) ** (s - 1.0)
    expected = (r + x) * (beta + t) / ((alpha + t) * (s - 1.0)) * grown
    return expected * pareto_nbd_alive(r, alpha, s, beta, x, t_x, t)


# ---------------------------------------------------------------- journeys
def chain_steps(q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of the steps before absorption, from every transient stage: N 1, (2 N - I) t - t^2."""
    n = np.linalg.inv(np.eye(len(q)) - q)
    t = n.sum(axis=1)
    return t, (2.0 * n - np.eye(len(q))) @ t - t * t


def chain_absorption(q: np.ndarray, r: np.ndarray) -> np.ndarray:
    """P(absorbed in each end), from every transient stage: N R."""
    return np.linalg.solve(np.eye(len(q)) - q, r)


def chain_time(q: np.ndarray, sojourns: np.ndarray) -> np.ndarray:
    """Mean time before absorption, whatever the laws of the sojourns: N times their means."""
    return np.linalg.solve(np.eye(len(q)) - q, sojourns)


def stationary(switch: Sequence[float]) -> np.ndarray:
    """Shares of the two states between which one switches at these rates (out of the first, out of the second)."""
    return np.array([switch[1], switch[0]]) / sum(switch)


def _modulated(switch: Sequence[float], hazards: Sequence[float]) -> np.ndarray:
    return np.array([[-switch[0] - hazards[0], switch[0]], [switch[1], -switch[1] - hazards[1]]])


def modulated_survival(switch: Sequence[float], hazards: Sequence[float], t: float) -> float:
    """Markov-modulated leaving from the stationary state: pi exp((Q - H) t) 1."""
    return float(stationary(switch) @ linalg.expm(_modulated(switch, hazards) * t) @ np.ones(2))


def modulated_life(switch: Sequence[float], hazards: Sequence[float], until: float = math.inf) -> float:
    """Mean of min(life, until) under Markov-modulated leaving: pi (H - Q)^-1 (I - exp((Q - H) until)) 1."""
    m = _modulated(switch, hazards)
    left = np.ones(2) if math.isinf(until) else np.ones(2) - linalg.expm(m * until) @ np.ones(2)
    return float(stationary(switch) @ np.linalg.solve(-m, left))


def modulated_counts(switch: Sequence[float], rates: Sequence[float], t: float) -> tuple[float, float]:
    """Mean count in (0, t] of a stationary two-state MMPP, and its index of dispersion (variance / mean)."""
    pi, total = stationary(switch), sum(switch)
    rate = float(pi @ np.asarray(rates))
    limit = 2.0 * pi[0] * pi[1] * (rates[0] - rates[1]) ** 2 / (rate * total)
    return rate * t, 1.0 + limit * (1.0 + math.expm1(-total * t) / (total * t))


# ---------------------------------------------------------------- an emotion that jumps and fades
def shot_noise(rate: float, kappa: float, moments: tuple[float, float], t: float) -> tuple[float, float]:
    """Campbell, from 0 at time 0: mean and variance at t of jumps with E[Y], E[Y^2] at a rate, fading at kappa."""
    mean = rate * moments[0] / kappa * -math.expm1(-kappa * t)
    return mean, rate * moments[1] / (2.0 * kappa) * -math.expm1(-2.0 * kappa * t)


LAPLACE: dict[str, Callable[[float], float]] = {
    "constant": lambda s: math.exp(-s),
    "exponential": lambda s: 1.0 / (1.0 + s),
}


def shot_noise_survival(rate: float, kappa: float, c: float, h0: float, t: float, jump: str) -> float:
    """Survival under the hazard h0 + c E(t), E(0) = 0, jumps of mean 1 with the Laplace transform of `jump`:

    S(t) = exp(-h0 t - rate int_0^t [1 - phi(c (1 - e^(-kappa u)) / kappa)] du).
    """
    phi = LAPLACE[jump]
    loss, _ = integrate.quad(lambda u: 1.0 - phi(c * -math.expm1(-kappa * u) / kappa), 0.0, t)
    return math.exp(-h0 * t - rate * loss)


def mean_field_survival(rate: float, kappa: float, c: float, h0: float, t: float) -> float:
    """What an averaged emotion would give: exp(-int_0^t h0 + c E[E(u)] du). Not what a true one gives."""
    mean = rate / kappa * (t + math.expm1(-kappa * t) / kappa)
    return math.exp(-h0 * t - c * mean)


def carried_over(kept: float, periods: int | None = None) -> float:
    """Adstock: the level right after the n-th input of 1 a period, of which `kept` is left after a period."""
    return (1.0 - (kept**periods if periods else 0.0)) / (1.0 - kept)


# ---------------------------------------------------------------- one's choice moves the next one's
def bass(people: int, p: float, q: float, t: float) -> tuple[float, float]:
    """Bass in a market of so many: mean and variance of the share of adopters at t, from nobody at 0.

    The pure-birth chain k -> k + 1 at rate (p + q k / N) (N - k).
    """
    k = np.arange(people + 1)
    rate = (p + q * k / people) * (people - k)
    chain = sparse.diags([-rate, rate[:-1]], [0, -1], format="csc")
    law = sparse.linalg.expm_multiply(chain * t, np.eye(people + 1)[0])
    return _moments(law)


def _moments(law: np.ndarray) -> tuple[float, float]:
    """Mean and variance of the share that a law over the numbers 0..N gives."""
    share = np.arange(len(law)) / (len(law) - 1)
    mean = float(law @ share)
    return mean, float(law @ (share - mean) ** 2)


def bass_in_steps(p: float, q: float, steps: int) -> float:
    """The share of adopters of a market without end in which it is known as of the last whole unit of time only."""
    share = 0.0
    for _ in range(steps):
        share += (1.0 - share) * -math.expm1(-p - q * share)
    return share


def bass_mean_field(p: float, q: float, t: float) -> float:
    """The share of adopters at t in a market without end: (1 - e^-(p+q)t) / (1 + q/p e^-(p+q)t)."""
    left = math.exp(-(p + q) * t)
    return (1.0 - left) / (1.0 + q / p * left)


def urn_variance(kinds: int, alpha: float, draws: int, batch: int = 1) -> float:
    """Polya's urn with `alpha` of each kind: variance of a kind's share of so many draws, each of which adds 1.

    With a batch the urn is seen anew after so many draws only. Share and what is left to chance, p (1 - p),
    follow a martingale: a batch of m on top of S leaves 1 - m / (S + m)^2 of the latter.
    """
    start, left = kinds * alpha, (kinds - 1.0) / kinds**2
    for before in range(0, draws, batch):
        size = start + before + batch
        left *= 1.0 - batch / size**2
    variance = (kinds - 1.0) / kinds**2 - left
    return variance * ((start + draws) / draws) ** 2


def urn_gini(kinds: int, alpha: float, draws: int) -> float:
    """Polya's urn: expected Gini coefficient of so many draws over the kinds, E|x - y| (k - 1) / (2 n).

    Two kinds have a beta-binomial number of draws together, and one of them a beta-binomial share of these.
    """
    both = np.arange(draws + 1)
    total = _beta_binomial(both, draws, 2.0 * alpha, (kinds - 2.0) * alpha)
    one = both[:, None]
    with np.errstate(invalid="ignore"):
        given = np.where(one <= both, _beta_binomial(np.minimum(one, both), both, alpha, alpha), 0.0)
    return float(total @ (given * np.abs(both - 2 * one)).sum(axis=0)) * (kinds - 1.0) / (2.0 * draws)


def _beta_binomial(x: np.ndarray, n: int | np.ndarray, a: float, b: float) -> np.ndarray:
    """P(x of n) where the chance is beta(a, b)."""
    log = special.gammaln(n + 1.0) - special.gammaln(x + 1.0) - special.gammaln(n - x + 1.0)
    return np.exp(log + special.betaln(x + a, n - x + b) - special.betaln(a, b))

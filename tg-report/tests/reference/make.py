#!/usr/bin/env python3
"""Makes the reference tables for the statistics of tg-report, which tests/reference.rs reads.

Needs Python 3.11, numpy, scipy 1.17, statsmodels 0.15 and mpmath 1.4:

    python3 -m venv venv && venv/bin/pip install scipy statsmodels mpmath
    venv/bin/python tg-report/tests/reference/make.py

writes samples.json, numbers.json and curves.json beside itself (a minute). Every number in them is computed here by
definition: sums and counts in whole fractions, distributions with 60 digits. Where scipy or statsmodels compute the same
and are right (no ties, no constants, sizes near 1) this script runs them too; if they disagree, it stops and writes nothing.
Data are text, so that no digit is lost: "0.3" is a double for the means, and three tenths when sums are compared for ties.
"""

import bisect
import functools
import itertools
import json
import math
import pathlib
from fractions import Fraction

import mpmath as mp
import numpy as np
from scipy import optimize, stats
from statsmodels.stats import multitest, proportion, weightstats

mp.mp.dps = 60
HERE = pathlib.Path(__file__).parent
ALPHA = mp.mpf("0.05")
TAIL = ALPHA / 2


# --- numbers -----------------------------------------------------------------------------------------------------------


def real(value):
    """A fraction as a 60-digit number."""
    return mp.mpf(value.numerator) / value.denominator if isinstance(value, Fraction) else mp.mpf(value)


def text(value):
    """For the table: 20 digits, or null."""
    return None if value is None else mp.nstr(real(value), 20)


def ends(interval):
    return None if interval is None else [text(interval[0]), text(interval[1])]


def agrees(ours, theirs, what, within=1e-9):
    ours, theirs = float(ours), float(theirs)
    assert abs(ours - theirs) <= within * max(abs(ours), 1e-300), f"{what}: {ours} but {theirs}"


def t_two_sided(t, df):
    t, df = mp.mpf(t), mp.mpf(df)
    if t * t < df:
        return 1 - mp.betainc(mp.mpf(1) / 2, df / 2, 0, t * t / (df + t * t), regularized=True)
    return mp.betainc(df / 2, mp.mpf(1) / 2, 0, df / (df + t * t), regularized=True)


def root(function, near):
    near = float(near)
    return mp.findroot(function, (near * (1 - 1e-9), near * (1 + 1e-9)))


def t_quantile(tail, df):
    """t with P(T > t) = tail."""
    near = stats.t.isf(float(tail), float(df))
    return root(lambda t: t_two_sided(t, df) - 2 * mp.mpf(tail), near)


# --- one sample --------------------------------------------------------------------------------------------------------


def mean(xs):
    return sum(xs) / len(xs)


def variance(xs):
    middle = mean(xs)
    return sum((x - middle) ** 2 for x in xs) / (len(xs) - 1)


def describe(xs):
    n = len(xs)
    middle, ordered = mean(xs), sorted(xs)
    sd = mp.sqrt(real(variance(xs))) if n > 1 else None
    half = t_quantile(TAIL, n - 1) * sd / mp.sqrt(n) if n > 1 else None
    return {
        "mean": text(middle),
        "sd": text(sd),
        "interval": ends(None if half is None else (real(middle) - half, real(middle) + half)),
        "median": text((ordered[(n - 1) // 2] + ordered[n // 2]) / 2),
    }


# --- two samples -------------------------------------------------------------------------------------------------------


def welch(a, b):
    """t, df, p and interval of mean(b) - mean(a); a and b are exact."""
    if min(len(a), len(b)) < 2:
        return None
    va, vb = real(variance(a)) / len(a), real(variance(b)) / len(b)
    if va + vb == 0:
        return None
    difference = real(mean(b) - mean(a))
    error = mp.sqrt(va + vb)
    df = (va + vb) ** 2 / (va**2 / (len(a) - 1) + vb**2 / (len(b) - 1))
    half = t_quantile(TAIL, df) * error
    return {"t": difference / error, "df": df, "p": t_two_sided(difference / error, df),
            "interval": (difference - half, difference + half)}


def two_sided(sums, observed):
    """Twice the smaller tail of counted sums, {sum: ways}."""
    low = sum(ways for value, ways in sums.items() if value <= observed)
    high = sum(ways for value, ways in sums.items() if value >= observed)
    return min(Fraction(1), Fraction(2 * min(low, high), sum(sums.values())))


def sums_of(values, size):
    """The number of ways to draw `size` of the values, by their sum, from all draws one by one."""
    if math.comb(len(values), size) > 200_000:
        return None
    common = math.lcm(*(Fraction(value).denominator for value in values))
    whole = [int(value * common) for value in values]
    sums = {}
    for drawn in itertools.combinations(whole, size):
        total = sum(drawn)
        sums[total] = sums.get(total, 0) + 1
    return {Fraction(total, common): ways for total, ways in sums.items()}


def mid_ranks(values):
    return [Fraction(2 * sum(y < x for y in values) + sum(y == x for y in values) + 1, 2) for x in values]


def rank_sums(ranks, size):
    """The same for ranks, by polynomials: ranks are few and small, draws are many."""
    if math.comb(len(ranks), size) <= 20_000:
        return sums_of(ranks, size)
    counts = [{} for _ in range(size + 1)]
    counts[0][0] = 1
    for doubled in (int(2 * rank) for rank in ranks):
        for drawn in range(size, 0, -1):
            for total, ways in counts[drawn - 1].items():
                counts[drawn][total + doubled] = counts[drawn].get(total + doubled, 0) + ways
    return {Fraction(total, 2): ways for total, ways in counts[size].items()}


def rank(a, b):
    ranks = mid_ranks(a + b)
    n, m = len(a), len(b)
    own = sum(ranks[n:])
    u = own - Fraction(m * (m + 1), 2)
    floor = min(Fraction(1), Fraction(2, math.comb(n + m, n)))
    if n + m <= 50:
        return {"u": u, "p": two_sided(rank_sums(ranks, m), own), "floor": floor}
    size = n + m
    ties = sum(t**3 - t for t in (ranks.count(rank) for rank in set(ranks)))
    spread = Fraction(n * m, 12) * (size + 1 - Fraction(ties, size * (size - 1)))
    if spread == 0:
        return {"u": u, "p": 1, "floor": floor}
    z = (real(abs(u - Fraction(n * m, 2))) - mp.mpf(1) / 2) / mp.sqrt(real(spread))
    p = min(mp.mpf(1), mp.erfc(z / mp.sqrt(2)))
    return {"u": u, "p": max(p, real(floor)), "floor": floor, "normal": p}


def sign_flip(pairs):
    """All sums of signed differences, as whole numbers: those of one half against the sorted ones of the other."""
    differences = [b - a for a, b in pairs]
    common = math.lcm(*(difference.denominator for difference in differences))
    whole = [int(difference * common) for difference in differences]

    def signed(values):
        sums = [0]
        for value in values:
            sums = [total + sign for total in sums for sign in (value, -value)]
        return sorted(sums)

    left, right = signed(whole[::2]), signed(whole[1::2])
    observed = sum(whole)
    low = sum(bisect.bisect_right(right, observed - total) for total in left)
    high = sum(len(right) - bisect.bisect_left(right, observed - total) for total in left)
    return min(Fraction(1), Fraction(2 * min(low, high), 2 ** len(pairs)))


def hedges(a, b):
    v = len(a) + len(b) - 2
    if v < 2:
        return None
    pooled = sum(real(variance(xs)) * (len(xs) - 1) for xs in (a, b) if len(xs) > 1) / v
    if pooled == 0:
        return None
    bias = mp.gamma(mp.mpf(v) / 2) / (mp.sqrt(mp.mpf(v) / 2) * mp.gamma((mp.mpf(v) - 1) / 2))
    return bias * real(mean(b) - mean(a)) / mp.sqrt(pooled)


def ratio(a, b):
    if min(a + b) <= 0:
        return None
    logs = [[mp.log(real(x)) for x in xs] for xs in (a, b)]
    difference = mean(logs[1]) - mean(logs[0])
    # Logarithms of equal values differ only by rounding, which is not a spread.
    constant = all(max(xs) - min(xs) == 0 for xs in (a, b))
    test = None if constant else welch(*logs)
    return {"value": mp.exp(difference), "interval": test and tuple(mp.exp(end) for end in test["interval"])}


@functools.cache
def reach_by_runs():
    """The detectable difference in standard deviations, for 2 runs per arm up to a million."""
    n = np.arange(2, 1_000_001)
    return np.sqrt(2 / n) * (stats.t.isf(0.025, 2 * n - 2) + stats.t.isf(0.2, 2 * n - 2))


def power(a, b):
    """Pooled sd of logarithms, the ratio found with 80 %, and the runs that 1.2, 1.5 and 2 take."""
    v = len(a) + len(b) - 2
    if min(a + b) <= 0 or v < 1:
        return None
    logs = [[mp.log(real(x)) for x in xs] for xs in (a, b)]
    spreads = [variance(xs) * (len(xs) - 1) if max(xs) > min(xs) else mp.mpf(0) for xs in logs]
    sd = mp.sqrt(sum(spreads) / v)
    reach = t_quantile(ALPHA / 2, v) + t_quantile(mp.mpf("0.2"), v)
    found = mp.exp(sd * mp.sqrt(mp.mpf(1) / len(a) + mp.mpf(1) / len(b)) * reach)

    def runs(sought):
        enough = np.flatnonzero(float(sd) * reach_by_runs() <= math.log(sought))
        return int(enough[0]) + 2 if enough.size else None

    return {"log_sd": text(sd), "detectable": text(found), "needed": [runs(sought) for sought in (1.2, 1.5, 2.0)]}


def ordinary(a, b):
    """True if scipy loses nothing by computing with such data in doubles: near 1, and not constant."""
    values = [abs(x) for x in a + b if x]
    return (min(len(a), len(b)) > 1 and len(set(a)) > 1 and len(set(b)) > 1
            and max(values) < 1e6 and min(values) > 1e-6)


def ask_scipy(a, b, case):
    """Checks that scipy and statsmodels give the same values."""
    x, y = np.array([float(v) for v in a]), np.array([float(v) for v in b])
    theirs = stats.ttest_ind(y, x, equal_var=False)
    for ours, their in (("t", theirs.statistic), ("df", theirs.df), ("p", theirs.pvalue)):
        agrees(case["welch"][ours], their, f"Welch's {ours}")
    compared = weightstats.CompareMeans(weightstats.DescrStatsW(y), weightstats.DescrStatsW(x))
    for ours, their in zip(case["welch"]["interval"], compared.tconfint_diff(usevar="unequal")):
        agrees(ours, their, "Welch's interval", 1e-7)
    distinct = len(set(a + b)) == len(a + b)
    if len(a + b) <= 50 and distinct:
        agrees(case["rank"]["p"], stats.mannwhitneyu(y, x, method="exact").pvalue, "exact rank p")
    if len(a + b) > 50:
        asked = stats.mannwhitneyu(y, x, method="asymptotic").pvalue
        agrees(case["rank"]["normal"], asked, "normal rank p")
    if case["permutation"] is not None and math.comb(len(a + b), len(a)) < 9999:
        asked = stats.permutation_test((y, x), lambda y, x: np.mean(y) - np.mean(x), n_resamples=10_000)
        agrees(case["permutation"], asked.pvalue, "permutation p")
    if case["sign_flip"] is not None and len(a) <= 12:
        asked = stats.permutation_test((y - x,), np.mean, permutation_type="samples", n_resamples=10_000)
        agrees(case["sign_flip"], asked.pvalue, "sign-flip p")


def two_samples(name, a, b):
    """`a` and `b` as text."""
    decimal_a, decimal_b = [Fraction(x) for x in a], [Fraction(x) for x in b]
    a_text, b_text = " ".join(a), " ".join(b)
    a, b = [Fraction(float(x)) for x in a], [Fraction(float(x)) for x in b]
    sums = sums_of(decimal_a + decimal_b, len(b))
    paired = len(a) == len(b)
    case = {
        "difference": mean(b) - mean(a),
        "welch": welch(a, b),
        "rank": rank(a, b),
        "permutation": sums and two_sided(sums, sum(decimal_b)),
        "sign_flip": sign_flip(list(zip(decimal_a, decimal_b))) if paired and len(a) <= 30 else None,
        "cliff": Fraction(sum((y > x) - (y < x) for x in a for y in b), len(a) * len(b)),
        "hedges": hedges(a, b),
        "ratio": ratio(a, b),
    }
    if ordinary(a, b) and abs(case["welch"]["t"]) > 1e-6:
        ask_scipy(a, b, case)
    found = case["welch"]
    return {
        "name": name, "a": a_text, "b": b_text,
        "of_a": describe(a), "of_b": describe(b),
        "difference": text(case["difference"]),
        "welch": found and {"t": text(found["t"]), "df": text(found["df"]), "p": text(found["p"]),
                            "interval": ends(found["interval"])},
        "rank": {key: text(case["rank"][key]) for key in ("u", "p", "floor")},
        "permutation": text(case["permutation"]), "sign_flip": text(case["sign_flip"]),
        "cliff": text(case["cliff"]), "hedges": text(case["hedges"]),
        "ratio": case["ratio"] and {"value": text(case["ratio"]["value"]), "interval": ends(case["ratio"]["interval"])},
        "power": power(a, b),
    }


def sample_cases():
    random = np.random.default_rng(20)

    def lognormal(n, sd=0.4, centre=1.0):
        return [repr(float(x)) for x in np.exp(random.normal(math.log(centre), sd, n))]

    def whole(n, low, high):
        return [str(x) for x in random.integers(low, high, n)]

    def by(factor, texts):
        return [repr(float(x) * factor) for x in texts]

    words = str.split
    yield "1 against 1", ["3"], ["5"]
    yield "1 against 3", ["3"], words("5 6 8")
    yield "2 against 2", words("11 13"), words("14 19")
    yield "2 against 3", words("2.5 3.5"), words("3 4 7")
    yield "3 against 3, apart", words("10 11 12"), words("13 15 19")
    yield "3 against 3, mixed", words("10 14 12"), words("13 11 19")
    yield "3 against 10", lognormal(3), lognormal(10, centre=1.3)
    yield "4 against 4", lognormal(4), lognormal(4, centre=1.5)
    yield "5 against 5, with ties", words("1 2 2 3 5"), words("2 3 3 4 6")
    yield "7 against 6, nearly all tied", words("1 1 1 1 1 1 2"), words("1 1 1 2 2 2")
    yield "10 against 10, all ways dealt", whole(10, 50, 90), whole(10, 60, 99)
    yield "10 against 10, lognormal", lognormal(10), lognormal(10, centre=1.2)
    yield "11 against 11, too many ways", lognormal(11), lognormal(11)
    yield "17 pairs", whole(17, 0, 40), whole(17, 5, 45)
    yield "20 pairs, matched by halves", whole(20, 0, 40), whole(20, 3, 45)
    yield "25 against 25, the last exact ranks", whole(25, 0, 60), whole(25, 5, 60)
    yield "26 against 25, the first normal ones", whole(26, 0, 60), whole(25, 5, 60)
    yield "30 against 30", lognormal(30), lognormal(30, centre=1.25)
    yield "30 against 30, with ties", whole(30, 0, 9), whole(30, 1, 11)
    yield "60 against 1, normal below the floor", whole(60, 5, 6), ["7"]
    yield "60 against 2", whole(60, 0, 100), words("97 99")
    yield "all tied", words("4 4 4"), words("4 4 4 4")
    yield "constant and different", words("2 2 2"), words("3 3 3")
    yield "one of them constant", words("2 2 2"), words("3 4 6")
    yield "constant in decimals", words("0.1 0.1 0.1"), words("0.3 0.3 0.3")
    yield "decimals that tie", words("0.1 0.4 0.6"), words("0.2 0.3 0.9")
    yield "money", words("1.85 2.10 1.95 2.40"), words("1.60 2.10 2.25 1.50")
    yield "one outlier", words("10 11 12 10 11"), words("10 12 11 13 1000000")
    yield "one outlier past all digits", words("1 2 3"), words("4 5 1e40")
    yield "outliers of both signs", words("-1e17 1 1e17"), words("2 3 5")
    yield "negative", words("-5 -3 -4"), words("2 -1 0")
    yield "zeros among them", words("0 0 3 1"), words("0 2 4 9")
    yield "means that are nearly equal", words("0.1 0.2 0.3"), words("0.3 0.2 0.1000000001")
    yield "offset 1e15", [str(10**15 + k) for k in (1, 2, 3)], [str(10**15 + k) for k in (2, 5, 6)]
    yield "offset 1e15, ties", [str(10**15 + k) for k in (1, 2, 2, 7, 9)], [str(10**15 + k) for k in (2, 5, 6, 7, 8)]
    yield "offset 1e15, 10 against 10", [str(10**15 + int(x)) for x in whole(10, 0, 99)], [
        str(10**15 + int(x)) for x in whole(10, 20, 130)]
    yield "offset 1e15, eighths", [f"{10**15 + k / 8:.3f}" for k in (1, 2, 5, 11)], [
        f"{10**15 + k / 8:.3f}" for k in (3, 4, 12, 17)]
    yield "lognormal, wide", lognormal(6, 2.0), lognormal(5, 2.0, 20)
    for scale in (1e150, 1e-150):
        yield f"scale {scale:g}", by(scale, lognormal(5)), by(scale, lognormal(6, centre=2))
        exponent = f"e{round(math.log10(scale))}"
        yield f"scale {scale:g}, ties", [x + exponent for x in "1 5 6".split()], [x + exponent for x in "2 3 9".split()]
    yield "scales far apart", words("1e-150 2e-150 3e-150"), words("1e150 2e150 4e150")
    yield "milliseconds", whole(3, 3_600_000, 7_200_000), whole(3, 1_800_000, 3_600_000)


# --- single numbers ----------------------------------------------------------------------------------------------------


def numbers():
    dfs = ["1", "1.25", "2", "2.9", "4", "7.5", "18", "58", "198.5", "998", "9998", "99998"]
    ts = ["1e-12", "1e-6", "0.001", "0.3", "1", "1.7", "1.75", "2.5", "12.7", "60", "1e4"]
    two_sided = []
    for df, t in itertools.product(dfs, ts):
        p = t_two_sided(mp.mpf(float(t)), mp.mpf(float(df)))
        if p > mp.mpf("1e-300"):
            two_sided.append([df, t, text(p)])
    quantiles = [[df, tail, text(t_quantile(mp.mpf(float(tail)), mp.mpf(float(df))))]
                 for df, tail in itertools.product(dfs, ["0.2", "0.1", "0.025", "0.0125", "0.005", "1e-6"])]
    shares = []
    for k, n in [(0, 1), (1, 1), (0, 3), (2, 3), (3, 3), (4, 5), (9, 10), (5, 10), (0, 40), (1, 200), (37, 100), (999, 1000), (432, 1000)]:
        # P(X >= k | p) is the incomplete beta function I(p; k, n-k+1); its root is bracketed by scipy's.
        low, high = proportion.proportion_confint(k, n, 0.05, method="beta")
        if k > 0:
            near = stats.beta.ppf(0.025, k, n - k + 1)
            low = root(lambda p: mp.betainc(k, n - k + 1, 0, p, regularized=True) - TAIL, near)
        if k < n:
            near = stats.beta.isf(0.025, k + 1, n - k)
            high = root(lambda p: mp.betainc(k + 1, n - k, 0, p, regularized=True) - (1 - TAIL), near)
        for ours, theirs in zip((low, high), proportion.proportion_confint(k, n, 0.05, method="beta")):
            agrees(ours, theirs, f"{k} of {n}")
        shares.append([k, n, text(low), text(high)])
    families = []
    for family in ([0.01, 0.04, 0.03], [0.2], [0.5, 0.9, 0.7, 0.6], [0.05, 0.05, 0.05], [0.001, None, 0.02, None, 0.013]):
        defined = [p for p in family if p is not None]
        adjusted = iter(multitest.multipletests(defined, method="holm")[1])
        families.append([family, [None if p is None else float(next(adjusted)) for p in family]])
    return {"two_sided": two_sided, "quantiles": quantiles, "shares": shares, "families": families}


# --- scaling curves ----------------------------------------------------------------------------------------------------


def height(parameters, n):
    lam, sigma, kappa = parameters
    return lam * n / (1 + sigma * (n - 1) + kappa * n * (n - 1))


def slopes(parameters, n):
    lam, sigma, kappa = parameters
    drag = 1 + sigma * (n - 1) + kappa * n * (n - 1)
    x = lam * n / drag
    return [x / lam, -x * (n - 1) / drag, -x * n * (n - 1) / drag]


def fit(runs, free):
    """scipy's bounded fit from several starts; then the free parameters that are not at 0, to 30 digits."""
    n, x = np.array([run[0] for run in runs], float), np.array([run[1] for run in runs], float)
    top = x.max()
    best = None
    for sigma, kappa in [(0.1, 0.01), (0.5, 1e-3), (0.01, 1e-4), (0.9, 0.1)]:
        start = np.array([1.0, sigma, kappa])[:free]

        def residuals(parameters):
            return height([*parameters, 0.0, 0.0][:3], n) - x / top

        found = optimize.least_squares(residuals, start, bounds=(0, np.inf), xtol=1e-15, ftol=1e-15, gtol=1e-15,
                                       x_scale=np.maximum(start, 1e-3), max_nfev=20_000)
        if best is None or found.cost < best.cost:
            best = found
    at_bound = [bool(value < 1e-7) for value in best.x]
    inside = [at for at in range(free) if not at_bound[at]]

    def spread(values):
        parameters = [mp.mpf(0)] * 3
        for at, value in zip(inside, values):
            parameters[at] = value
        return parameters

    def gradient(*values):
        parameters = spread(values)
        total = [mp.mpf(0)] * 3
        for agents, throughput in runs:
            residual = height(parameters, mp.mpf(agents)) - mp.mpf(throughput) / mp.mpf(top)
            for at, slope in enumerate(slopes(parameters, mp.mpf(agents))):
                total[at] += residual * slope
        return [total[at] for at in inside]

    polished = mp.findroot(gradient, [mp.mpf(best.x[at]) for at in inside], tol=1e-60)
    parameters = spread(list(polished))
    for ours, theirs in zip(parameters, best.x):
        assert abs(ours - theirs) <= 1e-5 * max(1e-2, abs(theirs)), (parameters, best.x)
    parameters[0] *= mp.mpf(top)
    return parameters, at_bound + [False] * (3 - free)


class Spread:
    """The linearised covariance of lambda, sigma and kappa: each number of agents with the variance of its own runs, or, if
    one of them has a single run, all with that of the residuals."""

    def __init__(self, runs, parameters, free):
        unit = mp.diag([parameters[0]] + [1] * (free - 1))  # lambda in units of itself
        agents = sorted({n for n, _ in runs})
        by_agents = {n: [mp.mpf(x) / parameters[0] for m, x in runs if m == n] for n in agents}
        rows = {n: mp.matrix([[s / parameters[0] for s in slopes(parameters, mp.mpf(n))[:free]]]) * unit for n in agents}
        bread = sum((len(by_agents[n]) * rows[n].T * rows[n] for n in agents), mp.zeros(free)) ** -1
        self.pooled = len(runs) - free if any(len(xs) == 1 for xs in by_agents.values()) else None
        residuals = sum((x - height(parameters, mp.mpf(n)) / parameters[0]) ** 2 for n, xs in by_agents.items() for x in xs)
        self.parts = []
        for n, xs in by_agents.items():
            one = residuals / self.pooled if self.pooled else variance(xs)
            inner = len(xs) * one * rows[n].T * rows[n]
            self.parts.append((unit * bread * inner * bread * unit, len(xs) - 1))

    def of(self, gradient):
        """Variance and degrees of freedom of a quantity with the derivatives `gradient`."""
        row = mp.matrix([gradient[: self.parts[0][0].rows]])
        parts = [((row * part * row.T)[0], df) for part, df in self.parts]
        total = sum(part for part, _ in parts)
        if self.pooled or total == 0:
            return total, self.pooled or 1
        return total, total**2 / sum(part**2 / df for part, df in parts)

    def half(self, gradient):
        total, df = self.of(gradient)
        return t_quantile(TAIL, df) * mp.sqrt(total)


def log_slopes(parameters, n):
    return [slope / height(parameters, n) for slope in slopes(parameters, n)]


def edge(inside, start, stop):
    """The point at which `inside` turns false between start and stop, by halving; None if it does not."""
    steps = [start * (stop / start) ** (mp.mpf(k) / 64) for k in range(65)]
    last = start
    for step in steps[1:]:
        if not inside(step):
            for _ in range(60):
                middle = (last + step) / 2
                last, step = (middle, step) if inside(middle) else (last, middle)
            return last
        last = step
    return None


def curve_case(name, runs, free):
    parameters, at_bound = fit(runs, free)
    spread = Spread(runs, parameters, free)
    intervals = []
    for at in range(free):
        half = spread.half([mp.mpf(at == k) for k in range(3)])
        intervals.append(ends((max(mp.mpf(0), parameters[at] - half), parameters[at] + half)))
    limit = mp.mpf(2 * max(n for n, _ in runs))
    case = {"name": name, "runs": [[n, repr(float(x))] for n, x in runs], "model": "amdahl" if free == 2 else "usl",
            "parameters": [text(value) for value in parameters[:free]], "at_bound": at_bound[:free], "intervals": intervals}
    _, sigma, kappa = parameters
    if free == 3:
        peak = mp.sqrt((1 - sigma) / kappa) if kappa > 0 else mp.inf

        def may_be_peak(n):
            return abs(1 - sigma - kappa * n * n) <= spread.half([mp.mpf(0), mp.mpf(1), n * n])

        start = min(peak, limit)
        low, high = edge(may_be_peak, start, mp.mpf(1)), edge(may_be_peak, start, limit)
        if start == limit and not may_be_peak(limit):
            low, high = limit, None
        case["peak"] = {"at": text(peak if peak <= limit else None), "low": text(mp.mpf(1) if low is None else low),
                        "high": text(high)}
    half_way = mp.mpf(max(n for n, _ in runs)) * mp.mpf("0.75")
    factor = mp.exp(spread.half(log_slopes(parameters, half_way)))
    x = height(parameters, half_way)
    case["band"] = [text(half_way), text(x / factor), text(x * factor)]
    return case


def crossing_case(name, one, other):
    fits = []
    for runs in (one, other):
        parameters, _ = fit(runs, 3)
        fits.append((parameters, Spread(runs, parameters, 3)))
    start = mp.mpf(max(min(n for n, _ in runs) for runs in (one, other)))
    stop = mp.mpf(2 * min(max(n for n, _ in runs) for runs in (one, other)))

    def apart(n):
        return mp.log(height(fits[0][0], n)) - mp.log(height(fits[1][0], n))

    def not_told_apart(n):
        (va, df_a), (vb, df_b) = (spread.of(log_slopes(parameters, n)) for parameters, spread in fits)
        df = (va + vb) ** 2 / (va**2 / df_a + vb**2 / df_b)
        return abs(apart(n)) <= mp.mpf(stats.t.isf(0.025, float(df))) * mp.sqrt(va + vb)

    found = []
    grid = [start * (stop / start) ** (mp.mpf(k) / 1000) for k in range(1001)]
    for left, right in zip(grid, grid[1:]):
        if apart(left) * apart(right) < 0:
            at = mp.findroot(apart, (left, right), solver="anderson")
            found.append({"at": text(at), "low": text(edge(not_told_apart, at, start)),
                          "high": text(edge(not_told_apart, at, stop)), "first_wins_above": bool(apart(right) > 0)})
    as_text = [[[n, repr(float(x))] for n, x in runs] for runs in (one, other)]
    return {"name": name, "one": as_text[0], "other": as_text[1], "crossings": found}


def noisy(seed, parameters, agents, each, spread):
    random = np.random.default_rng(seed)
    return [(n, float(height(parameters, n) + random.normal(0, spread))) for n in agents for _ in range(each)]


def proportional(seed, parameters, agents, each, spread):
    random = np.random.default_rng(seed)
    return [(n, float(height(parameters, n) * (1 + random.normal(0, spread)))) for n in agents for _ in range(each)]


def curves():
    few, many = (1, 2, 4, 8), (1, 2, 4, 8, 16)
    data = {
        "USL, without noise": ([(n, height((10, 0.05, 0.002), n)) for n in many], 3),
        "USL, 3 runs each": (noisy(1, (10, 0.05, 0.004), many, 3, 1.0), 3),
        "USL, single runs": (noisy(2, (10, 0.1, 0.01), many, 1, 0.5), 3),
        "USL, strong coherency": (noisy(3, (100, 0.02, 0.05), (1, 2, 3, 5, 8, 12), 4, 5.0), 3),
        "kappa at its bound": ([(n, height((10, 0.2, -0.002), n)) for n in many] + noisy(4, (10, 0.2, -0.002), many, 2, 0.3), 3),
        "sigma at its bound": (noisy(5, (10, -0.05, 0.01), many, 3, 0.5), 3),
        "both at their bound": ([(n, 3.0 * n * (1 + 0.01 * n)) for n in many], 3),
        "no agent from 1 to 3": (noisy(6, (5, 0.1, 0.003), (4, 6, 10, 16, 24), 3, 0.5), 3),
        "scale 1e150": ([(n, x * 1e150) for n, x in noisy(7, (10, 0.05, 0.004), many, 3, 1.0)], 3),
        "scale 1e-150": ([(n, x * 1e-150) for n, x in noisy(7, (10, 0.05, 0.004), many, 3, 1.0)], 3),
        "a peak within reach": (noisy(17, (10, 0.05, 0.02), (1, 2, 4, 8, 12), 4, 0.3), 3),
        "scatter in proportion": (proportional(16, (10, 0.05, 0.01), many, 4, 0.08), 3),
        "Amdahl, without noise": ([(n, height((7, 0.3, 0), n)) for n in few], 2),
        "Amdahl, 3 runs each": (noisy(8, (7, 0.3, 0), few, 3, 0.5), 2),
        "Amdahl, uneven runs": (noisy(9, (7, 0.1, 0), (1, 3), 5, 0.5) + noisy(10, (7, 0.1, 0), (9,), 2, 0.5), 2),
        "Amdahl, sigma at its bound": (noisy(11, (7, -0.02, 0), few, 3, 0.3), 2),
    }
    solo = noisy(12, (10, 0.3, 0.001), many, 3, 0.6)
    swarm = noisy(13, (6, 0.02, 0.004), many, 3, 0.6)
    pairs = [("one crossing", solo, swarm), ("the other way round", swarm, solo),
             ("none in range", solo, [(n, x * 3) for n, x in solo]),
             ("two crossings", noisy(14, (10, 0.3, 0.0001), many, 4, 0.1), noisy(15, (8, 0.05, 0.02), many, 4, 0.1))]
    return {"fits": [curve_case(name, *case) for name, case in data.items()],
            "crossings": [crossing_case(*pair) for pair in pairs]}


def write(name, table):
    rows = [f" {json.dumps(key)}: [\n" + ",\n".join("  " + json.dumps(row) for row in part) + "\n ]" for key, part in table.items()]
    (HERE / name).write_text("{\n" + ",\n".join(rows) + "\n}\n")


if __name__ == "__main__":
    write("numbers.json", numbers())
    write("curves.json", curves())
    write("samples.json", {"samples": [two_samples(*case) for case in sample_cases()]})

"""Who still comes, how often they will, and what a visit is worth.

BG/NBD: Fader, Hardie, Lee 2005, "Counting Your Customers" the Easy Way, Marketing
Science 24(2):275-284. Gamma-gamma: Fader, Hardie 2013, "The Gamma-Gamma Model of
Monetary Value"; Fader, Hardie, Lee 2005, JMR 42(4).

A person is told by three numbers, all in one unit of time (weeks here): ``x`` repeat
visits after the first, ``t_x`` from the first visit to the last, ``age`` from the first
visit to today. People with the same numbers are one row with a weight, so that a fit
costs the number of different rows, not of people.

These models describe visits that people choose. They are fitted on elective, chronic
and check-up visits and say nothing about acute illness; care never reads them (R19).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import betaln, expit, gammaln, hyp2f1

# log of a parameter is kept within these: outside, the data say nothing about it
_BOUNDS = (-7.0, 7.0)
# with fewer people who came twice a fit says nothing
MIN_REPEATERS = 30


class NotEnoughData(ValueError):
    """Too few people to fit a model on."""


@dataclass(frozen=True, slots=True)
class BgNbd:
    """Buying while alive is Poisson with a gamma rate (``r``, ``alpha``); after each
    visit a person leaves for good with a beta probability (``a``, ``b``)."""

    r: float
    alpha: float
    a: float
    b: float

    @classmethod
    def fit(cls, x, t_x, age, weight=None) -> BgNbd:
        """Fit by maximum likelihood.

        :param x: repeat visits; ``t_x``, ``age``: in the unit of ``alpha``
        :param weight: how many people each row stands for
        :raise NotEnoughData: fewer than ``MIN_REPEATERS`` people came twice
        """
        x, t_x, age = (np.asarray(v, dtype=float) for v in (x, t_x, age))
        weight = np.ones_like(x) if weight is None else np.asarray(weight, dtype=float)
        if weight[x > 0].sum() < MIN_REPEATERS:
            raise NotEnoughData
        people = weight.sum()

        def loss(logs):
            return -(weight * _log_likelihood(np.exp(logs), x, t_x, age)).sum() / people

        # a year is a good first guess for the scale, one for the shapes
        start = np.log([1.0, max(age.mean() / 4, 1e-3), 1.0, 2.0])
        found = minimize(loss, start, method="L-BFGS-B", bounds=[_BOUNDS] * 4)
        return cls(*(float(value) for value in np.exp(found.x)))

    def p_alive(self, x, t_x, age):
        """Probability that somebody still comes, 0 to 1; 1 for who came once only."""
        x, t_x, age = (np.asarray(v, dtype=float) for v in (x, t_x, age))
        # log of the odds of being gone; log first, for the power grows without bound
        gone = (
            np.log(self.a)
            - np.log(np.maximum(self.b + x - 1, 1e-12))
            + (self.r + x) * (np.log(self.alpha + age) - np.log(self.alpha + t_x))
        )
        return np.where(x > 0, expit(-gone), 1.0)

    def expected_visits(self, x, t_x, age, ahead):
        """Visits expected in the time ``ahead``, given the past."""
        x, t_x, age = (np.asarray(v, dtype=float) for v in (x, t_x, age))
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        # the formula is undefined at a = 1, and smooth around it
        a = a if abs(a - 1) > 1e-6 else 1 + 1e-6
        series = hyp2f1(r + x, b + x, a + b + x - 1, ahead / (alpha + age + ahead))
        shrunk = ((alpha + age) / (alpha + age + ahead)) ** (r + x)
        return (
            (a + b + x - 1)
            / (a - 1)
            * (1 - shrunk * series)
            * self.p_alive(x, t_x, age)
        )


def _log_likelihood(parameters, x, t_x, age):
    r, alpha, a, b = parameters
    alive = -(r + x) * np.log(alpha + age)
    gone = (
        np.log(a) - np.log(np.maximum(b + x - 1, 1e-12)) - (r + x) * np.log(alpha + t_x)
    )
    return (
        gammaln(r + x)
        - gammaln(r)
        + r * np.log(alpha)
        + betaln(a, b + x)
        - betaln(a, b)
        + np.where(x > 0, np.logaddexp(alive, gone), alive)
    )


@dataclass(frozen=True, slots=True)
class GammaGamma:
    """What a visit is worth varies around a person's own mean, which is drawn from a
    gamma distribution whose scale is gamma too; it does not depend on how often."""

    p: float
    q: float
    v: float

    @classmethod
    def fit(cls, x, mean, weight=None) -> GammaGamma:
        """Fit on people who came again and paid.

        :param x: number of visits ``mean`` is the mean of, at least 1
        :param mean: money a visit, above 0
        """
        x, mean = np.asarray(x, dtype=float), np.asarray(mean, dtype=float)
        weight = np.ones_like(x) if weight is None else np.asarray(weight, dtype=float)
        used = (x > 0) & (mean > 0)
        x, mean, weight = x[used], mean[used], weight[used]
        if weight.sum() < MIN_REPEATERS:
            raise NotEnoughData
        people = weight.sum()
        # the scale of money is the currency's, not the model's
        scale = np.average(mean, weights=weight)
        mean = mean / scale

        def loss(logs):
            p, q, v = np.exp(logs)
            told = (
                gammaln(p * x + q)
                - gammaln(p * x)
                - gammaln(q)
                + q * np.log(v)
                + (p * x - 1) * np.log(mean)
                + p * x * np.log(x)
                - (p * x + q) * np.log(v + x * mean)
            )
            return -(weight * told).sum() / people

        found = minimize(
            loss, np.log([2.0, 3.0, 2.0]), method="L-BFGS-B", bounds=[_BOUNDS] * 3
        )
        p, q, v = np.exp(found.x)
        return cls(float(p), float(q), float(v * scale))

    def expected_value(self, x, mean):
        """Money expected a visit; the mean of all for who has none of their own.

        :raise ValueError: the fit has no finite mean (``q`` at most 1)
        """
        if self.q <= 1:
            raise ValueError("the spread of values is too wide to expect anything")
        x, mean = np.asarray(x, dtype=float), np.asarray(mean, dtype=float)
        return self.p * (self.v + x * mean) / (self.p * x + self.q - 1)


def lifetime_value(visits, value, margin=1.0, yearly_discount=0.1, years=1.0):
    """Money expected from the visits of a period, discounted to today.

    ``sum over t of margin * E[M] * dE[Y] / (1 + d)^t``, with the visits spread evenly
    over the period.

    :param visits: expected in the whole period
    :param value: expected a visit
    """
    rate = np.log1p(yearly_discount)
    spread = (1 - np.exp(-rate * years)) / (rate * years) if rate else 1.0
    return margin * np.asarray(value) * np.asarray(visits) * spread

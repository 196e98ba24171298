"""Visits to come and their worth: published figures, and what was planted is found."""

import numpy as np

from odoo.tests import TransactionCase, tagged

from odoo.addons.hcrm_core.stats.btyd import (
    BgNbd,
    GammaGamma,
    NotEnoughData,
    lifetime_value,
)

# Fader, Hardie, Lee 2005, table 2 and section 4
PUBLISHED = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)


@tagged("post_install", "-at_install")
class TestValueStats(TransactionCase):
    """F40, D6."""

    def test_published_figures(self):
        """The paper's customer with two repeat purchases: 1.226 in 39 weeks."""
        told = (2, 30.43, 38.86)
        self.assertAlmostEqual(float(PUBLISHED.p_alive(*told)), 0.7266, places=4)
        self.assertAlmostEqual(
            float(PUBLISHED.expected_visits(*told, 39)), 1.226, places=3
        )

    def test_who_came_once_is_alive(self):
        """BG/NBD knows nobody gone before a repeat visit."""
        self.assertEqual(float(PUBLISHED.p_alive(0, 0, 500)), 1.0)

    def test_silence_makes_less_likely_and_never_breaks(self):
        """Regular guests of years who fell silent: tends to 0, no overflow."""
        silence = PUBLISHED.p_alive(
            [200] * 4, [300, 300, 300, 300], [301, 310, 400, 2000]
        )
        self.assertTrue(np.all(np.diff(silence) < 0))
        self.assertTrue(np.all(np.isfinite(silence)))

    def test_planted_parameters_are_found(self):
        """20,000 people of a known model: fit within a tenth where it matters."""
        rng = np.random.default_rng(7)
        x, t_x, age = _simulate(rng, 20_000, PUBLISHED)
        rows, weight = np.unique(
            np.stack([x, np.round(t_x), np.round(age)]), axis=1, return_counts=True
        )
        found = BgNbd.fit(*rows, weight)
        ahead = 39
        ours = found.expected_visits(x, t_x, age, ahead).mean()
        truth = PUBLISHED.expected_visits(x, t_x, age, ahead).mean()
        self.assertAlmostEqual(ours / truth, 1, delta=0.1)
        self.assertAlmostEqual(
            found.p_alive(x, t_x, age).mean(),
            PUBLISHED.p_alive(x, t_x, age).mean(),
            delta=0.05,
        )

    def test_planted_values_are_found(self):
        """Money a visit: the mean of all is met, one visit counts less than many."""
        rng = np.random.default_rng(7)
        p, q, v = 6.25, 3.74, 15.44
        people = 20_000
        x = rng.integers(1, 10, people)
        nu = rng.gamma(q, 1 / v, people)
        mean = rng.gamma(p * x, 1 / nu) / x
        found = GammaGamma.fit(x, mean)
        self.assertAlmostEqual(
            float(found.expected_value(0, 0)), p * v / (q - 1), delta=2
        )
        few, many = found.expected_value([1, 9], [100, 100])
        centre = float(found.expected_value(0, 0))
        self.assertLess(abs(few - centre), abs(many - centre))

    def test_too_few_people(self):
        """Nothing is fitted on a handful."""
        with self.assertRaises(NotEnoughData):
            BgNbd.fit([0, 1, 2], [0, 1, 2], [3, 3, 3])
        with self.assertRaises(NotEnoughData):
            GammaGamma.fit([1, 2], [10, 20])

    def test_lifetime_value(self):
        """Without discount it is visits times value; with one it is less."""
        self.assertAlmostEqual(float(lifetime_value(4, 100, 0.5, 0)), 200)
        self.assertLess(float(lifetime_value(4, 100, 0.5, 0.1)), 200)


def _simulate(rng, people, model):
    """Visits of people who live by the model, watched for 20 to 80 weeks."""
    rate = rng.gamma(model.r, 1 / model.alpha, people)
    leave = rng.beta(model.a, model.b, people)
    age = rng.uniform(20, 80, people)
    x, t_x = np.zeros(people), np.zeros(people)
    alive = np.ones(people, dtype=bool)
    at = np.zeros(people)
    while alive.any():
        at = np.where(alive, at + rng.exponential(1 / np.maximum(rate, 1e-9)), at)
        alive &= at < age
        x, t_x = np.where(alive, x + 1, x), np.where(alive, at, t_x)
        alive &= rng.random(people) > leave
    return x, t_x, age

"""What every provider that reaches a server must do, whatever it speaks (TELCO)."""

from odoo.addons.hcrm_core.providers.base import NotSent, Outgoing


class ProviderContract:
    """Mixin of a test case. The case says how to make a provider, how the far end
    behaves to an address (``ok``, ``bad``, ``busy``, ``dropped``), and what arrived.
    """

    allow_inherited_tests_method = True

    def make_provider(self, is_reachable=True):
        raise NotImplementedError

    def address(self, number):
        """An address of the channel, a different one per number."""
        raise NotImplementedError

    def set_mood(self, number, mood):
        raise NotImplementedError

    def arrived(self):
        """Uuids of what the far end has, as often as it has them."""
        raise NotImplementedError

    def _send(self, numbers, **kwargs):
        provider = self.make_provider(**kwargs)
        batch = [
            Outgoing(
                f"0000000{n}-0000-4000-8000-000000000000", self.address(n), "请带好证件"
            )
            for n in numbers
        ]
        try:
            return batch, provider.send(batch)
        finally:
            provider.close()

    def test_success(self):
        """Every message arrives once; results come in the order asked."""
        batch, results = self._send([1, 2, 3])
        self.assertEqual([r.state for r in results], ["accepted"] * 3)
        self.assertEqual([r.uuid for r in results], [m.uuid for m in batch])
        self.assertEqual(sorted(self.arrived()), [m.uuid for m in batch])

    def test_one_refusal_does_not_stop_the_rest(self):
        """A bad address is final, a busy far end is not; the next goes out."""
        self.set_mood(1, "bad")
        self.set_mood(2, "busy")
        batch, results = self._send([1, 2, 3])
        self.assertEqual([r.state for r in results], ["failed", "failed", "accepted"])
        self.assertIn(results[0].failure, ("address", "rejected"))
        self.assertIn(results[1].failure, ("server", "throttled", "later"))
        self.assertEqual(self.arrived(), [batch[2].uuid])

    def test_line_dead_after_it_was_taken(self):
        """Nobody knows whether it went out: that is said, not guessed."""
        self.set_mood(1, "dropped")
        batch, results = self._send([1])
        self.assertEqual(results[0].failure, "unknown")
        self.assertEqual(self.arrived(), [batch[0].uuid])

    def test_nothing_listens(self):
        """Where no connection comes about, nothing went out: that is certain."""
        with self.assertRaises(NotSent):
            self._send([1, 2], is_reachable=False)

    def test_reasons_carry_no_address(self):
        """What is kept of a refusal names nobody."""
        self.set_mood(1, "bad")
        _batch, results = self._send([1])
        self.assertNotIn(self.address(1), results[0].reason)

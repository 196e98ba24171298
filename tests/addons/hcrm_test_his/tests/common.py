from odoo.tests import TransactionCase

from odoo.addons.hcrm_core.tests.common import HcrmWorld


class HisCase(HcrmWorld, TransactionCase):
    """A HIS in this database with a few patients, and the source that reads it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._setup_world()
        cls.source = cls.env["hcrm.feed.source"].create(
            {
                "name": "HIS here",
                "kind": "odoo_local",
                "preset": "medical",
                "company_id": cls.company_a.id,
            }
        )
        cls.source.action_use_preset()
        cls.patients = cls._make_patients(3)

    @classmethod
    def _make_patients(cls, count, start=0):
        return cls.env["medical.patient"].create(
            [
                {
                    "name": f"Patient {number}",
                    "internal_identifier": f"PAC{number:06d}",
                    "gender": "female",
                    "birth_date": "1980-05-06",
                    "phone": f"139 1111 {number:04d}",
                    "street": "1 Long Road",
                    "city": "Shanghai",
                }
                for number in range(start, start + count)
            ]
        )

    @classmethod
    def _run(cls, mode="full"):
        run = cls.source._start_run(enqueue=False, mode=mode)
        run._run_now()
        assert run.state == "done", run.message
        return run

    def _later(self, *records):
        """As if some time had passed: what is written now is newer than what was."""
        self.env.flush_all()
        for record in records:
            self.env.cr.execute(
                f"UPDATE {record._table} SET write_date = write_date"
                " + interval '1 hour' WHERE id = ANY(%s)",
                (record.ids,),
            )
        self.env.invalidate_all()

    def _identity(self, record, res_type="Patient"):
        return self.env["hcrm.feed.identity"].search(
            [
                ("source_id", "=", self.source.id),
                ("res_type", "=", res_type),
                ("ext_id", "=", f"{record._name}-{record.id}"),
            ]
        )

    def _inbox(self):
        return self.env["hcrm.feed.inbox"].search([("source_id", "=", self.source.id)])

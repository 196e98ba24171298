from odoo.tests import tagged

from .test_feed_people_writer import PeopleWriterCase


class CustomFieldCase(PeopleWriterCase):
    @classmethod
    def _add_field(cls, **vals):
        """Add a field to contacts as an administrator does, by the settings alone."""
        return cls.env["ir.model.fields"].create(
            {
                "model_id": cls.env.ref("base.model_res_partner").id,
                "state": "manual",
                "ttype": "char",
                **vals,
            }
        )


@tagged("post_install", "-at_install")
class TestFeedCustomField(CustomFieldCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.field = cls._add_field(name="x_parking", field_description="Parking")

    def test_field_and_rule_without_code(self):
        """F80: the value outlives the feed, which goes on writing in sets."""
        person = self._person("a", city="上海")
        person.x_parking = "P3"
        written = self._write(self._row("a", res_id=person.id, city="北京"))
        self.assertEqual((written.path, written.changed), ("sql", {"a"}))
        self.assertRecordValues(person, [{"city": "北京", "x_parking": "P3"}])

        Partner = self._as("front_desk")["res.partner"]
        self.env["ir.rule"].create(
            {
                "name": "Parking P3: nobody",
                "model_id": self.field.model_id.id,
                "domain_force": "[('x_parking', '!=', 'P3')]",
            }
        )
        self.assertFalse(Partner.search([("id", "=", person.id)]))
        written = self._write(self._row("a", res_id=person.id, city="天津"))
        self.assertEqual((written.path, person.city), ("sql", "天津"))
        self.assertEqual(person.x_parking, "P3")

    def test_no_addon_owns_the_field(self):
        """F80: an update of an addon removes only what the addon has brought."""
        owners = self.env["ir.model.data"].search(
            [("model", "=", "ir.model.fields"), ("res_id", "=", self.field.id)]
        )
        self.assertFalse(owners)


@tagged("post_install", "-at_install")
class TestFeedCustomCompute(CustomFieldCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._add_field(
            name="x_where",
            field_description="Where",
            store=True,
            depends="city",
            compute="for partner in self: partner['x_where'] = partner.city",
        )

    def test_stored_compute_goes_by_the_orm(self):
        """F80: sets would pass it by, so the page takes the slow way and says why."""
        written = self._write(self._row("a", city="上海"))
        self.assertEqual(written.path, "orm")
        self.assertIn("x_where", written.reason)
        person = self.env["res.partner"].browse(written.ids["a"])
        self.assertEqual(person.x_where, "上海")

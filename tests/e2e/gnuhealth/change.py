"""A day in the GNU Health that seed.py filled: changes, deletions and a merge.

Runs like seed.py: ``python change.py DATABASE MADE``, with the line that it printed.
"""

import json
import sys

from proteus import Model, Wizard, config
from trytond.exceptions import UserWarning as TrytonWarning


def get(name):
    return Model.get(name)


def main(database, made):
    config.set_trytond(database=database, user="admin")
    made = json.loads(made)
    parties = [get("party.party")(party) for party in made["parties"]]
    patients = [get("gnuhealth.patient")(patient) for patient in made["patients"]]
    change_people(parties)
    change_visits(made)
    delete(made, patients)
    merge(parties[11], parties[7])


def change_people(parties):
    """A phone alone, a name alone, a contact taken away on the form, a death."""
    # the row alone: no stamp of the person or the patient moves
    mobile = parties[1].contact_mechanisms[0]
    mobile.value = "+86 139 1675 9999"
    mobile.save()
    parties[3].lastname = "Betz-Cordara"
    parties[3].save()
    emergency = next(one for one in parties[3].contact_mechanisms if one.emergency)
    parties[3].contact_mechanisms.remove(emergency)
    parties[3].save()
    parties[10].deceased = True
    parties[10].save()


def change_visits(made):
    """A slot set free, a stay ended, a bed cleaned after an earlier discharge."""
    slot = get("gnuhealth.appointment")(made["appointments"]["confirmed"])
    slot.state = "free"
    slot.patient = None
    slot.save()
    stay = get("gnuhealth.inpatient.registration")(made["stays"]["hospitalized"])
    stay.discharge_reason = "home"
    stay.discharge_dx = stay.admission_reason
    stay.save()
    stay.click("discharge")
    get("gnuhealth.inpatient.registration")(made["stays"]["done"]).click("bedclean")


def delete(made, patients):
    """Rows that leave no trace: an appointment, a disease, a patient."""
    get("gnuhealth.appointment")(made["appointments"]["no_show"]).delete()
    diseases = get("gnuhealth.patient.disease").find(
        [("patient", "=", patients[4].id), ("is_allergy", "=", False)]
    )
    diseases[0].delete()
    patients[9].delete()


def merge(source, destination):
    """The same person twice, put together by GNU Health's own wizard."""
    wizard = Wizard("party.replace", [source])
    wizard.form.source = source
    wizard.form.destination = destination
    try:
        wizard.execute("replace")
    except TrytonWarning as warning:  # they are not alike: said so, and yes
        user = config.get_config().user
        get("res.user.warning")(user=user, name=warning.name, always=True).save()
        wizard.execute("replace")


if __name__ == "__main__":
    main(*sys.argv[1:])

from odoo import fields, models


class HcrmRule(models.Model):
    """What a rule does, as one sentence that anybody can check."""

    _inherit = "hcrm.rule"

    sentence = fields.Char("In Words", compute="_compute_sentence")
    show_anchor = fields.Boolean(compute="_compute_show_anchor")

    def _compute_show_anchor(self):
        """Whether the event has a beginning of its own to count from."""
        for rule in self:
            model = rule._fact()[0] if rule.event_kind_id else None
            rule.show_anchor = model == "hcrm.appointment"

    def _compute_sentence(self):
        for rule in self:
            rule.sentence = rule._say()

    def _say(self):
        parts = [
            self._say_when(),
            self.env._("for %s", self._say_who()),
            self.env._("then %s", self._say_what()),
        ]
        parts += filter(None, [self._say_delay(), self._say_often()])
        sentence = ", ".join(parts) + "."
        if self.stale_hours:
            sentence += " " + self.env._(
                "Dropped when it is more than %s hours late.", self.stale_hours
            )
        return sentence

    def _say_when(self):
        if self.trigger == "event":
            text = self.env._("When this happens: “%s”", self.event_kind_id.name or "…")
            names = self.sudo().department_ids.mapped("display_name")
            if names:
                text += " " + self.env._("(%s)", ", ".join(names))
            return text
        if self.trigger == "birthday":
            return self.env._("When a birthday comes")
        if self.trigger == "weekly":
            days = dict(self._fields["weekday"]._description_selection(self.env))
            return self.env._("Every week on %s", days.get(self.weekday, "…"))
        if self.trigger == "monthly":
            return self.env._("Every month on day %s", self.month_day)
        return self.env._("Every day")

    def _say_who(self):
        Why = self.env["hcrm.rule.why"]
        try:
            who = self._say_choices()
            parts = [Why._text(part) for part in self._parts(self._own_domain())]
        except (ValueError, SyntaxError):
            return self.env._("people of a condition that cannot be read")
        # sudo: the name of a condition is no secret
        who += [f"“{name}”" for name in self.sudo().condition_ids.mapped("name")]
        who += parts
        if not who:
            return self.env._("everybody")
        return self.env._("people: %s", self.env._(" and ").join(who))

    def _say_choices(self):
        rule, texts = self.sudo(), []
        if rule.gender:
            labels = rule._fields["gender"]._description_selection(self.env)
            texts.append(dict(labels)[rule.gender].lower())
        if rule.age_from and rule.age_to:
            texts.append(
                self.env._(
                    "aged %(first)s to %(last)s", first=rule.age_from, last=rule.age_to
                )
            )
        elif rule.age_from:
            texts.append(self.env._("aged %s or older", rule.age_from))
        elif rule.age_to:
            texts.append(self.env._("aged %s or younger", rule.age_to))
        for name in ("class_ids", "chronic_group_ids"):
            if rule[name]:
                names = rule[name].with_env(self.env).sudo().mapped("display_name")
                texts.append(self.env._(" or ").join(names))
        return texts

    def _say_what(self):
        if self.action_type == "task":
            return self.env._(
                "open the task “%(name)s” for %(who)s",
                name=self.task_name or self.task_kind_id.name or self.name or "…",
                who=self._say_task_to(),
            )
        if self.action_type == "message":
            channels = dict(self._fields["channel"]._description_selection(self.env))
            purposes = dict(self._fields["purpose"]._description_selection(self.env))
            return self.env._(
                "send by %(channel)s (%(purpose)s): “%(text)s”",
                channel=channels.get(self.channel, "…").lower(),
                purpose=purposes.get(self.purpose, "…").lower(),
                text=(self.body or "…")[:60],
            )
        if self.action_type == "event":
            return self.env._("record “%s”", self.next_kind_id.name or "…")
        labels = self._fields["action_type"]._description_selection(self.env)
        return dict(labels).get(self.action_type, "…").lower()

    def _say_task_to(self):
        # sudo: names of roles
        if self.task_to == "group":
            return _bare(self.task_group_id.sudo().name) or "…"
        if self.task_to == "user":
            return self.task_user_id.name or "…"
        if self.task_to == "owner":
            return self.env._("who looks after the person")
        name = _bare(self.task_kind_id.group_id.sudo().name)
        return name or self.env._("whoever is free")

    def _say_delay(self):
        words = {
            ("hours", True): self.env._("1 hour"),
            ("hours", False): self.env._("%s hours", self.delay),
            ("days", True): self.env._("1 day"),
            ("days", False): self.env._("%s days", self.delay),
            ("workdays", True): self.env._("1 working day"),
            ("workdays", False): self.env._("%s working days", self.delay),
        }
        length = words[self.delay_unit, self.delay == 1]
        if not self.delay:
            when = self.env._("at once")
            if self.delay_unit == "workdays":
                when = self.env._("on the next working day at the latest")
            elif self.trigger != "event" or self.hour_mode == "fixed":
                when = self.env._("on the same day")
        elif self.delay_direction == "before":
            when = self.env._("%s before", length)
        else:
            when = self.env._("%s later", length)
        if self.trigger == "event" and self.anchor == "start":
            when += " " + self.env._("(counted from the appointment)")
        if self.hour_mode == "fixed":
            clock = f"{int(self.hour):02d}:{round(self.hour % 1 * 60):02d}"
            when = self.env._("%(when)s at %(clock)s", when=when, clock=clock)
        return when

    def _say_often(self):
        often = (
            self.env._("at most once in %s days", self.repeat_days)
            if self.repeat_days
            else ""
        )
        if self.date_until:
            until = self.env._("until %s", self.date_until)
            return f"{often}, {until}" if often else until
        return often


def _bare(name):
    """A role without the word before its name."""
    return (name or "").rpartition(": ")[2]

"""People in the admin, with help for who has lost app and codes; the secrets are shown nowhere."""

from __future__ import annotations

from typing import cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from humaneval.account import factors
from humaneval.teams import people
from humaneval.ui.admin import action, register

for _model in (StaticDevice, TOTPDevice, User):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)


@register(User)
class UserAdmin(people.UserAdmin):
    """People who may sign in."""

    actions = ("switch_factor_off",)

    @action(description=_("Switch the second factor off"), permissions=("change",))
    def switch_factor_off(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Let the chosen people sign in with their passwords alone, until they set a factor up anew."""
        chosen = [person for person in queryset if factors.has_factor(person)]
        for person in chosen:
            factors.remove(person, by=cast(User, request.user))
        text = ngettext(
            "The second factor of %(n)d person is off.",
            "The second factors of %(n)d people are off.",
            len(chosen),
        )
        messages.info(request, text % {"n": len(chosen)})

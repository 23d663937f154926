"""Name, colours and navigation of the admin; settings import ``UNFOLD``, so nothing here needs Django."""

from __future__ import annotations

from typing import Any

from django.templatetags.static import static
from django.urls import reverse
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

NAME = _("Human evaluation")

_static = lazy(static, str)

# Ink blue. Step 600 carries white text at 5.9:1, step 500 carries it at 4.6:1 (WCAG AA asks for 4.5:1).
_PRIMARY = {
    "50": "oklch(97.4% .012 250)",
    "100": "oklch(94.2% .026 250)",
    "200": "oklch(89.0% .050 250)",
    "300": "oklch(81.5% .084 250)",
    "400": "oklch(71.5% .118 250)",
    "500": "oklch(56.0% .132 252)",
    "600": "oklch(49.5% .128 254)",
    "700": "oklch(43.5% .114 255)",
    "800": "oklch(37.5% .094 256)",
    "900": "oklch(31.5% .072 257)",
    "950": "oklch(23.5% .050 258)",
}

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": NAME,
    "SITE_HEADER": NAME,
    "SITE_SUBHEADER": _("of generative image models"),
    "SITE_SYMBOL": "compare",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: _static("styles/favicon.svg")}
    ],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": True,
    "STYLES": [lambda request: _static("styles/admin.css")],
    "BORDER_RADIUS": "6px",
    "COLORS": {"primary": _PRIMARY},
    "ACCOUNT": {
        "navigation": [{"title": _("Second factor"), "link": lazy(reverse, str)("account:security")}],
    },
    "SIDEBAR": {
        "show_search": True,
        "show_all_applications": False,
        "navigation": "humaneval.ui.navigation.sidebar",
    },
}

"""Static files while two releases serve side by side: a page of one may ask a server of the other."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile


class StaticFilesMiddleware(WhiteNoiseMiddleware):
    """Whitenoise, with this release's file where another release's name for it is asked for.

    Names carry a hash of the contents, so a server knows those of its own release only. While servers are
    replaced one by one, half the requests of a page would meet one that answers 404, and a rater would see
    nothing. The file that it has under the same plain name works for one release before and after, like its
    tables; nobody may keep it under the name that is not its own.
    """

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with a file, or let the rest of the platform answer."""
        response: HttpResponseBase = super().__call__(request)
        if response.status_code == 404 and (ours := self._of_this_release(request.path_info)):
            response = self.serve(ours, request)
            response["Cache-Control"] = "no-store"
        return response

    def _of_this_release(self, path: str) -> StaticFile | None:
        """Return the file whose plain name an address bears, with whatever hash; None for anything else."""
        if not path.startswith(self.static_prefix):
            return None
        name = path.removeprefix(self.static_prefix)
        plain = self.get_name_without_hash(name)
        address = self.get_static_url(plain) if plain != name else None
        return self.files.get(address)

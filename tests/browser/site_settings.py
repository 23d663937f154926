"""The platform's settings for the server that browsers visit: no limit on arrivals from one address."""

from humaneval.config.settings import *  # noqa: F403

REST_FRAMEWORK = {
    **REST_FRAMEWORK,  # noqa: F405
    "DEFAULT_THROTTLE_RATES": dict.fromkeys(REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], "10000/min"),  # noqa: F405
}

# The tests make the researcher's account, with the hasher that they use.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

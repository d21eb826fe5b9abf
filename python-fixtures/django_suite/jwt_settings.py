"""django-session-jwt's own settings for its tests, on a database that another process can open too."""

from django_session_jwt.settings import *  # noqa: F403
from suite_settings import CACHES, DATABASES, DEFAULT_AUTO_FIELD, PASSWORD_HASHERS  # noqa: F401

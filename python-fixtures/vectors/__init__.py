"""Golden vectors: what real Django, PyJWT and django-session-jwt answer, one topic a module."""

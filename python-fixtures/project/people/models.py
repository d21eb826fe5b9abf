from uuid import uuid4

from django.contrib.auth.models import AbstractUser
from django.db import models


class Person(AbstractUser):
    """A user model of the site's own, with a UUID as its key; used where AUTH_USER_MODEL says so."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)

"""User models of every kind that sites have: names, keys, tables and fields."""

import uuid

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import connection, models


class Login(AbstractBaseUser):
    """What all of them have."""

    username = models.CharField(max_length=150, unique=True)
    is_active = models.BooleanField(default=True)

    objects = BaseUserManager()
    USERNAME_FIELD = "username"

    class Meta:
        abstract = True


class Company(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)


class Member(Login):
    """The table of an app whose label has capitals."""


class EveryKind(models.Model):
    """One field of each kind."""

    maybe = models.BooleanField(null=True)
    small = models.SmallIntegerField(default=-3)
    whole = models.IntegerField(default=7)
    big = models.BigIntegerField(default=2**53 + 1)
    positive = models.PositiveBigIntegerField(default=2**53 - 1)
    ratio = models.FloatField(default=2.0)
    price = models.DecimalField(max_digits=12, decimal_places=3, default="12.500")
    tiny = models.DecimalField(max_digits=20, decimal_places=10, default="0.0000001")
    day = models.DateField(null=True)
    at = models.DateTimeField(null=True)
    hour = models.TimeField(null=True)
    noon = models.TimeField(null=True)
    length = models.DurationField(null=True)
    back = models.DurationField(null=True)
    settings = models.JSONField(default=dict)
    nothing = models.JSONField(null=True)
    token = models.UUIDField(null=True)
    picture = models.BinaryField(null=True)
    photo = models.FileField(upload_to="photos", default="")
    address = models.GenericIPAddressField(null=True)
    address6 = models.GenericIPAddressField(null=True)
    site = models.URLField(default="https://example.com/ä?b=é")
    notes = models.TextField(default="f")
    slug = models.SlugField(default="0")
    hexadecimal = models.CharField(max_length=32, default="0f1e2d3c4b5a46978877665544332211")

    class Meta:
        abstract = True


class ByColumns(Login, EveryKind):
    """Columns named as Django names them."""


class Everything(AbstractBaseUser, EveryKind):
    """Names of columns that are none of Django's."""

    number = models.BigAutoField(primary_key=True, db_column="member no")
    username = models.CharField(max_length=150, db_column="login")
    password = models.CharField(max_length=128, db_column="pass.word")
    is_active = models.BooleanField(default=True, db_column="enabled")
    is_staff = models.BooleanField(default=False, db_column="is_superuser")
    last_login = models.DateTimeField(null=True, db_column="seen?")
    company = models.ForeignKey(Company, null=True, on_delete=models.CASCADE, db_column="firm")
    friend = models.ForeignKey(Member, null=True, on_delete=models.CASCADE)

    objects = BaseUserManager()
    USERNAME_FIELD = "username"


if connection.vendor == "postgresql":
    from django.contrib.postgres.fields import ArrayField

    class WithArrays(Login):
        tags = ArrayField(models.CharField(max_length=20), default=list)
        counts = ArrayField(models.BigIntegerField(null=True), default=list)
        grid = ArrayField(ArrayField(models.BooleanField()), default=list)
        days = ArrayField(models.DateField(), default=list)
        prices = ArrayField(models.DecimalField(max_digits=6, decimal_places=2), default=list)
        tokens = ArrayField(models.UUIDField(), default=list)

    class InSchema(Login):
        class Meta:
            db_table = '"Other Schema"."Dotted.Table"'

    class InSchemaByTrick(Login):
        class Meta:
            db_table = 'Other Schema"."members'


class Base(Login):
    """The head of a chain of tables."""

    email = models.EmailField(default="ada@example.com")


class Customer(Base):
    discount = models.DecimalField(max_digits=5, decimal_places=2, default="1.50")


class Premium(Customer):
    since = models.DateField(null=True)


class Linked(models.Model):
    """A parent that is no user, behind a link with a name of the site's own."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    is_staff = models.BooleanField(default=True)


class TwoParents(Login, Linked):
    link = models.OneToOneField(Linked, parent_link=True, primary_key=True, on_delete=models.CASCADE, db_column="linked no")


class AlwaysActive(AbstractBaseUser):
    """No field `is_active`, as in AbstractBaseUser itself."""

    username = models.CharField(max_length=150)

    objects = BaseUserManager()
    USERNAME_FIELD = "username"


class MaybeActive(AbstractBaseUser):
    username = models.CharField(max_length=150)
    is_active = models.BooleanField(null=True)

    objects = BaseUserManager()
    USERNAME_FIELD = "username"


class AutoKey(Login):
    id = models.AutoField(primary_key=True)


class BigKey(Login):
    id = models.BigIntegerField(primary_key=True)


class UuidKey(Login):
    id = models.UUIDField(primary_key=True)


class HexKey(Login):
    id = models.CharField(primary_key=True, max_length=32)


class CharKey(Login):
    id = models.CharField(primary_key=True, max_length=40)


class SlugKey(Login):
    slug = models.SlugField(primary_key=True)


class EmailKey(Login):
    email = models.EmailField(primary_key=True)


class DecimalKey(Login):
    id = models.DecimalField(primary_key=True, max_digits=8, decimal_places=2)


class ProxyOfUuid(UuidKey):
    class Meta:
        proxy = True


class Spaced(Login):
    class Meta:
        db_table = "table of members-2"


class Dotted(Login):
    class Meta:
        db_table = '"dotted.members"' if connection.vendor != "mysql" else "`dotted members`"


class ANameThatIsLongerThanAnyNameOfATableMayBeInPostgresqlOrInMysqlOrElsewhere(Login):
    pass


class PlainlyDotted(Login):
    class Meta:
        db_table = "plainly.dotted" if connection.vendor != "mysql" else "plainly-dotted"


class Reserved(Login):
    order = models.IntegerField(default=1, db_column="order")

    class Meta:
        db_table = "select"

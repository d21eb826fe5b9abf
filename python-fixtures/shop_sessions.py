"""A session engine of a site's own, as Django's documentation has it: another class, another place in the cache."""

from django.contrib.sessions.backends.cached_db import SessionStore as CachedDBStore


class ShopStore(CachedDBStore):
    cache_key_prefix = "shop.sessions."


SessionStore = ShopStore

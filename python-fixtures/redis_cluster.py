"""How sites have django-redis talk to a Redis Cluster: a connection factory of their own."""

from urllib.parse import urlparse

from django_redis.pool import ConnectionFactory
from redis.cluster import RedisCluster


class ClusterConnectionFactory(ConnectionFactory):
    clusters = {}

    def connect(self, url):
        if url not in self.clusters:
            place = urlparse(url)
            self.clusters[url] = RedisCluster(host=place.hostname, port=place.port)
        return self.clusters[url]

    def disconnect(self, connection):
        connection.close()

"""Private servers: a PostgreSQL and a RabbitMQ of one folder's own, on loopback, for trying and testing.

Both are started without the system's services and keep everything in their folder. Nobody else's server is touched.
"""

from services.cli.servers.postgres import PrivatePostgreSQL
from services.cli.servers.rabbitmq import PrivateRabbitMQ
from services.cli.servers.support import ServerFailed, ServerMissing

__all__ = ["PrivatePostgreSQL", "PrivateRabbitMQ", "ServerFailed", "ServerMissing"]

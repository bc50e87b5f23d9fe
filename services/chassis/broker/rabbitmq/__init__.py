"""RabbitMQ behind the broker port. No other package imports aio_pika or aiormq."""

from services.chassis.broker.rabbitmq.broker import RabbitMQBroker
from services.chassis.broker.rabbitmq.connection import RabbitMQSettings

__all__ = ["RabbitMQBroker", "RabbitMQSettings"]

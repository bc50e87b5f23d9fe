"""The message broker port, its topology, and two implementations: in this process, and RabbitMQ."""

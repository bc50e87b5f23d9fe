"""The floor: the journey of a bed with nothing but aiohttp, asyncpg and aio-pika, at the same durability."""

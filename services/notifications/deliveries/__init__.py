"""Deliveries: what carriers have in common. Lanes are in memory, rounds are transactions, the desk runs both."""

"""Shelters: providers, facilities, units, and which of them are free. What is known of people here is that they come."""

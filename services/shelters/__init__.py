"""Shelters: providers, facilities, units, and which of them are free. Of people it knows only that they come."""

"""Notifications: the inbox of each recipient, and the live stream that shows it. Nothing but ids and kinds."""

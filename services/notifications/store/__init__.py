"""The notifications' facts in their database."""

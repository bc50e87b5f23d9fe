"""The municipalities' facts in their database."""

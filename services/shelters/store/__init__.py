"""The shelters' facts in their database."""

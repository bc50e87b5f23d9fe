"""What the token endpoint does: load, decide, save."""

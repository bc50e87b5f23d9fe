"""What the registry does: each handler loads, lets the rules decide, saves, and records what happened."""

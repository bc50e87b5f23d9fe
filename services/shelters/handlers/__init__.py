"""What the shelters' service does: each handler loads, lets the rules decide, saves, and records what happened."""

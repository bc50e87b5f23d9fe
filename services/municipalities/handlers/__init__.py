"""What the municipalities' service does: load, let the rules decide, save, and record what happened."""

"""What the notifications do: each handler loads, lets the rules decide, saves, and tells whom it concerns."""

"""What every service stands on; it holds no word of the domain."""

"""Who is next: the rules, pure. No clock, no database, no wire format."""

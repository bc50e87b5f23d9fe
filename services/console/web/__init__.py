"""What every page has in common: who looks, in which language, and how it is answered."""

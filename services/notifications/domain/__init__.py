"""The rules of telling somebody: what an attempt led to, what follows from it, and what a subscription selects."""

"""The shelters' rules: pure, with time and ids as arguments."""
